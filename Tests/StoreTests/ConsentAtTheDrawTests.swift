import Foundation
import Postgres
import Support
import Testing
import Texting

@testable import Store

/// UK: no consent record, no text; US: one recorded human act a text, unless paced mode is allowed.
@Suite(.freshDatabase) struct ConsentAtTheDrawTests {
    private static let british = "+447400123456"

    /// A town whose list has one British number, with or without words and a day of consent.
    private func town(
        _ mode: CampaignMode, wording: String = "", givenAt: Date? = nil
    ) async throws -> Town {
        let town = try await Town(mode: mode)
        _ = try await Organisations(database: town.database).setCountries(
            ["GB", "US"], reason: "an office in Cardiff", organisation: town.organisation.id)
        try await town.add("First Name,Cell\nSian,\(Self.british)\n")
        try await town.database.execute(
            "UPDATE consent SET wording = \(wording), given_at = \(givenAt)")
        try await town.launchAccepting(["missing_fields", "no_consent_record"])
        return town
    }

    private func verdicts(_ town: Town) async throws -> [String] {
        try await town.database.rows(
            "SELECT verdict || ' ' || coalesce(reason, '') FROM attempt ORDER BY message_id"
        ) { try $0.value(0) as String }
    }

    @Test(arguments: [("", nil), ("Yes, text me", nil), ("", -10.0), ("Yes, text me", 10.0)])
    func `without the words and a day before now the draw closes the text`(
        wording: String, days: Double?
    ) async throws {
        let town = try await town(
            .paced, wording: wording, givenAt: days.map { Date().addingTimeInterval($0 * 86_400) })

        let drawn = try await town.drawPaced(10)

        #expect((drawn.queued, drawn.suppressed) == (0, 1))
        #expect(try await verdicts(town) == ["2 no_consent"])
        #expect(try await town.count("SELECT count(*) FROM outbox") == 0)
        #expect(try await town.count("SELECT count(*) FROM message WHERE body <> ''") == 0)
    }

    @Test func `with words and a day the same person is texted`() async throws {
        let town = try await town(
            .paced, wording: "Yes, text me", givenAt: Date().addingTimeInterval(-86_400))

        #expect(try await town.drawPaced(10).queued == 1)
        #expect(try await town.count("SELECT count(*) FROM outbox") == 1)
    }

    @Test func `no press helps: a texter is never shown who has no consent record`() async throws {
        let town = try await town(.hand)

        let leases = try await town.draw.lease(
            organisation: town.organisation.id, campaign: town.campaign.id, member: UUID.v7(),
            windows: Town.always)

        #expect(leases.isEmpty)
        #expect(try await verdicts(town) == ["2 no_consent"])
        #expect(try await town.count("SELECT count(*) FROM outbox") == 0)
    }

    @Test func `a consent that vanished between lease and press makes no text`() async throws {
        let town = try await town(
            .hand, wording: "Yes", givenAt: Date().addingTimeInterval(-86_400))
        let member = UUID.v7()
        let lease = try #require(
            try await town.draw.lease(
                organisation: town.organisation.id, campaign: town.campaign.id, member: member,
                windows: Town.always
            ).first)
        try await town.database.execute("UPDATE consent SET wording = ''")

        let result = try await town.draw.tap(
            Tap(
                message: lease.message, key: lease.key, member: member,
                scriptVersion: lease.scriptVersion),
            organisation: town.organisation.id, windows: Town.always)

