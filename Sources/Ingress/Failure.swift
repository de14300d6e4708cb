import Postgres

/// Whether an error of a batch may be the fault of one entry in it.
struct Failure {
    /// The schema or a value refuses something, so the others can go on without it; not a lost
    /// connection, an overloaded server or a full disk, which every entry would meet alike.
    let isOfOneEntry: Bool

    init(_ error: any Error) {
        guard let error = error as? PostgresError else {
            isOfOneEntry = !(error is CancellationError)
            return
        }
        // 53 insufficient resources, 57 operator intervention, 58 system error.
        let isOfServer = ["53", "57", "58"].contains { error.sqlState?.hasPrefix($0) == true }
        isOfOneEntry =
            !error.isRetryable && !error.isConnectionLost && !isOfServer
            && (error.kind == .statement || error.kind == .value)
    }
}
