import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Number history and ledger search cost the same however long the history is: asked of the plans.
@Suite(.freshDatabase) struct QuestionPlansTests {
    /// A house whose log has some ten thousand lines, one of them rare and old, and whose statistics
    /// tell the planner of it.
    private func longHouse() async throws -> (House, contact: UUID) {
        let house = try await House.make()
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 1)
        let id = house.organisation
        try await house.database.withConnection { connection in
            try await connection.script(
                """
                SELECT ledger_append(\(id), 'stop', '\(contact.text)', '{"source": "request",
                    "already_out": false}');
                SELECT ledger_append(\(id), 'reveal', '\(contact.text)', '{}');
                SELECT count(ledger_append(\(id), 'stop', gen_random_uuid(), jsonb_build_object(
                    'source', 'text', 'already_out', false, 'received_at', g,
                    'effective_at', g + 0.25))) FROM generate_series(1, 10000) g;
                INSERT INTO contact (organisation_id, id, number, number_hash)
                SELECT \(id), gen_random_uuid(), '+1212' || (5550000 + g), sha256(g::text::bytea)
                FROM generate_series(1, 10000) g;
                INSERT INTO recipient (organisation_id, contact_id, campaign_id, lane_id, position,
                    message_id)
                SELECT \(id), c.id, gen_random_uuid(), gen_random_uuid(), 1,
                    import_uuid(left(replace(uuid_at(now())::text, '-', ''), 13),
                        row_number() OVER (), 1)
                FROM contact c WHERE c.number LIKE '+1212%';
                INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id, sender_id,
                    body, segments)
                SELECT \(id), message_id, 1, contact_id, campaign_id, '\(house.sender.text)', 'x', 1
                FROM recipient WHERE message_id <> '\(message.text)';
                INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker,
                    epoch, slot_at, deadline)
                SELECT \(id), message_id, 1, 1, '\(house.sender.text)', gen_random_uuid(), 1, now(),
                    now() FROM recipient WHERE message_id <> '\(message.text)';
                INSERT INTO outcome (organisation_id, message_id, n, result)
                SELECT \(id), message_id, 1, 1 FROM recipient
                WHERE message_id <> '\(message.text)';
                ANALYZE;
                """)
        }
        return (house, contact)
    }

    /// Rows that a statement read to throw away, and whole tables that it scanned.
    private func waste(_ statement: SQL, _ house: House) async throws -> (
        rows: Int, scans: [String]
    ) {
        let plan = try await house.database.rows(
            "EXPLAIN (ANALYZE, TIMING off) " + statement
        ) { try $0.value(0) as String }
        let thrown = plan.compactMap { line -> Int? in
            guard let at = line.range(of: "Rows Removed by ") else { return nil }
            return line[at.upperBound...].split(separator: " ").last.flatMap { Int($0) }
        }
        // What an installation has few of: its own people, numbers, campaigns, lists.
        let few = ["member", "sender", "campaign", "import", "organisation", "session"]
        let scans = plan.filter { line in
            line.contains("Seq Scan on ") && !line.contains("never executed")
                // Nothing was read: a month without texts. What is read in vain is counted above.
                && !line.contains("(actual rows=0 loops=1)")
                && !few.contains { line.contains("Seq Scan on \($0) ") }
        }
        return (thrown.reduce(0, +), scans)
    }

    @Test func `a page of the ledger reads what it shows, however rare and however old`()
        async throws
    {
        let (house, contact) = try await longHouse()
        let old = Date().addingTimeInterval(3_600)
        let filters = [
            LedgerFilter(), LedgerFilter(kind: "stop"), LedgerFilter(kind: "reveal"),
            LedgerFilter(source: "request"), LedgerFilter(kind: "stop", source: "request"),
            LedgerFilter(kind: "erasure"), LedgerFilter(source: "list"),
            LedgerFilter(contact: contact), LedgerFilter(since: old),
            LedgerFilter(kind: "reveal", since: old), LedgerFilter(until: old),
            LedgerFilter(until: Date().addingTimeInterval(-3_600)),
            LedgerFilter(source: "text", since: Date().addingTimeInterval(-60), until: old),
        ]
        for filter in filters {
            let (rows, scans) = try await waste(
                Ledger.searching(filter, house.organisation, before: nil, limit: 51), house)
            #expect(rows < 2_000, "\(filter)")
            #expect(scans.isEmpty, "\(filter)")
        }
        let found = try await Ledger(database: house.database).search(
            LedgerFilter(source: "request"), organisation: house.organisation)
        #expect(found.map(\.seq) == [1])
    }

    @Test func `a number's history is read along keys`() async throws {
        let (house, contact) = try await longHouse()
        let id = house.organisation
        let statements = [
            Audits.timelineStatement(id, contact),
            Audits.textsNearStops(id, contact, .init()),
            Histories.textsStatement(contact, id),
            Histories.linesStatement(contact, id),
        ]
        for statement in statements {
            let (rows, scans) = try await waste(statement, house)
            #expect(rows < 100, "\(statement.text)")
            #expect(scans.isEmpty, "\(statement.text)")
        }
        let told = try await Audits(database: house.database).history(contact, organisation: id)
        #expect(told?.events.contains { $0.kind == "text" } == true)
    }

    @Test func `the figures of the ledger's first page open no line`() async throws {
        let (house, _) = try await longHouse()
        for statement in Ledger.stopFigureStatements(house.organisation) {
            let plan = try await house.database.transaction { connection in
                // The log of a test is so short, and so new, that pages would decide: here the
                // rows that have to be opened do.
                for setting in ["enable_seqscan = off", "enable_bitmapscan = off"]
                    + ["seq_page_cost = 0", "random_page_cost = 0"]
                {
                    try await connection.execute("SET LOCAL " + SQL(raw: setting))
                }
                return try await connection.rows("EXPLAIN " + statement) {
                    try $0.value(0) as String
                }
            }
            #expect(plan.contains { $0.contains("Index Only Scan using ledger_stop") }, "\(plan)")
        }
        let figures = try await Ledger(database: house.database).stopFigures(
            organisation: house.organisation)
        #expect((figures.all, figures.today) == (10_001, 10_001))
        #expect(figures.sources.map(\.source) == ["text", "request"])
        #expect((figures.middle, figures.worst) == (0.25, 0.25))
    }

    @Test func `a text that a person re-created is in the history and near stops`() async throws {
        let house = try await House.make()
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 4)
        var text = NewMessage(
            organisation: house.organisation, kind: .first, contact: contact, body: "Again",
            segments: 1)
        text.replaces = message
        let again = text
        try await house.database.transaction { connection in
            _ = try await OptOuts.record(
                [Stop(organisation: house.organisation, contact: contact, source: .text)],
                on: connection)
        }
        try await house.database.transaction { _ = try await Messages.insert([again], on: $0) }
        try await house.attempt(again.id)
        let audits = Audits(database: house.database)

        let told = try await audits.history(contact, organisation: house.organisation)
        let near = try await audits.afterOptOut(organisation: house.organisation)

        #expect(told?.events.contains { $0.body == "Again" } == true)
        #expect(near.violations.map(\.message) == [again.id])
    }
}
