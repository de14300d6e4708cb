import Foundation
import Postgres
import Secrets
import Support
import Testing
import Texting

@testable import Store

/// After an erasure nothing of the person can be read, in any table; they stay suppressed.
@Suite(.freshDatabase) struct ErasureTests {
    private static let number = "+12125551000"
    private static let words = "my cat Whiskerfuzz votes too"

    /// A person with a whole life in the database, through the real code: a list, a text, replies,
    /// a note, answers, requests, a look by staff.
    private func person(_ town: Town) async throws -> UUID {
        try await town.add(
            "First Name,Last Name,Cell,Town\nZebediah,Quux,\(Self.number),Lilliputville\n")
        try await town.launch()
        _ = try await town.drawPaced(10)
        let contact = try #require(
            try await town.database.first("SELECT id FROM contact WHERE number = \(Self.number)") {
                try $0.value(0) as UUID
            })
        try await reply(town, Self.words, key: "a")
        try await reply(town, "HELP", key: "b")
        let talk = try #require(
            try await town.database.first(
                "SELECT id FROM conversation WHERE contact_id = \(contact)"
            ) { try $0.value(0) as UUID })
        let house = town.organisation.id
        for statement: SQL in [
            """
            INSERT INTO note (organisation_id, id, conversation_id, body)
            VALUES (\(house), \(UUID.v7()), \(talk), 'Zebediah has a cat called Whiskerfuzz')
            """,
            """
            UPDATE conversation SET answers = '{"pet": "Whiskerfuzz"}', tags = '{Whiskerfuzz}',
                handed_reason = 'asks about Whiskerfuzz' WHERE id = \(talk)
            """,
        ] { try await town.database.execute(statement) }
        try await town.database.transaction { connection in
            try await RecordedAnswers.record(
                .init(
                    organisation: house, conversation: talk, question: "pet",
                    value: "Yes", member: UUID.v7()), on: connection)
        }
        _ = try await cases(town).open(
            NewRequest(
                .complaint, by: .mail, contact: contact,
                facts: .init(words: Self.words, name: "Zebediah Quux", address: Self.number)),
            organisation: house)
        return contact
    }

    private func cases(_ town: Town) -> Cases {
        Cases(database: town.database, key: town.secret.key(.people))
    }

    private func reply(_ town: Town, _ words: String, key: String) async throws {
        let zoneSets = town.zoneSets
        let reception = Reception(
            database: town.database, numberHashKey: town.secret.key(.numberHash),
            publicURL: "https://example.org", zoneSets: { try await zoneSets.ids($0) })
        let account = try #require(
            try await town.database.first("SELECT id FROM account") { try $0.value(0) as Int32 })
        let body = "From=%2B\(Self.number.dropFirst())&Body=\(words)"
        _ = try await reception.receive([
            Arrival(
                account: account, key: key, providerID: key, from: Self.number,
                to: town.senders[0].number, body: words, media: [], mark: nil,
                providerAnswered: false, receivedAt: Date(),
                raw: RawWebhook(
                    account: account, isInbound: true, contentType: nil, target: "/hooks",
                    body: Array(body.utf8)))
        ])
    }

    /// Where a text stands in the database: every column of every table, bytes decoded as well.
    private func places(of needle: String, in database: Database) async throws -> [String] {
        let tables = try await database.rows(
            """
            SELECT c.relname FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT c.relispartition ORDER BY 1
            """
        ) { try $0.value(0) as String }
        #expect(tables.count > 40)
        let hex = Array(needle.utf8).hex
        var found: [String] = []
        for table in tables {
            let hits = try await database.first(
                """
                SELECT count(*) FROM \(raw: table) t
                WHERE position(\(needle) IN t::text) > 0 OR position(\(hex) IN t::text) > 0
                """
            ) { try $0.value(0) as Int }
            if (hits ?? 0) > 0 { found.append(table) }
        }
        return found
    }

    private static let needles = [
        "12125551000", "2125551000", "Zebediah", "Quux", "Whiskerfuzz", "Lilliputville",
    ]

    @Test func `nothing readable is left of an erased person, and they stay stopped`()
        async throws
    {
        let town = try await Town()
        let contact = try await person(town)
        // The search can find: each of these stands somewhere before.
        for needle in Self.needles {
            let before = try await places(of: needle, in: town.database)
            #expect(!before.isEmpty, "\(needle)")
            #expect(!before.contains("ledger"), "\(needle) stands in the log for good")
            #expect(!before.contains("case_fact"), "\(needle) is not sealed")
        }
        #expect(
            try await places(of: "my cat", in: town.database)
                == ["inbound_raw", "message"])

        let erasure = try await cases(town).erase(
            contact: contact, organisation: town.organisation.id, by: nil, reason: "asked to")

        for needle in Self.needles {
            #expect(try await places(of: needle, in: town.database) == [], "\(needle)")
        }
        #expect(erasure.webhooks == 2)
        #expect(erasure.answers == 1)
        #expect(erasure.sealedFacts == 1)
        let left = try await town.database.first(
            """
            SELECT number_hash, opted_out_at IS NOT NULL, (SELECT count(*) FROM subject_key
                WHERE sealed_key IS NULL AND destroyed_at IS NOT NULL)
            FROM contact WHERE id = \(contact)
            """
        ) { row in
            (
                hash: try row.value(0) as [UInt8], isStopped: try row.value(1) as Bool,
                keys: try row.value(2) as Int
            )
        }
        #expect(left?.hash == town.secret.numberHash(Self.number))
        #expect(left?.isStopped == true)
        #expect(left?.keys == 1)
        #expect(
            try await Ledger(database: town.database).check(town.organisation.id).findings == [])
    }

    @Test func `a new list brings nothing of an erased person back, and they get no text`()
        async throws
    {
        let town = try await Town()
        let contact = try await person(town)
        _ = try await cases(town).erase(
            contact: contact, organisation: town.organisation.id, by: nil, reason: "asked to")

        let again = try await town.campaigns.create(
            NewCampaign(name: "Again"), organisation: town.organisation.id)
        try await withFile(
            Array(
                "First Name,Last Name,Cell,Town\nZebediah,Quux,\(Self.number),Lilliputville\n".utf8)
        ) { path in
            _ = try await town.imports.run(
                ImportRequest(
                    organisation: town.organisation.id, campaign: again.id, path: path,
                    consentSource: "a fair"))
        }

        for needle in Self.needles {
            #expect(try await places(of: needle, in: town.database) == [], "\(needle)")
        }
    }
}
