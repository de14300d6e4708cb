import CLibPQ
import Synchronization

/// One conversation with PostgreSQL.
///
/// libpq blocks, so each connection brings a thread as its executor: a slow query holds that
/// thread, never one of the few that all other tasks share. It is used by one task at a time;
/// the pool (``Database``) lends it out.
package actor Connection {
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    private let executor: ThreadExecutor
    let handle: ConnectionHandle
    let waker: Waker
    /// Whether a COPY runs: other statements would end it.
    var isCopying = false
    /// Whether LISTEN left state behind that the next borrower would inherit.
    var isListening = false
    /// Whether the pool may lend the connection again: alive, no open transaction, no state.
    nonisolated let isReusable = Atomic<Bool>(true)

    private init(executor: ThreadExecutor, handle: consuming sending ConnectionHandle) throws {
        self.executor = executor
        self.handle = handle
        waker = try Waker()
    }

    /// Connects, on the connection's own thread.
    ///
    /// - Throws: ``PostgresError`` of kind `badURL`, `unreachable` or `refused`.
    static func open(_ settings: ConnectionSettings) async throws -> Connection {
        let executor = try ThreadExecutor()
        return try await Opener(executor: executor).open(settings)
    }

    /// Makes the blocking connect call on the thread that the connection will use.
    private actor Opener {
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            executor.asUnownedSerialExecutor()
        }
        private let executor: ThreadExecutor

        init(executor: ThreadExecutor) { self.executor = executor }

        func open(_ settings: ConnectionSettings) throws -> Connection {
            let handle = try ConnectionHandle(settings)
            if let role = settings.role {
                let quoted = role.split(separator: "\"", omittingEmptySubsequences: false)
                    .joined(separator: "\"\"")
                do {
                    _ = try handle.script("SET ROLE \"\(quoted)\"")
                } catch let error as PostgresError where error.kind == .statement {
                    throw PostgresError(
                        .refused,
                        "PostgreSQL does not give us the role \(role); run barnstorm migrate, "
                            + "then grant it to the user of BARNSTORM_DATABASE_URL.",
                        sqlState: error.sqlState)
                }
            }
            return try Connection(executor: executor, handle: handle)
        }
    }

    /// Runs one statement; `decode` turns each row into a value before the answer is freed.
    package func rows<Value: Sendable>(
        _ sql: SQL, decode: @Sendable (borrowing Row) throws -> Value
    ) throws -> [Value] {
        let result = try run(sql)
        do {
            var values: [Value] = []
            values.reserveCapacity(Int(result.count))
            for index in 0..<result.count { values.append(try decode(result.row(index))) }
            return values
        } catch let error as PostgresError {
            throw error.naming(sql.text)
        }
    }

    /// The first row of an answer, if any.
    package func first<Value: Sendable>(
        _ sql: SQL, decode: @Sendable (borrowing Row) throws -> Value
    ) throws -> Value? {
        let result = try run(sql)
        do {
            return result.count > 0 ? try decode(result.row(0)) : nil
        } catch let error as PostgresError {
            throw error.naming(sql.text)
        }
    }

    /// Runs one statement and gives the number of rows it touched.
    @discardableResult
    package func execute(_ sql: SQL) throws -> Int { try run(sql).affected }

    /// Runs several statements without values, in one round trip and, unless they say otherwise,
    /// one transaction.
    package func script(_ text: String) throws {
        try checkFree()
        defer { noteState() }
        try refuseCopy(try handle.script(text))
    }

    private func run(_ sql: SQL) throws -> QueryResult {
        try checkFree()
        defer { noteState() }
        let result = try handle.execute(sql)
        try refuseCopy(result)
        return result
    }

    /// A COPY that nobody feeds or reads would hold the connection for ever; the pool drops it.
    private func refuseCopy(_ result: borrowing QueryResult) throws {
        guard result.status == PGRES_COPY_IN || result.status == PGRES_COPY_OUT else { return }
        isCopying = true
        throw PostgresError(.misuse, "A COPY to or from the client needs copyIn or copyOut.")
    }

    /// Refuses a statement in the middle of a COPY, which libpq would silently abandon.
    func checkFree() throws {
        guard !isCopying else {
            throw PostgresError(.misuse, "A statement was run while a COPY uses the connection.")
        }
    }

    /// Keeps ``isReusable`` true to the state; local, no round trip.
    func noteState() {
        isReusable.store(handle.isIdle && !isCopying && !isListening, ordering: .releasing)
    }
}
