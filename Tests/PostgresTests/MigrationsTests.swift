import FoundationEssentials
import Support
import Synchronization
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct MigrationsTests {
    /// An empty database beside the migrated one.
    private func makeEmpty() async throws -> Database {
        let name = "empty_\(UUID().uuidString.filter(\.isHexDigit).lowercased())"
        try await TestDatabase.current.execute("CREATE SCHEMA \(raw: name)")
        let separator = TestDatabase.url.contains("?") ? "&" : "?"
        let url = TestDatabase.url + "\(separator)options=-csearch_path%3D\(name)"
        return try Database(url: url, size: 4, applicationName: "test")
    }

    private let two = [
        ("0001_make", "CREATE TABLE thing (id int)"),
        ("0002_fill", "INSERT INTO thing VALUES (1); INSERT INTO thing VALUES (2)"),
    ]

    @discardableResult
    private func run(_ files: [(String, String)], _ database: Database) async throws -> [String] {
        let migrations = try Migrations(files: files)
        return try await database.withConnection { try await migrations.run(on: $0) }
    }

    @Test func `each file runs once, in order`() async throws {
        let database = try await makeEmpty()
        #expect(try await run([two[0]], database) == ["0001_make"])
        #expect(try await run(two.reversed(), database) == ["0002_fill"])
        #expect(try await run(two, database).isEmpty)
        #expect(try await database.first("SELECT count(*) FROM thing") { try $0[0] as Int } == 2)
    }

    @Test func `an edited file is refused by name`() async throws {
        let database = try await makeEmpty()
        try await run(two, database)
        let edited = [("0001_make", "CREATE TABLE thing (id bigint)"), two[1]]
        await #expect { try await run(edited, database) } throws: {
            let error = $0 as? PostgresError
            return error?.kind == .migration && error?.message.contains("0001_make") == true
        }
    }

    @Test func `a gap, a number twice and an odd name are refused`() {
        for names in [["0002_a"], ["0001_a", "0003_b"], ["0001_a", "0001_b"], ["1_a"], ["0001"]] {
            #expect(throws: PostgresError.self) {
                try Migrations(files: names.map { ($0, "SELECT 1") })
            }
        }
    }

    @Test func `a file that fails leaves nothing behind and is named`() async throws {
        let database = try await makeEmpty()
        let broken = [two[0], ("0002_break", "INSERT INTO thing VALUES (1); SELECT 1 / 0")]
        await #expect { try await run(broken, database) } throws: {
            ($0 as? PostgresError)?.message.contains("0002_break") == true
        }
        #expect(try await database.first("SELECT count(*) FROM thing") { try $0[0] as Int } == 0)
        #expect(try await run(two, database) == ["0002_fill"])
    }

    @Test func `four migrators at once run each file once`() async throws {
        let database = try await makeEmpty()
        let migrations = try Migrations(files: two)
        let ran = try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    try await database.withConnection { try await migrations.run(on: $0) }
                }
            }
            return try await group.reduce([], +)
        }
        #expect(ran.sorted() == ["0001_make", "0002_fill"])
    }

    @Test func `a newer database is refused`() async throws {
        let database = try await makeEmpty()
        try await run(two, database)
        await #expect { try await run([two[0]], database) } throws: {
            ($0 as? PostgresError)?.message.contains("0002_fill") == true
        }
    }

    @Test func `what is pending is told without running it`() async throws {
        let database = try await makeEmpty()
        let migrations = try Migrations(files: two)
        let pending = { @Sendable () async throws in
            try await database.withConnection { try await migrations.pending(on: $0) }
        }
        #expect(try await pending() == ["0001_make", "0002_fill"])
        try await run([two[0]], database)
        #expect(try await pending() == ["0002_fill"])
    }

    @Test func `a directory that is missing is named`() {
        #expect(throws: PostgresError.self) { try Migrations(directory: "/nowhere/at/all") }
    }
}
