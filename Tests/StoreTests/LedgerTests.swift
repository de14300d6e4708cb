import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// The log and those who would like it to say something else.
@Suite(.freshDatabase) struct LedgerTests {
    /// A log of five lines about one person who stopped, came back and stopped again.
    func makeLog() async throws -> (House, Ledger, UUID) {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        for kind in [Stop.Source.text, .tap, .provider] {
            try await stop(house, contact, kind)
        }
        try await house.database.transaction { connection in
            _ = try await OptOuts.lift(
                ContactKey(organisation: house.organisation, id: contact), on: connection)
            try await OptOuts.writeStart(
                Stop(organisation: house.organisation, contact: contact, source: .text),
                on: connection)
        }
        try await stop(house, contact, .text)
        return (house, Ledger(database: house.database), contact)
    }

    func stop(_ house: House, _ contact: UUID, _ source: Stop.Source) async throws {
        try await house.database.transaction { connection in
            _ = try await OptOuts.record(
                [Stop(organisation: house.organisation, contact: contact, source: source)],
                on: connection)
        }
    }

    /// What somebody with all rights in the database may do.
    func tamper(_ house: House, _ sql: SQL) async throws {
        try await house.database.transaction { connection in
            _ = try await connection.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
            _ = try await connection.execute(sql)
            _ = try await connection.execute("ALTER TABLE ledger ENABLE TRIGGER USER")
        }
    }

    @Test func `an untouched log is sound and its root covers every line`() async throws {
        let (house, ledger, _) = try await makeLog()
        let check = try await ledger.check(house.organisation)
        let lines = try await ledger.lines(organisation: house.organisation)

        #expect(check.findings == [])
        #expect(check.lines == 5)
        #expect(check.root == MerkleTree.root(lines.map(\.hash)))
    }

    @Test(arguments: [
        "UPDATE ledger SET entry = replace(entry, 'tap', 'top') WHERE seq = 2",
        "UPDATE ledger SET kind = 'start' WHERE seq = 2",
        "UPDATE ledger SET contact_id = gen_random_uuid() WHERE seq = 2",
        "DELETE FROM ledger WHERE seq = 3",
        "DELETE FROM ledger WHERE seq = 5",
        "UPDATE ledger SET prev_hash = hash WHERE seq = 4",
        """
        UPDATE ledger SET entry = replace(entry, 'tap', 'top'),
            hash = sha256('\\x00'::bytea || convert_to(replace(entry, 'tap', 'top'), 'UTF8'))
        WHERE seq = 2
        """,
        "UPDATE contact SET opted_out_at = NULL",
    ])
    func `every change is found`(change: String) async throws {
        let (house, ledger, _) = try await makeLog()

        try await tamper(house, SQL(raw: change))

        #expect(try await !ledger.check(house.organisation).isSound)
    }

    @Test func `a log rewritten with its head is betrayed by a signed head`() async throws {
        let (house, ledger, _) = try await makeLog()
        let before = try await ledger.check(house.organisation)
        try await house.database.execute(
            """
            INSERT INTO tree_head (organisation_id, size, root, signed_at, key_id, signature)
            VALUES (\(house.organisation), 5, \(before.root), now(), 'test', '')
            """)

        // The last line goes, and the head is set back so that the chain still fits.
        try await tamper(house, "DELETE FROM ledger WHERE seq = 5")
        try await house.database.execute(
            """
            UPDATE chain_head SET seq = 4, hash = (SELECT hash FROM ledger WHERE seq = 4)
            WHERE organisation_id = \(house.organisation)
            """)
        try await house.database.execute("UPDATE contact SET opted_out_at = NULL")

        #expect(
            try await ledger.check(house.organisation).findings == [
                "A head over 5 lines was signed; only 4 are left."
            ])
    }

    @Test func `nobody who asks politely can change a line`() async throws {
        let (house, _, _) = try await makeLog()

        await #expect(throws: PostgresError.self) {
            try await house.database.execute("UPDATE ledger SET kind = 'x' WHERE seq = 1")
        }
        await #expect(throws: PostgresError.self) {
            try await house.database.execute("TRUNCATE ledger")
        }
    }

    @Test func `concurrent writers make one gapless chain`() async throws {
        let house = try await House.make()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let contact = try await house.text("+150055520\(10 + number)").contact
                    try await stop(house, contact, .tap)
                }
            }
            try await group.waitForAll()
        }

        let check = try await Ledger(database: house.database).check(house.organisation)
        #expect(check.findings == [])
        #expect(check.lines == 40)
    }
}
