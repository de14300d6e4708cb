import CLibPQ

/// How much a transaction sees of others (PostgreSQL manual 13.2).
package enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

extension Connection {
    /// Starts a transaction in one round trip.
    ///
    /// - Parameter organisation: set as `app.organisation` for this transaction only, which
    ///   row-level security reads.
    package func begin(
        organisation: Int32? = nil, isolation: Isolation = .readCommitted
    ) throws {
        var text = "BEGIN"
        if isolation != .readCommitted { text += " ISOLATION LEVEL \(isolation.rawValue)" }
        if let organisation { text += "; SET LOCAL app.organisation = '\(organisation)'" }
        try script(text)
    }

    /// Ends the transaction, durably.
    ///
    /// - Throws: ``PostgresError``: `commitUnknown` if the connection broke after COMMIT had been
    ///   sent; SQLSTATE 25P02 if the server rolled back because a statement had failed.
    package func commit() throws {
        try checkFree()
        defer { noteState() }
        let command: String
        do {
            command = try handle.script("COMMIT").command
        } catch let error as PostgresError where error.kind != .lostBeforeSending {
            // 08007, 40003: the server itself cannot tell.
            guard error.isConnectionLost || ["08007", "40003"].contains(error.sqlState) else {
                throw error
            }
            throw PostgresError.commitUnknown(error.message)
        }
        guard command == "COMMIT" else {
            throw PostgresError(
                .statement, "The transaction was rolled back: a statement in it had failed.",
                sqlState: "25P02", statement: "COMMIT")
        }
    }

    /// Gives the transaction up; a dead connection counts as rolled back.
    package func rollback() {
        defer { noteState() }
        guard handle.isAlive, !isCopying, PQtransactionStatus(handle.pointer) != PQTRANS_IDLE
        else { return }
        _ = try? handle.script("ROLLBACK")
    }
}
