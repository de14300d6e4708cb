import Foundation
import Postgres
import Secrets

/// One line of an organisation's log, as it stands.
package struct LedgerLine: Sendable {
    package var seq: Int
    package var at: Date
    package var kind: String
    package var contact: UUID?
    /// The JSON text that is hashed; it names the hash before it.
    package var entry: String
    package var previous: [UInt8]
    package var hash: [UInt8]
}

/// The hash-linked log of stops, starts, settings, imports, exports, reveals and erasures.
///
/// It is written by the SQL function `ledger_append` alone; nobody has the right to change it, and
/// whoever took it leaves a trace that ``verify(organisation:)`` finds.
package struct Ledger: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// What a line is about.
    package enum Kind: String, Sendable {
        case stop, start, setting, export, reveal, erasure
        case importDone = "import"
        case wrongNumber = "wrong number"
        /// A texter took their own tap back within six seconds.
        case takenBack = "stop taken back"
        /// A reply that waited for a person was decided, or not in time.
        case review
        case settlement
        /// A step of a stop, request or complaint that no reply carried.
        case request
        /// A legal hold was placed or released.
        case hold
        /// Things were deleted because their time was over: the certificate.
        case retention
        /// Undoing a stop was asked for, or refused; done, it is a `start`.
        case undo
    }

    /// Appends a line. Locks the chain's head, so it comes after every other lock of the
    /// transaction, organisations in ascending order.
    ///
    /// - Returns: the line's number, from 1 without gaps.
    @discardableResult
    package static func append(
        _ organisation: Int32, _ kind: Kind, contact: UUID? = nil, details: some Encodable,
        on connection: Connection
    ) async throws -> Int {
        let details = try JSONB(encoding: details)
        let line: SQL = """
            SELECT ledger_append(\(organisation), \(kind.rawValue), \(contact), \(details))
            """
        return try await connection.first(line) { try $0.value(0) as Int }!
    }

    /// Lines from number `first` on, in order.
    package func lines(
        organisation: Int32, from first: Int = 1, limit: Int = 1_000
    ) async throws -> [LedgerLine] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT seq, at, kind, contact_id, entry, prev_hash, hash FROM ledger
                WHERE organisation_id = \(organisation) AND seq >= \(first)
                ORDER BY seq LIMIT \(limit)
                """
            ) { row in
                LedgerLine(
                    seq: try row.value(0), at: try row.value(1), kind: try row.value(2),
                    contact: try row.value(3), entry: try row.value(4), previous: try row.value(5),
                    hash: try row.value(6))
            }
        }
    }
}
