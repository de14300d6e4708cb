import Foundation
import Postgres

/// Which database answers, and how far its log has come.
package struct ClusterSighting: Sendable, Equatable {
    /// System identifier and timeline.
    package var identity: String
    /// Octets of write-ahead log since its beginning.
    package var position: Int

    package init(identity: String, position: Int) {
        self.identity = identity
        self.position = position
    }
}

/// Notices a failover or a restore and puts every number into quarantine; writes `cluster`.
///
/// What an asynchronous primary had committed, or what came after a backup, may be forgotten: a
/// lost attempt would be a second text, a lost stop a text too many (reference/reliability 2.9).
package struct Cluster: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Compares the database with the one seen before.
    ///
    /// A restored copy of a disk keeps its identity, but its log lies behind what a worker saw.
    ///
    /// - Parameter last: what this worker saw last; nil if it knows nothing.
    /// - Returns: what is there now, and how many numbers came into quarantine because of it.
    package func look(
        after last: ClusterSighting?
    ) async throws -> (sighting: ClusterSighting, quarantined: Int) {
        let answer = try await database.first(
            """
            SELECT cluster_identity(), (pg_current_wal_lsn() - '0/0')::int8,
                (SELECT identity FROM cluster)
            """
        ) { row in
            (
                ClusterSighting(identity: try row.value(0), position: try row.value(1)),
                try row.value(2) as String
            )
        }
        guard let (sighting, known) = answer else {
            throw PostgresError(.statement, "The table cluster is empty: nothing is sent.")
        }
        let isBehind =
            last.map { $0.identity == sighting.identity && $0.position > sighting.position }
            ?? false
        guard known != sighting.identity || isBehind else { return (sighting, 0) }
        let reason = isBehind ? "the database was restored" : "another database took over"
        return (sighting, try await quarantine(sighting, because: reason))
    }

    private func quarantine(
        _ sighting: ClusterSighting, because reason: String
    ) async throws -> Int {
        try await database.transaction { connection in
            let rows = try await connection.rows(
                """
                WITH resting AS MATERIALIZED (
                    SELECT organisation_id, id FROM sender
                    WHERE retired_at IS NULL AND quarantined_at IS NULL
                    ORDER BY organisation_id, id FOR NO KEY UPDATE
                )
                UPDATE sender s SET quarantined_at = clock_timestamp() FROM resting r
                WHERE s.organisation_id = r.organisation_id AND s.id = r.id
                RETURNING s.organisation_id
                """
            ) { try $0.value(0) as Int32 }
            _ = try await connection.execute(
                """
                UPDATE cluster SET identity = \(sighting.identity), seen_at = clock_timestamp()
                WHERE identity <> \(sighting.identity)
                """)
            for organisation in Set(rows).sorted() {
                try await SettingChanges.record(
                    organisation,
                    [
                        "setting": "senders quarantined", "reason": reason,
                        "count": "\(rows.count { $0 == organisation })",
                    ], on: connection)
            }
            return rows.count
        }
    }
}
