import FoundationEssentials
import Support
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct DatabaseTests {
    let database = TestDatabase.current

    @Test func `a statement tells how many rows it touched`() async throws {
        try await database.execute("CREATE TABLE item (id int PRIMARY KEY)")
        #expect(try await database.execute("INSERT INTO item SELECT generate_series(1, 7)") == 7)
        #expect(try await database.execute("DELETE FROM item WHERE id > \(5)") == 2)
        #expect(try await database.rows("SELECT id FROM item") { try $0[0] as Int }.count == 5)
        #expect(try await database.first("SELECT 1 WHERE false") { try $0[0] as Int } == nil)
    }

    @Test func `a transaction sees its organisation, what follows does not`() async throws {
        let setting: SQL = "SELECT NULLIF(current_setting('app.organisation', true), '')::int"
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
        let inside = try await pool.transaction(organisation: 7) {
            try await $0.first(setting) { try $0[0] as Int32? }
        }
        #expect(inside == .some(.some(7)))
        let after = try await pool.first(setting) { try $0[0] as Int32? }
        #expect(after == .some(nil))
    }

    @Test func `a thrown error rolls back and gives a usable connection on`() async throws {
        struct Refusal: Error {}
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
        try await pool.execute("CREATE TABLE item (id int)")
        await #expect(throws: Refusal.self) {
            try await pool.transaction { connection in
                try await connection.execute("INSERT INTO item VALUES (1)")
                throw Refusal()
            }
        }
        #expect(try await pool.first("SELECT count(*) FROM item") { try $0[0] as Int } == 0)
    }

    @Test func `a swallowed error cannot commit in silence`() async throws {
        await #expect { () async throws in
            try await database.transaction { connection in
                _ = try? await connection.execute("SELECT 1 / 0")
            }
        } throws: {
            ($0 as? PostgresError)?.sqlState == "25P02"
        }
    }

    @Test func `an open transaction is not lent to the next borrower`() async throws {
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
        try await pool.withConnection { try await $0.script("BEGIN; SET app.x = 'left behind'") }
        let setting = try await pool.first("SELECT current_setting('app.x', true)") {
            try $0[0] as String?
        }
        #expect(setting == .some(nil))
    }

    @Test func `connections carry the role and the application's name`() async throws {
        let name = "role_\(UUID().uuidString.prefix(8).lowercased())"
        try await database.execute("CREATE ROLE \(raw: name)")
        let pool = try Database(
            url: TestDatabase.url, size: 1, role: name, applicationName: "barnstorm web")
        let seen = try await pool.first(
            "SELECT current_user, current_setting('application_name')"
        ) { [try $0[0] as String, try $0[1] as String] }
        #expect(seen == [name, "barnstorm web"])
        await pool.close()
        try await database.execute("DROP ROLE \(raw: name)")
    }

    @Test func `an idle connection that died is replaced unnoticed`() async throws {
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
        let first = try await pool.first("SELECT pg_backend_pid()") { try $0[0] as Int }
        try await terminate(try #require(first))
        let second = try await pool.first("SELECT pg_backend_pid()") { try $0[0] as Int }
        #expect(second != nil && second != first)
    }

    @Test func `a statement outside a transaction that dies is not repeated`() async throws {
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "victim")
        let victim = Task { try await pool.execute("SELECT pg_sleep(30)") }
        try await terminateWhenBusy("victim")
        await #expect { try await victim.value } throws: {
            ($0 as? PostgresError)?.kind == .lost
        }
    }

    @Test func `a closed pool refuses work and waits for what is lent`() async throws {
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
        let isDone = Box(false)
        async let lent: Void = pool.withConnection { connection in
            try await connection.execute("SELECT pg_sleep(1)")
            isDone.change { $0 = true }
        }
        while try await busy() == 0 {
            if isDone.value { break }  // on a busy machine it was over between two looks
            try await Task.sleep(for: .milliseconds(5))
        }
        await pool.close()
        #expect(isDone.value)
        try await lent
        await #expect(throws: PostgresError.self) { try await pool.execute("SELECT 1") }
    }

    private func busy() async throws -> Int {
        try await database.first(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
              AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid() AND state = 'active'
            """
        ) { try $0[0] as Int } ?? 0
    }

    private func terminate(_ backend: Int) async throws {
        try await database.execute("SELECT pg_terminate_backend(\(Int32(backend)), 5000)")
    }

    private func terminateWhenBusy(_ name: String) async throws {
        while true {
            let count = try await database.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = \(name)
                  AND state = 'active'
                """)
            if count > 0 { return }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
