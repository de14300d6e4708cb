/// A database as the rest of the program sees it: a bounded pool of connections.
package final class Database: Sendable {
    private let settings: ConnectionSettings
    private let pool: ConnectionPool

    /// Reads the URL; connects only when first used.
    ///
    /// - Parameters:
    ///   - url: a libpq connection URL or keyword string.
    ///   - size: how many connections at most; each has a thread.
    ///   - role: taken by `SET ROLE` after connecting.
    ///   - applicationName: shown in `pg_stat_activity`.
    /// - Throws: ``PostgresError`` of kind `badURL`.
    package init(url: String, size: Int, role: String? = nil, applicationName: String) throws {
        settings = try ConnectionSettings(url: url, role: role, applicationName: applicationName)
        pool = ConnectionPool(settings: settings, size: size)
    }

    /// Lends a connection for the length of `body`; leave no transaction open in it.
    package func withConnection<Value: Sendable>(
        _ body: @Sendable (Connection) async throws -> Value
    ) async throws -> Value {
        let connection = try await pool.borrow()
        defer { pool.giveBack(connection) }
        return try await body(connection)
    }

    /// A connection outside the pool, for LISTEN; it closes when the last reference is gone.
    package func openConnection() async throws -> Connection {
        try await Connection.open(settings)
    }

    /// Runs one statement on any connection; see ``Connection/rows(_:decode:)``.
    package func rows<Value: Sendable>(
        _ sql: SQL, decode: @Sendable (borrowing Row) throws -> Value
    ) async throws -> [Value] {
        try await onAnyConnection { try await $0.rows(sql, decode: decode) }
    }

    /// The first row of an answer, if any.
    package func first<Value: Sendable>(
        _ sql: SQL, decode: @Sendable (borrowing Row) throws -> Value
    ) async throws -> Value? {
        try await onAnyConnection { try await $0.first(sql, decode: decode) }
    }

    /// Runs one statement on any connection and gives the number of rows it touched.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int {
        try await onAnyConnection { try await $0.execute(sql) }
    }

    /// Runs `body` in a transaction and commits it.
    ///
    /// All of `body` is run again, after a jittered pause, when the server reports a
    /// serialisation failure (40001) or a deadlock (40P01), and when the connection is lost
    /// before COMMIT is sent: so it must do nothing that a rollback cannot undo. A COMMIT whose
    /// answer is lost is never repeated: it throws an error whose `isCommitUnknown` is true.
    /// - Parameters:
    ///   - organisation: set as `app.organisation` for row-level security, in BEGIN's round trip.
    ///   - attempts: how often `body` runs at most.
    @discardableResult
    package func transaction<Value: Sendable>(
        organisation: Int32? = nil, isolation: Isolation = .readCommitted, attempts: Int = 5,
        _ body: @Sendable (Connection) async throws -> Value
    ) async throws -> Value {
        try await retrying(attempts, { $0.isRetryable }) {
            try await withConnection { connection in
                do {
                    try await connection.begin(organisation: organisation, isolation: isolation)
                    let value = try await body(connection)
                    try await connection.commit()
                    return value
                } catch {
                    await connection.rollback()
                    throw error
                }
            }
        }
    }

    /// Refuses new work and returns when all connections are given back and closed.
    package func close() async { await pool.close() }

    /// Borrows for one statement, again if nothing of it had been sent.
    private func onAnyConnection<Value: Sendable>(
        _ body: @Sendable (Connection) async throws -> Value
    ) async throws -> Value {
        let nothingSent: Set<PostgresError.Kind> = [.unreachable, .lostBeforeSending]
        return try await retrying(5, { nothingSent.contains($0.kind) }) {
            try await withConnection(body)
        }
    }

    private func retrying<Value: Sendable>(
        _ attempts: Int, _ isWorthwhile: (PostgresError) -> Bool,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        for attempt in 1..<max(attempts, 1) {
            do {
                return try await body()
            } catch let error as PostgresError where isWorthwhile(error) {
                try await Task.sleep(for: jitteredPause(afterFailures: attempt))
            }
        }
        return try await body()
    }
}
