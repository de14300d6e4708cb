import FoundationEssentials
import Postgres
import Synchronization
import Testing

/// Gives each test a database of its own, with all migrations run.
///
/// The server is named by `BARNSTORM_TEST_DATABASE_URL`, the URL of a superuser; `ops/check`
/// starts one. The database is dropped when the test ends.
package struct FreshDatabaseTrait: SuiteTrait, TestTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await TestDatabase.provide(function)
    }
}

extension Trait where Self == FreshDatabaseTrait {
    /// A database of its own for every test: ``TestDatabase/current``.
    package static var freshDatabase: Self { FreshDatabaseTrait() }
}

/// The database of the running test.
package enum TestDatabase {
    private struct Scope: Sendable {
        let url: String
        let database: Database
    }

    @TaskLocal private static var scope: Scope?

    /// A pool of up to 8 connections as superuser.
    package static var current: Database { required.database }

    /// The URL of the same database, for further pools, other roles and child processes.
    package static var url: String { required.url }

    private static var required: Scope {
        guard let scope else { fatalError("put the trait .freshDatabase on the suite") }
        return scope
    }

    /// Runs `body` with a fresh database, at most a few at once.
    static func provide(_ body: @Sendable () async throws -> Void) async throws {
        guard let server = ProcessInfo.processInfo.environment["BARNSTORM_TEST_DATABASE_URL"] else {
            throw SupportError(
                "This test needs PostgreSQL: run ops/check, which starts one and sets "
                    + "BARNSTORM_TEST_DATABASE_URL.")
        }
        await places.take()
        defer { places.giveBack() }
        let template = try await Template.shared.name(server)
        let name = "barnstorm_test_\(UUID().uuidString.filter(\.isHexDigit).lowercased())"
        try await administer(server, "CREATE DATABASE \(name) TEMPLATE \(template)")
        let url = try address(server, database: name)
        let scope = Scope(
            url: url, database: try Database(url: url, size: 8, applicationName: "test"))
        let outcome: Result<Void, any Error>
        do {
            try await $scope.withValue(scope, operation: body)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        try await administer(server, "DROP DATABASE \(name) WITH (FORCE)")
        try outcome.get()
    }

    /// Enough for two cores; more would only queue for the server.
    private static let places = Places(8)

    /// Runs one statement that cannot stand in a transaction.
    static func administer(_ server: String, _ statement: String) async throws {
        let database = try Database(url: server, size: 1, applicationName: "test support")
        try await database.withConnection { try await $0.script(statement) }
    }

    /// The server's URL with another database in its path.
    static func address(_ server: String, database: String) throws -> String {
        guard let scheme = server.firstRange(of: "://") else {
            throw SupportError("BARNSTORM_TEST_DATABASE_URL is no URL (postgresql://…).")
        }
        let rest = server[scheme.upperBound...]
        let path = rest.firstIndex(of: "/") ?? rest.firstIndex(of: "?") ?? rest.endIndex
        let query = rest.firstIndex(of: "?") ?? rest.endIndex
        return server[..<scheme.upperBound] + rest[..<path] + "/\(database)" + rest[query...]
    }
}

/// What Support itself cannot do, in a sentence.
package struct SupportError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}

/// The migrated database that tests are copied from, made once per state of `migrations/`.
private actor Template {
    static let shared = Template()
    private var making: Task<String, any Error>?

    func name(_ server: String) async throws -> String {
        if making == nil { making = Task { try await Self.make(server) } }
        return try await making!.value
    }

    private static var directory: String {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(root)/migrations"
    }

    /// Named by a hash of the files, so that the next run finds it.
    private static func make(_ server: String) async throws -> String {
        let migrations =
            FileManager.default.fileExists(atPath: directory)
            ? try Migrations(directory: directory) : try Migrations(files: [])
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
        for octet in migrations.all.flatMap({ Array($0.name.utf8) + Array($0.text.utf8) }) {
            hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3
        }
        let name = "barnstorm_template_\(String(hash, radix: 16))"
        let database = try Database(url: server, size: 1, applicationName: "test support")
        // Roles belong to the whole server: two test runs must not create them at once.
        try await database.transaction { connection in
            try await connection.execute("SELECT pg_advisory_xact_lock(724001)")
            let found = try await connection.first(
                "SELECT 1 FROM pg_database WHERE datname = \(name)"
            ) { _ in true }
            if found == nil { try await fill(name, migrations, server) }
        }
        await database.close()
        return name
    }

    private static func fill(_ name: String, _ migrations: Migrations, _ server: String)
        async throws
    {
        let draft = "\(name)_draft"
        try await TestDatabase.administer(server, "DROP DATABASE IF EXISTS \(draft) WITH (FORCE)")
        try await TestDatabase.administer(server, "CREATE DATABASE \(draft)")
        let url = try TestDatabase.address(server, database: draft)
        let database = try Database(url: url, size: 1, applicationName: "test support")
        _ = try await database.withConnection { try await migrations.run(on: $0) }
        await database.close()
        // RENAME needs the last backend to be gone, which takes a moment after it is closed.
        for _ in 0..<100 {
            do {
                return try await TestDatabase.administer(
                    server, "ALTER DATABASE \(draft) RENAME TO \(name)")
            } catch let error as PostgresError where error.sqlState == "55006" {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        throw SupportError("The migrated database \(draft) stays in use and cannot be renamed.")
    }
}

/// A counting semaphore for tasks.
private final class Places: Sendable {
    private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

    init(_ count: Int) { state = Mutex((count, [])) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                state.free -= 1
                if state.free < 0 { state.waiting.append(continuation) }
                return state.free >= 0
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.free += 1
            return state.waiting.isEmpty ? nil : state.waiting.removeFirst()
        }?.resume()
    }
}
