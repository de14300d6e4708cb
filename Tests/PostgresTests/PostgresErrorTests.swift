import Support
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct PostgresErrorTests {
    private func failure(_ sql: SQL) async -> PostgresError? {
        do {
            try await TestDatabase.current.execute(sql)
            return nil
        } catch {
            return error as? PostgresError
        }
    }

    @Test func `a violated constraint is named, the row is not shown`() async throws {
        try await TestDatabase.current.execute("CREATE TABLE person (phone text PRIMARY KEY)")
        let sql: SQL = "INSERT INTO person VALUES (\("+15005550006"))"
        #expect(await failure(sql) == nil)
        let error = try #require(await failure(sql))
        #expect(error.sqlState == "23505")
        #expect(error.constraint == "person_pkey")
        #expect(error.statement == "INSERT INTO person VALUES ($1)")
        #expect(!error.description.contains("5550006"))
    }

    @Test(arguments: [
        "SELECT \("secret42")::int" as SQL, "SELECT \("secret42")::date",
        "SELECT \("secret42")::jsonb", "SELECT \("secret42")::uuid",
        "SELECT to_date(\("secret42"), 'YYYY')",
    ])
    func `a value that does not fit is not shown`(sql: SQL) async throws {
        let error = try #require(await failure(sql))
        #expect(error.sqlState?.hasPrefix("22") == true)
        #expect(!error.description.contains("secret"))
    }

    @Test func `the statement is one line and not endless`() async throws {
        let error = try #require(
            await failure("SELECT\n   1 /\n 0 -- \(raw: String(repeating: "x", count: 1000))"))
        #expect(error.statement?.hasPrefix("SELECT 1 / 0") == true)
        #expect(error.statement?.count == 400)
    }
}
