import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// What goes when its time is over, what a hold keeps, and the certificate.
@Suite(.freshDatabase) struct RetentionTests {
    /// Somebody whose text, answer and talk are so many days old, in a campaign that has ended.
    private struct Old {
        var contact, message, talk, note, answer: UUID
    }

    private func old(
        _ house: House, _ number: String, days: Int = 400, words: String = "private words"
    ) async throws -> Old {
        let then = Date().addingTimeInterval(-Double(days) * 86_400)
        // Of that day: ids minted by one process never go back.
        func id() -> UUID {
            UUID(
                high: UInt64(then.timeIntervalSince1970 * 1_000) << 16 | 0x7000
                    | UInt64.random(in: 0..<0x1000),
                low: 0x8000_0000_0000_0000 | UInt64.random(in: 0...UInt64.max) >> 2)
        }
        let old = Old(contact: id(), message: id(), talk: id(), note: id(), answer: id())
        // Partitions begin a month before the tables were made, which may be last month: what is much
        // older lies in one of the test's own.
        try await partitions(house.database)
        let org = house.organisation
        for statement: SQL in [
            """
            INSERT INTO contact (organisation_id, id, number, number_hash, name, created_at)
            VALUES (\(org), \(old.contact), \(number), \(Array(number.utf8)), 'Kim Doe', \(then))
            """,
            """
            INSERT INTO recipient (organisation_id, contact_id, campaign_id, lane_id, position,
                message_id, fields)
            VALUES (\(org), \(old.contact), \(house.campaign), \(UUID.v7()), 1, \(old.message),
                '{"town": "private town"}')
            """,
            """
            INSERT INTO message (organisation_id, id, kind, contact_id, body, segments, created_at)
            VALUES (\(org), \(old.message), 1, \(old.contact), \(words), 1, \(then))
            """,
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id,
                snippet, answers, created_at, last_inbound_at)
            VALUES (\(org), \(old.talk), \(old.contact), \(house.sender), \(house.campaign),
                \(words), '{"vote": "private"}', \(then), \(then))
            """,
            """
            INSERT INTO note (organisation_id, id, conversation_id, body, created_at)
            VALUES (\(org), \(old.note), \(old.talk), \(words), \(then))
            """,
            """
            INSERT INTO recorded_answer (organisation_id, id, campaign_id, contact_id,
                conversation_id, question, value, at)
            VALUES (\(org), \(old.answer), \(house.campaign), \(old.contact), \(old.talk), 'vote',
                'private', \(then))
            """,
            """
            INSERT INTO inbound_raw (organisation_id, id, account_id, kind, target, body,
                contact_id, received_at)
            VALUES (\(org), \(id()), \(house.account), 'inbound', '/hooks',
                \(Array("From=%2B\(number.dropFirst())&Body=\(words)".utf8)), \(old.contact),
                \(then))
            """,
        ] { try await house.database.execute(statement) }
        return old
    }

    private func partitions(_ database: Database) async throws {
        try await database.execute(
            """
            DO $$ BEGIN
                IF to_regclass('message_old') IS NULL THEN
                    CREATE TABLE message_old PARTITION OF message
                    FOR VALUES FROM (uuid_at('2000-01-01')) TO (uuid_at((date_trunc('month',
                        now() AT TIME ZONE 'UTC') - interval '3 months') AT TIME ZONE 'UTC'));
                END IF;
            END $$
            """)
    }

    private func end(_ house: House) async throws {
        try await house.database.execute("UPDATE campaign SET state = 'ended', ended_at = now()")
    }

    private func limit(_ house: House, _ kind: RetentionKind, _ days: Int) async throws {
        try await Retention(database: house.database).set(
            kind, days: days, organisation: house.organisation, by: nil)
    }

    private func deletions(_ house: House) -> Deletions { Deletions(database: house.database) }

    @Test func `what is over its time goes, what is younger stays, and the preview says which`()
        async throws
    {
        let house = try await House.make()
        let old = try await old(house, "+15005550010")
        let young = try await self.old(house, "+15005550011", days: 10)
        try await limit(house, .words, 365)

        let preview = try await Retention(database: house.database).preview(
            organisation: house.organisation
        ).first { $0.kind == .words }
        #expect(preview?.due == 4)
        #expect(
            preview?.parts.map(\.source) == ["answers", "conversations", "notes", "texts"])
        #expect(preview?.parts.allSatisfy { $0.due == 1 && $0.held == 0 } == true)
        let round = try #require(
            try await deletions(house).run(.words, organisation: house.organisation))

        #expect(round.removed == ["texts": 1, "notes": 1, "answers": 1, "conversations": 1])
        #expect(try await house.count("SELECT count(*) FROM message WHERE body <> ''") == 1)
        #expect(
            try await house.count(
                "SELECT count(*) FROM message WHERE id = \(young.message) AND body <> ''") == 1)
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM recorded_answer WHERE id = \(old.answer) AND value = ''
                """) == 1)
        // And again finds nothing.
        #expect(
            try await deletions(house).run(.words, organisation: house.organisation) == nil)
    }

    @Test func `the certificate is a line of a log that verifies, and counts what went`()
        async throws
    {
        let house = try await House.make()
        let people = try await [
            old(house, "+15005550010"), old(house, "+15005550011"), old(house, "+15005550012"),
        ]
        try await limit(house, .words, 365)
        _ = try await LegalHolds(database: house.database).add(
            .person(people[2].contact), reason: "claim", organisation: house.organisation, by: nil)

        let round = try #require(
            try await deletions(house).run(.words, organisation: house.organisation))

        #expect((round.total, round.held) == (8, 4))
        let seq = try #require(round.line)
        let line = try #require(
            try await Ledger(database: house.database).line(
                seq, organisation: house.organisation))
        #expect(line.kind == "retention")
        #expect(line.details["digest"] == round.digest)
        #expect(line.details["days"] == "365")
        #expect(line.details["held"] == "4")
        #expect(try await Ledger(database: house.database).check(house.organisation).isSound)
        // The digest tells which rows went: SHA-256 over the ids of the one batch, in order.
        let expected = try await house.database.first(
            """
            SELECT sha256(sha256(''::bytea) || string_agg(uuid_send(id), ''::bytea ORDER BY id))
            FROM unnest(\(people[0...1].flatMap { [$0.message, $0.talk, $0.note, $0.answer] }))
                AS id
            """
        ) { (try $0.value(0) as [UInt8]).hex }
        #expect(round.digest == expected)
        let heads = try LedgerHeads(
            database: house.database, seed: [UInt8](repeating: 5, count: 32))
        #expect(try await heads.covering(seq, organisation: house.organisation) == nil)
        let head = try await heads.sign(house.organisation)
        #expect(
            try await heads.covering(seq, organisation: house.organisation) == head)
    }

    @Test(arguments: ["person", "campaign", "organisation"])
    func `a hold of any scope keeps everything it covers, until it is released`(scope: String)
        async throws
    {
        let house = try await House.make()
        let held = try await old(house, "+15005550010")
        try await end(house)
        let holds = LegalHolds(database: house.database)
        let target: HoldTarget =
            switch scope {
            case "person": .person(held.contact)
            case "campaign": .campaign(house.campaign)
            default: .organisation
            }
        let hold = try await holds.add(
            target, reason: "claim", organisation: house.organisation, by: nil)
        for kind in RetentionKind.allCases { try await limit(house, kind, 365) }

        #expect(try await deletions(house).run(organisation: house.organisation).isEmpty)
        let previews = try await Retention(database: house.database).preview(
            organisation: house.organisation)
        #expect(previews.reduce(0) { $0 + $1.due } == 0)
        #expect(previews.reduce(0) { $0 + $1.held } == 7)
        await #expect(throws: InvalidInput.self) {
            _ = try await Cases(database: house.database, key: [UInt8](repeating: 9, count: 32))
                .erase(
                    contact: held.contact, organisation: house.organisation, by: nil,
                    reason: "asked")
        }
        _ = try await holds.release(
            hold.id, reason: "settled", organisation: house.organisation, by: nil)
        let ended = try await deletions(house).run(organisation: house.organisation)

        #expect(Set(ended.map(\.kind)) == [.words, .uploads, .contacts, .raw])
        #expect(ended.allSatisfy { $0.held == 0 && $0.total > 0 })
    }

    @Test func `a hold of one campaign does not keep the people of another`() async throws {
        let house = try await House.make()
        _ = try await old(house, "+15005550010")
        let other = UUID.v7()
        try await house.database.execute(
            """
            INSERT INTO campaign (organisation_id, id, name, state)
            VALUES (\(house.organisation), \(other), 'Other', 'ended')
            """)
        _ = try await LegalHolds(database: house.database).add(
            .campaign(other), reason: "claim", organisation: house.organisation, by: nil)
        try await limit(house, .words, 365)

        let round = try await deletions(house).run(.words, organisation: house.organisation)
        #expect((round?.total, round?.held) == (4, 0))
    }

    @Test func `names and numbers go; who stopped stays known by a keyed hash, others are free`()
        async throws
    {
        let house = try await House.make()
        let stopped = try await old(house, "+15005550010")
        _ = try await old(house, "+15005550011")
        try await house.database.transaction { connection in
            _ = try await OptOuts.record(
                [Stop(organisation: house.organisation, contact: stopped.contact, source: .text)],
                on: connection)
        }
        try await limit(house, .contacts, 365)
        // A campaign that is still open needs its people.
        #expect(
            try await deletions(house).run(.contacts, organisation: house.organisation) == nil)
        try await end(house)

        let round = try await deletions(house).run(.contacts, organisation: house.organisation)

        #expect(round?.removed["people"] == 2)
        #expect(try await house.count("SELECT count(*) FROM contact WHERE number IS NULL") == 2)
        let strangers = ["+15005550010", "+15005550011"].map {
            Stranger(
                organisation: house.organisation, number: $0, numberHash: Array($0.utf8),
                zoneSet: ZoneSets.unknown)
        }
        let again = try await house.database.transaction {
            try await ContactRows.findOrCreate(strangers, on: $0)
        }
        #expect(again.count == 2)
        let optedOut = try await house.database.rows(
            "SELECT number FROM contact WHERE number IS NOT NULL AND opted_out_at IS NOT NULL"
        ) { try $0.value(0) as String }
        #expect(optedOut == ["+15005550010"])
        #expect(try await Ledger(database: house.database).check(house.organisation).isSound)
    }

    @Test func `words of closed requests go, and the person may write again`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        let cases = Cases(database: house.database, key: [UInt8](repeating: 9, count: 32))
        func complain() async throws -> UUID {
            try await cases.open(
                NewRequest(.complaint, by: .page, contact: contact, facts: .init(words: "why me")),
                organisation: house.organisation
            ).id
        }
        let first = try await complain()
        _ = try await cases.close(
            first, outcome: "explained", organisation: house.organisation, by: nil)
        try await house.database.withConnection { connection in
            try await connection.script(
                """
                SET session_replication_role = replica;
                UPDATE request SET closed_at = now() - interval '400 days';
                SET session_replication_role = origin
                """)
        }
        try await limit(house, .requests, 365)

        let round = try await deletions(house).run(.requests, organisation: house.organisation)

        #expect(round?.removed == ["sealed_facts": 1])
        #expect(try await cases.facts(of: first, organisation: house.organisation) == nil)
        #expect(try await house.count("SELECT count(*) FROM subject_key") == 0)
        let second = try await complain()
        #expect(
            try await cases.facts(of: second, organisation: house.organisation)?.words == "why me")
        #expect(try await cases.facts(of: first, organisation: house.organisation) == nil)
    }

    @Test func `a text that still waits to be sent keeps its words`() async throws {
        let house = try await House.make()
        let waiting = try await old(house, "+15005550010")
        try await house.database.execute(
            """
            INSERT INTO outbox (organisation_id, sender_id, priority, id, kind, zone_set,
                message_ids)
            VALUES (\(house.organisation), \(house.sender), 2, \(UUID.v7()), 1, 1,
                \([waiting.message]))
            """)
        try await limit(house, .words, 365)

        _ = try await deletions(house).run(.words, organisation: house.organisation)

        #expect(
            try await house.count(
                "SELECT count(*) FROM message WHERE id = \(waiting.message) AND body <> ''") == 1)
    }

    @Test func `an interrupted round goes on; a lifted limit ends it with what it took`()
        async throws
    {
        let house = try await House.make()
        for index in 0..<5 { _ = try await old(house, "+1500555001\(index)") }
        try await limit(house, .words, 365)
        let round = UUID.v7()
        func step(_ count: Int32) async throws -> Bool? {
            try await house.database.first(
                "SELECT delete_batch(\(house.organisation), \(round), \(count))"
            ) { try $0.value(0) as Bool }
        }
        _ = try await house.database.first(
            "SELECT begin_deletion(\(house.organisation), 'words', \(round))"
        ) { _ in true }
        #expect(try await step(6) == false)
        let open = try await deletions(house).list(organisation: house.organisation)
        #expect((open.first?.total, open.first?.line) == (6, nil))

        try await Retention(database: house.database).set(
            .words, days: nil, organisation: house.organisation, by: nil)
        let ended = try await deletions(house).run(organisation: house.organisation)

        #expect(ended.map(\.total) == [6])
        #expect(try await house.count("SELECT count(*) FROM message WHERE body <> ''") > 0)
    }

    @Test func `one process has the night's turn, once`() async throws {
        let house = try await House.make()
        let deletions = deletions(house)
        let night = try Date("2026-11-22T02:10:00Z", strategy: .iso8601)

        #expect(try await deletions.takeTurn(now: night))
        #expect(try await !deletions.takeTurn(now: night.addingTimeInterval(600)))
        #expect(try await !deletions.takeTurn(now: night.addingTimeInterval(23 * 3_600)))
        #expect(try await deletions.takeTurn(now: night.addingTimeInterval(24 * 3_600)))
    }

    @Test func `the roles of pages and workers take no more than the limit allows`() async throws {
        let house = try await House.make()
        _ = try await old(house, "+15005550010", days: 300)
        let worker = try Database(
            url: TestDatabase.url, size: 2, role: "barnstorm_worker", applicationName: "test")
        try await limit(house, .words, 365)
        #expect(try await Deletions(database: worker).run().isEmpty)
        for statement in [
            "UPDATE deletion SET due_before = now()", "INSERT INTO deletion SELECT * FROM deletion",
            "SELECT blank_people(\(house.organisation), '{}')",
            "SET app.retention = 'on'; UPDATE message SET body = ''", "DELETE FROM inbound_raw",
        ] {
            await #expect(throws: PostgresError.self, "\(statement)") {
                try await worker.withConnection { try await $0.script(statement) }
            }
        }
        try await limit(house, .words, 200)
        #expect(try await Deletions(database: worker).run().count == 1)
        await worker.close()
    }
}
