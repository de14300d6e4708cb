import Foundation
import Postgres

/// A round of retention: what one limit took away. Its line in the ledger is the certificate.
package struct Deletion: Sendable, Codable, Equatable {
    package var organisation: Int32
    package var id: UUID
    package var kind: RetentionKind
    /// The limit that held, and the instant it came to.
    package var days: Int
    package var before: Date
    package var startedAt: Date
    /// Rows that went, by what they were.
    package var removed: [String: Int]
    /// Rows that a legal hold kept.
    package var held: Int
    /// SHA-256, rolled over the ids of all rows that went; 64 hexadecimal digits.
    package var digest: String
    /// Nil while it runs, or was interrupted.
    package var finishedAt: Date?
    /// Of the ledger.
    package var line: Int?

    /// Rows that went, of any sort.
    package var total: Int { removed.values.reduce(0, +) }

    static let columns: SQL = """
        organisation_id, id, kind, days, due_before, started_at, removed, held, digest, finished_at,
            line
        """

    init(row: borrowing Row) throws {
        organisation = try row.value(0)
        id = try row.value(1)
        kind = RetentionKind(rawValue: try row.value(2)) ?? .words
        days = Int(try row.value(3) as Int32)
        before = try row.value(4)
        startedAt = try row.value(5)
        removed = try (row.value(6) as JSONB).decode([String: Int].self)
        held = try row.value(7)
        digest = (try row.value(8) as [UInt8]).hex
        finishedAt = try row.value(9)
        line = try row.value(10)
    }
}

/// Rounds of retention; `deletion` is written by the definer functions that it calls alone, and these
/// take no more than the organisation's own limit allows.
///
/// A round goes in batches, each a transaction of its own with its count, so that a crash loses
/// nothing: the next round goes on where it stopped.
package struct Deletions: Sendable {
    let database: Database
    /// Rows of one transaction: people among them are locked until it ends.
    static let batchSize: Int32 = 1_000

    package init(database: Database) { self.database = database }

    /// Takes away what is over its time, of every kind that has a limit.
    ///
    /// - Parameter organisation: of which; nil: of all that set a limit, or have an open round.
    /// - Returns: the rounds that ended, with their certificates.
    @discardableResult
    package func run(organisation: Int32? = nil) async throws -> [Deletion] {
        var ended: [Deletion] = []
        for (house, kind) in try await pending(organisation) {
            if let deletion = try await run(kind, organisation: house) { ended.append(deletion) }
        }
        return ended
    }

    /// One kind of one organisation.
    ///
    /// - Returns: nil if nothing was due.
    package func run(_ kind: RetentionKind, organisation: Int32) async throws -> Deletion? {
        let round = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                "SELECT begin_deletion(\(organisation), \(kind.rawValue), \(UUID.v7()))"
            ) { try $0.value(0) as UUID? }
        }
        guard let round = round ?? nil else { return nil }
        var isOver = false
        while !isOver {
            try Task.checkCancellation()
            isOver = try await database.transaction(organisation: organisation) { connection in
                try await connection.first(
                    "SELECT delete_batch(\(organisation), \(round), \(Self.batchSize))"
                ) { try $0.value(0) as Bool }!
            }
        }
        return try await find(round, organisation: organisation)
    }

    /// The last rounds, the newest first; an open one was interrupted or runs now.
    package func list(organisation: Int32, limit: Int = 100) async throws -> [Deletion] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(Deletion.columns) FROM deletion
                WHERE organisation_id = \(organisation) ORDER BY id DESC LIMIT \(limit)
                """, decode: Deletion.init(row:))
        }
    }

    /// One round; nil if there is none such.
    package func find(_ id: UUID, organisation: Int32) async throws -> Deletion? {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT \(Deletion.columns) FROM deletion
                WHERE organisation_id = \(organisation) AND id = \(id)
                """, decode: Deletion.init(row:))
        }
    }

    /// Takes the night's turn, which one process of all has: from two o'clock (UTC) on, once.
    ///
    /// - Returns: whether this process has it.
    package func takeTurn(now: Date = Date()) async throws -> Bool {
        let due = now.addingTimeInterval(
            -(now.timeIntervalSince1970 - 7_200).truncatingRemainder(dividingBy: 86_400))
        return try await database.execute(
            "UPDATE watermark SET at = \(now) WHERE name = 'retention' AND at < \(due)") == 1
    }

    private func pending(_ organisation: Int32?) async throws -> [(Int32, RetentionKind)] {
        let statement: SQL = """
            SELECT organisation_id, kind FROM retention
            WHERE \(organisation) IS NULL OR organisation_id = \(organisation)
            UNION
            SELECT organisation_id, kind FROM deletion
            WHERE finished_at IS NULL
                AND (\(organisation) IS NULL OR organisation_id = \(organisation))
            ORDER BY 1, 2
            """
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(statement) { row in
                (try row.value(0) as Int32, try row.value(1) as String)
            }
        }
        // People last, so that what they said is counted under its own limit.
        return rows.compactMap { house, kind in
            RetentionKind(rawValue: kind).map { (house, $0) }
        }.sorted { ($0.0, $0.1 == .contacts ? 1 : 0) < ($1.0, $1.1 == .contacts ? 1 : 0) }
    }
}
