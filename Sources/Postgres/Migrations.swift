import FoundationEssentials

/// The schema's history: files `0001_name.sql`, `0002_name.sql`, … run once each, in order.
///
/// Each runs in a transaction of its own together with the row in `schema_migration` that
/// remembers it and the SHA-256 of its text. A file that was edited after it ran is refused.
package struct Migrations: Sendable {
    /// One file.
    package struct Migration: Sendable, Equatable {
        package let number: Int32
        /// The file's name without `.sql`, for example `0001_create_organisation`.
        package let name: String
        package let text: String
    }

    package let all: [Migration]

    /// Reads the files of a directory; names other than `NNNN_name.sql` are refused.
    ///
    /// - Throws: ``PostgresError`` of kind `migration` for a directory that cannot be read, an odd
    ///   name, a gap or a number used twice.
    package init(directory: String) throws {
        do {
            let files = try FileManager.default.contentsOfDirectory(atPath: directory)
                .filter { $0.hasSuffix(".sql") }.sorted()
            try self.init(
                files: files.map {
                    let text = try String(contentsOfFile: "\(directory)/\($0)", encoding: .utf8)
                    return (String($0.dropLast(4)), text)
                })
        } catch let error as PostgresError {
            throw error
        } catch {
            throw PostgresError(.migration, "The migrations in \(directory) cannot be read.")
        }
    }

    /// Takes names (without `.sql`) and texts, in any order.
    package init(files: [(name: String, text: String)]) throws {
        all = try files.map { name, text in
            let parts = name.split(separator: "_", maxSplits: 1)
            guard parts.count == 2, parts[0].utf8.count == 4, let number = Int32(parts[0]) else {
                throw PostgresError(
                    .migration, "\(name).sql is no name of a migration, like 0001_name.sql.")
            }
            return Migration(number: number, name: name, text: text)
        }.sorted { $0.number < $1.number }
        for (index, migration) in all.enumerated() where Int(migration.number) != index + 1 {
            throw PostgresError(
                .migration,
                "Migrations are numbered without gaps: \(migration.name).sql stands where "
                    + "number \(index + 1) belongs.")
        }
    }

    /// Runs what has not run yet; several processes may do so at once.
    ///
    /// - Parameter log: told the name of each migration before it runs.
    /// - Returns: the names of those that ran.
    @discardableResult
    package func run(
        on connection: Connection, log: @Sendable (String) -> Void = { _ in }
    ) async throws -> [String] {
        try await prepare(connection)
        var done: [String] = []
        for migration in all where try await run(migration, on: connection, log: log) {
            done.append(migration.name)
        }
        return done
    }

    /// The names of migrations that still have to run, without changing anything.
    ///
    /// - Throws: ``PostgresError`` of kind `migration` for an edited file.
    package func pending(on connection: Connection) async throws -> [String] {
        let exists = try await connection.first(
            "SELECT to_regclass('schema_migration') IS NOT NULL"
        ) { row -> Bool in try row.value(0) }
        guard exists == true else { return all.map(\.name) }
        var pending: [String] = []
        for migration in all where try await !isDone(migration, on: connection) {
            pending.append(migration.name)
        }
        return pending
    }

    private func prepare(_ connection: Connection) async throws {
        // Two processes that create the table at once would collide in the catalogue.
        try await inTransaction(connection) {
            try await connection.script(
                """
                CREATE TABLE IF NOT EXISTS schema_migration (
                    number integer PRIMARY KEY CHECK (number > 0),
                    name text NOT NULL,
                    checksum bytea NOT NULL CHECK (octet_length(checksum) = 32),
                    applied_at timestamptz NOT NULL DEFAULT now()
                )
                """)
            let last = try await connection.first(
                "SELECT number, name FROM schema_migration ORDER BY number DESC LIMIT 1"
            ) { row in (number: try row.decode(0, as: Int32.self), name: try row[1] as String) }
            guard let last, Int(last.number) > all.count else { return }
            throw PostgresError(
                .migration,
                "The database has run \(last.name), which this program does not know; "
                    + "run the newer program.")
        }
    }

    private func run(
        _ migration: Migration, on connection: Connection, log: @Sendable (String) -> Void
    ) async throws -> Bool {
        try await inTransaction(connection) {
            guard try await !isDone(migration, on: connection) else { return false }
            log(migration.name)
            do {
                try await connection.script(migration.text)
            } catch let error as PostgresError where !error.isConnectionLost {
                throw PostgresError(
                    .migration, "\(migration.name).sql failed: \(error.message)",
                    sqlState: error.sqlState)
            }
            try await connection.execute(
                """
                INSERT INTO schema_migration (number, name, checksum)
                VALUES (\(migration.number), \(migration.name),
                        sha256(\(Array(migration.text.utf8))))
                """)
            return true
        }
    }

    /// Whether it ran, with this very text.
    private func isDone(_ migration: Migration, on connection: Connection) async throws -> Bool {
        let isSame = try await connection.first(
            """
            SELECT checksum = sha256(\(Array(migration.text.utf8))) AND name = \(migration.name)
            FROM schema_migration WHERE number = \(migration.number)
            """
        ) { row -> Bool in try row.value(0) }
        guard isSame != false else {
            throw PostgresError(
                .migration,
                "\(migration.name).sql was edited after it had run; restore it and put the "
                    + "change into a new migration.")
        }
        return isSame == true
    }

    /// One migrator at a time: the lock is the transaction's and goes with it.
    private func inTransaction<Value: Sendable>(
        _ connection: Connection, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            // The key is "migrate" in ASCII.
            try await connection.script("BEGIN; SELECT pg_advisory_xact_lock(30796665482998885)")
            let value = try await body()
            try await connection.commit()
            return value
        } catch {
            await connection.rollback()
            throw error
        }
    }
}
