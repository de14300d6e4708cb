import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// What stands in the way of a launch.
@Suite(.freshDatabase) struct PreflightTests {
    @Test func `a complete campaign has no findings and launches`() async throws {
        let town = try await Town()
        try await town.add(Town.list(5))

        #expect(try await findings(town) == [])
        try await town.launch()
        #expect(
            try await town.campaigns.find("Vote", organisation: town.organisation.id).state == .live
        )
    }

    @Test func `an empty list blocks, whatever is accepted`() async throws {
        let town = try await Town()

        let launch = try await town.campaigns.launch(
            town.campaign.id, organisation: town.organisation.id, accepting: ["no_recipients"])

        guard case .refused(let open) = launch else {
            Issue.record("launched")
            return
        }
        #expect(open.map(\.name) == ["no_recipients"])
        #expect(
            try await town.campaigns.find("Vote", organisation: town.organisation.id).state
                == .draft)
    }

    @Test func `words that are missing may be accepted, which the ledger keeps`() async throws {
        let town = try await Town()
        try await town.add(Town.list(5))
        _ = try await town.campaigns.addScript(
            "Hello {nickname}", to: town.campaign.id, organisation: town.organisation.id)

        let names = Set(try await findings(town))
        #expect(names == ["no_opt_out_words", "no_sender_name", "missing_fields"])
        let refused = try await town.campaigns.launch(
            town.campaign.id, organisation: town.organisation.id, accepting: ["missing_fields"])
        guard case .refused(let open) = refused else {
            Issue.record("launched")
            return
        }
        #expect(Set(open.map(\.name)) == ["no_opt_out_words", "no_sender_name"])

        _ = try await town.campaigns.launch(
            town.campaign.id, organisation: town.organisation.id, accepting: names)

        let lines = try await town.count(
            """
            SELECT count(*) FROM ledger WHERE kind = 'setting'
                AND entry::jsonb->'details'->>'accepted'
                    = 'missing_fields,no_opt_out_words,no_sender_name'
            """)
        #expect(lines == 1)
    }

    @Test func `numbers, registrations and hours are looked at`() async throws {
        let town = try await Town(senders: 1)
        try await town.add(Town.list(40))
        try await town.database.execute(
            "UPDATE sender SET registration_expires_at = now() - interval '1 day'")
        #expect(try await findings(town) == ["registration_expired"])

        try await town.database.execute("UPDATE sender SET retired_at = now()")
        #expect(try await findings(town) == ["no_sender"])

        try await town.database.execute(
            "UPDATE sender SET retired_at = NULL, registration_expires_at = NULL")
        try await town.database.execute(
            "UPDATE campaign SET opens_minute = 300, closes_minute = 310")
        #expect(try await findings(town) == ["hours_impossible"])
    }

    @Test func `people of another live campaign and a small ceiling are told`() async throws {
        let town = try await Town()
        try await town.add(Town.list(5))
        try await town.launch()
        var new = NewCampaign(name: "Second")
        new.script = Town.script
        new.priceMicros = 10_000
        new.spendCeilingMicros = 20_000
        let second = try await town.campaigns.create(new, organisation: town.organisation.id)
        try await withFile(Array(Town.list(3).utf8)) { path in
            _ = try await town.imports.run(
                ImportRequest(
                    organisation: town.organisation.id, campaign: second.id, path: path,
                    consentSource: "fair"))
        }

        let found = try await Preflight(database: town.database).findings(
            campaign: second.id, organisation: town.organisation.id)

        #expect(Set(found.map(\.name)) == ["overlap", "cost_over_ceiling"])
        #expect(found.first { $0.name == "overlap" }?.sentence.contains(": 3;") == true)
    }

    private func findings(_ town: Town) async throws -> [String] {
        try await Preflight(database: town.database).findings(
            campaign: town.campaign.id, organisation: town.organisation.id
        ).map(\.name)
    }
}
