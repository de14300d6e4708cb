/// Why PostgreSQL or the way to it failed; names the statement, never a value.
///
/// The server's DETAIL and CONTEXT fields quote rows and are dropped; what a data exception
/// (SQLSTATE class 22) quotes is replaced by an ellipsis.
package struct PostgresError: Error, Equatable, CustomStringConvertible {
    /// What a caller can do about it.
    package enum Kind: Sendable, Equatable {
        /// The connection string cannot be read: wrong usage, exit code 64.
        case badURL
        /// Nobody answered at the address, or the server is starting: exit code 69.
        case unreachable
        /// The server answered and refused this user, password or database: exit code 69.
        case refused
        /// The server refused a statement; ``PostgresError/sqlState`` tells why.
        case statement
        /// The connection was found dead before a byte of the statement left.
        case lostBeforeSending
        /// The connection broke while a statement ran; outside a transaction it may have worked.
        case lost
        /// The connection broke after COMMIT had been sent: done or not, nobody can tell.
        case commitUnknown
        /// A value cannot be sent (text with a NUL) or does not fit the type that was asked for.
        case value
        /// The connection or pool was used against its rules (closed, in the middle of a COPY).
        case misuse
        /// A migration file does not fit what was run before; exit code 65.
        case migration
    }

    package let kind: Kind
    /// A sentence of what happened.
    package let message: String
    /// Five characters of the standard, `nil` if the error was born on this side.
    package let sqlState: String?
    /// The text of the statement with `$n` in the place of values, shortened.
    package let statement: String?
    /// The constraint that was violated, if the server named one.
    package let constraint: String?

    package init(
        _ kind: Kind, _ message: String, sqlState: String? = nil, statement: String? = nil,
        constraint: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.statement = statement.map(Self.shortened)
        self.constraint = constraint
    }

    /// Whether the whole transaction may be run again: serialisation failure, deadlock, or a
    /// connection that was lost before COMMIT was sent.
    package var isRetryable: Bool {
        switch kind {
        case .unreachable, .lostBeforeSending, .lost: true
        default: sqlState == "40001" || sqlState == "40P01"
        }
    }

    /// Whether the connection is gone (or never came to be).
    package var isConnectionLost: Bool {
        switch kind {
        case .unreachable, .lostBeforeSending, .lost, .commitUnknown: true
        default: false
        }
    }

    /// Whether a COMMIT was sent whose answer never came.
    package var isCommitUnknown: Bool { kind == .commitUnknown }

    package var description: String {
        var text = message
        if let sqlState { text += " (SQLSTATE \(sqlState))" }
        if let statement { text += " in: \(statement)" }
        return text
    }

    /// A COMMIT whose answer was lost.
    static func commitUnknown(_ reason: String) -> PostgresError {
        PostgresError(
            .commitUnknown,
            "The connection broke after COMMIT was sent, so the transaction may or may not be "
                + "done; look before doing it again: \(reason)")
    }

    /// The error with the statement that caused it, for errors born below the statement.
    func naming(_ text: String) -> PostgresError {
        PostgresError(
            kind, message, sqlState: sqlState, statement: statement ?? text,
            constraint: constraint)
    }

    /// One line of at most 400 characters.
    private static func shortened(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count <= 400 ? words : words.prefix(399) + "…"
    }
}
