import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// P1 in plain SQL: every bad path is refused, whoever tries it.
@Suite(.freshDatabase) struct SchemaTests {
    @Test func `a second try needs a first that is proven unsent`() async throws {
        let text = try await Text()

        try await text.refused("INSERT INTO attempt VALUES \(text.go(2))", "23514")
        try await text.run("INSERT INTO attempt VALUES \(text.go(1))")
        try await text.refused("INSERT INTO attempt VALUES \(text.go(2))", "23514")
        try await text.run("INSERT INTO outcome VALUES \(text.outcome(1, 3))")
        try await text.run("INSERT INTO attempt VALUES \(text.go(2))")
        // And a third only after the second, not after the first.
        try await text.refused("INSERT INTO attempt VALUES \(text.go(3))", "23514")
    }

    @Test(arguments: [Int16(1), 2, 4])
    func `accepted, rejected and unknown are not unsent`(result: Int16) async throws {
        let text = try await Text()
        try await text.run("INSERT INTO attempt VALUES \(text.go(1))")
        try await text.run("INSERT INTO outcome VALUES \(text.outcome(1, result))")

        try await text.refused("INSERT INTO attempt VALUES \(text.go(2))", "23514")
    }

    @Test func `there is no try 0 and none twice`() async throws {
        let text = try await Text()

        try await text.refused("INSERT INTO attempt VALUES \(text.go(0))", "23514")
        try await text.refused("INSERT INTO attempt VALUES \(text.go(-1))", "23514")
        try await text.run("INSERT INTO attempt VALUES \(text.go(1))")
        try await text.refused("INSERT INTO attempt VALUES \(text.go(1))", "23505")
    }

    @Test func `a go names its sender, worker, epoch, slot and deadline`() async throws {
        let text = try await Text()

        try await text.refused(
            "INSERT INTO attempt (organisation_id, message_id, n, verdict) VALUES (\(text.org), "
                + "\(text.id), 1, 1)", "23514")
        try await text.refused(
            "INSERT INTO attempt (organisation_id, message_id, n, verdict) VALUES (\(text.org), "
                + "\(text.id), 1, 2)", "23514")
    }

    @Test func `unsent needs a go`() async throws {
        let text = try await Text()
        try await text.refused("INSERT INTO outcome VALUES \(text.outcome(1, 3))", "23514")
        try await text.run(
            "INSERT INTO attempt (organisation_id, message_id, n, verdict, reason) VALUES "
                + "(\(text.org), \(text.id), 1, 2, 'opted_out')")

        // A suppressed text made unsent would be sent.
        try await text.refused("INSERT INTO outcome VALUES \(text.outcome(1, 3))", "23514")
        try await text.refused("INSERT INTO outcome VALUES \(text.outcome(2, 1))", "23514")
        try await text.refused("INSERT INTO attempt VALUES \(text.go(2))", "23514")
    }

    @Test func `only what is in doubt is settled`() async throws {
        let text = try await Text()
        try await text.run("INSERT INTO attempt VALUES \(text.go(1))")
        try await text.refused("INSERT INTO settlement VALUES \(text.settlement)", "23514")
        try await text.run("INSERT INTO outcome VALUES \(text.outcome(1, 4))")
        try await text.run("INSERT INTO settlement VALUES \(text.settlement)")
        try await text.refused("INSERT INTO settlement VALUES \(text.settlement)", "23505")
    }

    @Test(arguments: ["message", "attempt", "outcome", "settlement", "receipt", "ledger"])
    func `history is neither changed nor deleted, not even by the owner`(
        table: String
    ) async throws {
        let text = try await Text()
        try await text.run("INSERT INTO attempt VALUES \(text.go(1))")
        try await text.run("INSERT INTO outcome VALUES \(text.outcome(1, 4))")
        try await text.run("INSERT INTO settlement VALUES \(text.settlement)")
        try await text.run(
            "INSERT INTO receipt (organisation_id, message_id, n, status) VALUES (\(text.org), "
                + "\(text.id), 1, 4)")
        _ = try await text.database.first(
            "SELECT ledger_append(\(text.org), 'setting', NULL, '{}')"
        ) { _ in true }

        try await text.refused(
            "UPDATE \(raw: table) SET organisation_id = organisation_id", "23001")
        try await text.refused("DELETE FROM \(raw: table)", "23001")
    }

    @Test func `two connections race for the same second try, one wins`() async throws {
        let text = try await Text()
        try await text.run("INSERT INTO attempt VALUES \(text.go(1))")
        try await text.run("INSERT INTO outcome VALUES \(text.outcome(1, 3))")

        let inserted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    try await text.database.transaction { connection in
                        let count = try await connection.execute(
                            "INSERT INTO attempt VALUES \(text.go(2)) ON CONFLICT DO NOTHING")
                        try await Task.sleep(for: .milliseconds(50))
                        return count
                    }
                }
            }
            return try await group.reduce(0, +)
        }

        #expect(inserted == 1)
    }

    @Test func `a try is refused while the proof of the last is not yet committed`() async throws {
        let text = try await Text()
        try await text.run("INSERT INTO attempt VALUES \(text.go(1))")

        try await text.database.transaction { first in
            try await first.execute("INSERT INTO outcome VALUES \(text.outcome(1, 3))")
            try await text.refused("INSERT INTO attempt VALUES \(text.go(2))", "23514")
        }
        try await text.run("INSERT INTO attempt VALUES \(text.go(2))")
    }
}

/// One text in an organisation of its own, and rows about it.
struct Text {
    let database = TestDatabase.current
    let org: Int32
    let id = UUID.v7()
    let other = UUID.v7()

    init() async throws {
        org = try await Organisations(database: database).add(name: "Acme", countries: ["US"]).id
        try await run(
            """
            INSERT INTO message (organisation_id, id, kind, contact_id, body, segments)
            VALUES (\(org), \(id), 1, \(other), 'Hi', 1)
            """)
    }

    func go(_ n: Int16) -> SQL {
        "(\(org), \(id), \(n), 1, NULL, \(other), \(other), 1, now(), now() + interval '1 min')"
    }

    func outcome(_ n: Int16, _ result: Int16) -> SQL {
        "(\(org), \(id), \(n), \(result), NULL, NULL, now())"
    }

    var settlement: SQL { "(\(org), \(id), 1, 1, 'callback', NULL, NULL, NULL, NULL, now())" }

    func run(_ statement: SQL) async throws {
        try await database.execute(statement)
    }

    /// Expects the server to refuse with that SQLSTATE, on a connection of its own.
    func refused(_ statement: SQL, _ state: String) async throws {
        let error = await #expect(throws: PostgresError.self, "\(statement.text)") {
            try await database.execute(statement)
        }
        #expect(error?.sqlState == state, "\(statement.text)")
    }
}
