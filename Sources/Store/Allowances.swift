import Foundation
import Postgres

/// Units that one batch uses of a cap that spans numbers.
package struct Spend: Sendable, Hashable {
    package var scope: String
    package var window: String
    package var amount: Int

    package init(scope: String, window: String, amount: Int) {
        self.scope = scope
        self.window = window
        self.amount = amount
    }
}

/// Caps that span numbers, and what each worker was granted of them; writes both tables.
///
/// A worker takes a chunk in a short transaction of its own and spends it inside its attempts, so
/// that no row is hot. A window is a key made of the period the slot falls into, never reset. What a
/// crashed worker had been granted and not used stays granted until it is fenced: caps err low.
package enum Allowances {
    /// A share does not cover the batch; nothing was committed. Ask for a grant, or wait.
    package struct Exhausted: Error {
        package var scopes: Set<String>
    }

    /// The organisation of caps that organisations share: an account's rate.
    package static let shared: Int32 = 0

    /// Forgets an account's seconds that are long past.
    static func prune(before window: String, on database: Database) async throws {
        for table in ["allowance", "allowance_share"] {
            try await database.execute(
                """
                DELETE FROM \(raw: table)
                WHERE organisation_id = 0 AND scope LIKE 'account:%' AND window_key < \(window)
                """)
        }
    }

    /// Makes sure that a cap exists. A later, other cap replaces it, but never below what is granted.
    package static func declare(
        scope: String, window: String, cap: Int, organisation: Int32, on database: Database
    ) async throws {
        try await database.execute(
            """
            INSERT INTO allowance AS a (organisation_id, scope, window_key, cap)
            VALUES (\(organisation), \(scope), \(window), \(cap))
            ON CONFLICT (organisation_id, scope, window_key)
            DO UPDATE SET cap = greatest(excluded.cap, a.granted) WHERE a.cap <> excluded.cap
            """)
    }

    /// Takes up to `wanted` more units of a cap for a worker.
    ///
    /// - Returns: the units this worker now has left; 0 when the cap is used up.
    package static func grant(
        scope: String, window: String, wanted: Int, organisation: Int32, worker: UUID,
        on database: Database
    ) async throws -> Int {
        try await database.transaction { connection in
            let free =
                try await connection.first(
                    """
                    SELECT least(\(wanted), cap - granted) FROM allowance
                    WHERE organisation_id = \(organisation) AND scope = \(scope)
                      AND window_key = \(window) FOR NO KEY UPDATE
                    """
                ) { try $0.value(0) as Int } ?? 0
            if free > 0 {
                _ = try await connection.execute(
                    """
                    UPDATE allowance SET granted = granted + \(free)
                    WHERE organisation_id = \(organisation) AND scope = \(scope)
                      AND window_key = \(window)
                    """)
            }
            return try await connection.first(
                """
                INSERT INTO allowance_share AS s (organisation_id, scope, window_key, worker, granted)
                VALUES (\(organisation), \(scope), \(window), \(worker), \(max(free, 0)))
                ON CONFLICT (organisation_id, scope, window_key, worker)
                DO UPDATE SET granted = s.granted + excluded.granted
                RETURNING granted - used
                """
            ) { try $0.value(0) as Int } ?? 0
        }
    }

    /// Uses granted units inside an attempt's transaction.
    static func spend(
        _ spends: [Spend], organisation: Int32, worker: UUID, on connection: Connection
    ) async throws {
        guard !spends.isEmpty else { return }
        let ordered = spends.sorted { ($0.scope, $0.window) < ($1.scope, $1.window) }
        let done = try await connection.rows(
            """
            UPDATE allowance_share s SET used = s.used + w.amount
            FROM unnest(\(ordered.map(\.scope)), \(ordered.map(\.window)), \(ordered.map(\.amount)))
                AS w(scope, window_key, amount)
            WHERE s.organisation_id = \(organisation) AND s.worker = \(worker)
              AND s.scope = w.scope AND s.window_key = w.window_key
              AND s.used + w.amount <= s.granted
            RETURNING s.scope
            """
        ) { try $0.value(0) as String }
        guard done.count == ordered.count else {
            throw Exhausted(scopes: Set(ordered.map(\.scope)).subtracting(done))
        }
    }

    /// Gives back what an incarnation was granted and never used, once it is proven dead: its last
    /// attempt has an outcome and its lease is gone.
    package static func giveBack(worker: UUID, on database: Database) async throws {
        try await database.transaction { connection in
            let shares = try await connection.rows(
                """
                SELECT organisation_id, scope, window_key, granted - used FROM allowance_share
                WHERE worker = \(worker) AND granted > used
                ORDER BY organisation_id, scope, window_key FOR NO KEY UPDATE
                """
            ) { row in
                (
                    try row.value(0) as Int32, try row.value(1) as String,
                    try row.value(2) as String, try row.value(3) as Int
                )
            }
            for (organisation, scope, window, unused) in shares {
                _ = try await connection.execute(
                    """
                    UPDATE allowance SET granted = granted - \(unused)
                    WHERE organisation_id = \(organisation) AND scope = \(scope)
                      AND window_key = \(window)
                    """)
                _ = try await connection.execute(
                    """
                    UPDATE allowance_share SET granted = used
                    WHERE organisation_id = \(organisation) AND scope = \(scope)
                      AND window_key = \(window) AND worker = \(worker)
                    """)
            }
        }
    }
}