        #expect(result != .sent)
        #expect(try await verdicts(town) == ["2 no_consent"])
    }

    @Test func `permission for paced mode taken back stops a campaign that runs, and is logged`()
        async throws
    {
        let town = try await Town(mode: .paced)
        try await town.add(Town.list(5))
        try await town.launch()
        #expect(try await town.drawPaced(2).queued == 2)
        let organisations = Organisations(database: town.database)

        _ = try await organisations.allowPaced(
            false, reason: "counsel says so", organisation: town.organisation.id)
        #expect(try await town.drawPaced(2).rest == .halted)
        _ = try await organisations.allowPaced(
            true, reason: "counsel has looked again", organisation: town.organisation.id)
        #expect(try await town.drawPaced(2).queued == 2)

        let lines = try await town.database.rows(
            """
            SELECT entry::jsonb #>> '{details,old}' || '>' || (entry::jsonb #>> '{details,new}')
                || ' ' || (entry::jsonb #>> '{details,reason}')
            FROM ledger WHERE entry::jsonb #>> '{details,setting}' = 'paced_allowed' ORDER BY seq
            """
        ) { try $0.value(0) as String }
        #expect(
            lines == [
                "true>false counsel says so", "false>true counsel has looked again",
            ])
    }

    @Test func `every text of hand mode has one act and one texter behind it`() async throws {
        let town = try await Town(mode: .hand)
        try await town.add(Town.list(5))
        try await town.launch()
        #expect(try await town.drawPaced(10).rest == .halted)
        let member = UUID.v7()
        for lease in try await town.draw.lease(
            organisation: town.organisation.id, campaign: town.campaign.id, member: member,
            count: 4, windows: Town.always)
        {
            let result = try await town.draw.tap(
                Tap(
                    message: lease.message, key: lease.key, member: member,
                    scriptVersion: lease.scriptVersion),
                organisation: town.organisation.id, windows: Town.always)
            #expect(result == .sent)
        }
        #expect(
            try await town.count(
                """
                SELECT count(DISTINCT act) FROM message WHERE kind = 1 AND act IS NOT NULL
                    AND author_id = \(member)
                """) == 4)
        // The worker's draw leaves the fifth to a person's press.
        #expect(try await town.drawPaced(10).queued == 0)
    }

    @Test func `strict sales mode narrows hours and cap, for the draw and for the worker`()
        async throws
    {
        let town = try await Town(mode: .paced)
        let organisations = Organisations(database: town.database)
        _ = try await organisations.setFrequencyCap(
            8, reason: "a longer talk", organisation: town.organisation.id)
        // A Sunday noon in Kansas: open by our own hours, closed by Alabama's sales law.
        let sunday = try Date("2026-11-29T18:00:00Z", strategy: .iso8601)
        func isOpen() async throws -> Bool {
            let house = try await organisations.read(town.organisation.id)
            return CampaignRules(house, town.campaign)
                .window(zones: ["America/Chicago"], at: sunday)?.contains(sunday.second) ?? false
        }
        #expect(try await isOpen())
        _ = try await organisations.setStrictSales(
            true, reason: "we sell shirts", organisation: town.organisation.id)

        #expect(try await !isOpen())
        let facts = try #require(
            try await WorkerFacts(database: town.database).organisations().first)
        #expect(facts.frequencyCap == 3)
        #expect(
            HoursBook().window(
                zones: "America/Chicago", rules: .init(facts, nil), at: sunday)?
                .contains(sunday.second) != true)
        #expect(
            try await town.count(
                """
                SELECT count(*) FROM ledger
                WHERE entry::jsonb #>> '{details,setting}' IN ('strict_sales', 'frequency_cap')
                """) == 2)
    }

    @Test func `an imprint that the profile asks for is a finding until the script carries it`()
        async throws
    {
        let town = try await Town(mode: .paced)
        try await town.add(Town.list(2))
        let organisations = Organisations(database: town.database)
        func finds() async throws -> Bool {
            try await Preflight(database: town.database).review(
                campaign: town.campaign.id, organisation: town.organisation.id
            ).contains { $0.name == "no_imprint" }
        }
        #expect(try await !finds())
        _ = try await organisations.setImprint(
            "Promoted by A. Example, 1 High Street, Cardiff", reason: "election",
            organisation: town.organisation.id)
        #expect(try await finds())
        _ = try await organisations.setImprint(
            "Rowan with Acme", reason: "what the script says", organisation: town.organisation.id)
        #expect(try await !finds())
        _ = try await organisations.setImprint(
            nil, reason: "the election is over", organisation: town.organisation.id)
        #expect(try await organisations.read(town.organisation.id).imprint == nil)
    }
}

extension Town {
    fileprivate func launchAccepting(_ names: Set<String>) async throws {
        let launch = try await campaigns.launch(
            campaign.id, organisation: organisation.id, accepting: names)
        guard case .launched = launch else { throw InvalidInput("not launched: \(launch)") }
    }
}
