import ArgumentParser
import Foundation
import Postgres
import Store

extension CampaignCommand {
    struct EstimateList: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "estimate",
            abstract: "Count what a list comes to: segments, price, finishing time.",
            discussion: """
                Counts the whole list with the functions that send, unless it is counted already. \
                The finishing time is what it would be if the campaign were launched now and nobody \
                paused it.
                """)

        @OptionGroup var target: CampaignArgument

        func run() async throws {
            let context = try await CommandContext(target.common)
            let result = try await context.withDatabase { database in
                let organisation = try await target.tenant.find(in: database)
                let campaign = try await Campaigns(database: database).find(
                    target.campaign, organisation: organisation.id)
                return try await Self.count(campaign, Estimates(database: database), database)
            }
            try context.output.print(result, result.sentence)
        }

        private static func count(
            _ campaign: Campaign, _ estimates: Estimates, _ database: Database
        ) async throws -> Report {
            let house = campaign.organisation
            func counted() async throws -> Estimate? {
                try await estimates.current(campaign.id, organisation: house)?.result
            }
            if try await counted() == nil {
                try await estimates.count(campaign.id, organisation: house)
            }
            guard let estimate = try await counted(),
                let draft = try await CampaignDrafts(database: database).find(
                    campaign.id, organisation: house)
            else {
                throw CommandFailure.badData(
                    "\(campaign.name) has no list or no script yet; there is nothing to count.")
            }
            return Report(
                campaign, estimate, try await estimates.forecast(draft))
        }
    }

    /// What a list comes to.
    private struct Report: Encodable, Sendable {
        var campaign: String
        /// Who will be texted; `closed` never will be.
        var people: Int
        var closed: Int
        var segments: Int
        /// Texts by length, from one segment on.
        var bySegments: [Int]
        var unicode: Int
        var price: Double
        /// Nil: nobody can be texted at any time, or no number has a rate.
        var startsAt: Date?
        var endsAt: Date?
        var late: Int?

        init(_ campaign: Campaign, _ estimate: Estimate, _ forecast: Forecast?) {
            self.campaign = campaign.name
            people = estimate.people
            closed = estimate.closed
            segments = estimate.segments
            bySegments = estimate.bySegments
            unicode = estimate.unicode
            price = Double(estimate.segments * campaign.priceMicros) / 1_000_000
            startsAt = forecast?.startsAt
            endsAt = forecast?.endsAt
            late = forecast?.late
        }

        var sentence: String {
            let end =
                endsAt.map { "done at \($0.formatted(Output.instant)) if launched now" }
                ?? "no hour or no number to text from"
            return "\(campaign): \(people) people, \(segments) segments, price "
                + String(format: "%.2f", price) + "; \(end)."
        }
    }
}
