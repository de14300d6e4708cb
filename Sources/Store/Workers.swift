import Foundation
import Postgres

/// Process incarnations that send; the only type that writes `worker`.
package struct Workers: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Writes a fresh incarnation down before it leases anything.
    package func register(incarnation: UUID, host: String, permitPath: String) async throws {
        try await database.execute(
            """
            INSERT INTO worker (incarnation, host, boot_id, permit_path)
            VALUES (\(incarnation), \(host), \(BootInstant.bootID()), \(permitPath))
            """)
    }

    /// Says that it lives, and reads the database's clock and how many workers share the work.
    ///
    /// - Returns: the reading and the number of workers seen within 10 s, this one included.
    package func beat(_ incarnation: UUID) async throws -> (clock: ClockReading, alive: Int) {
        let before = BootInstant.now()
        let answer = try await database.first(
            """
            WITH beat AS (
                UPDATE worker SET heartbeat_at = clock_timestamp() WHERE incarnation = \(incarnation)
            )
            SELECT clock_timestamp(), count(*) FROM worker
            WHERE stopped_at IS NULL AND heartbeat_at > clock_timestamp() - interval '10 s'
            """
        ) { row in (try row.value(0) as Date, try row.value(1) as Int) }
        let (read, alive) = answer ?? (Date(), 1)
        return (ClockReading(read: read, before: before, after: .now()), max(alive, 1))
    }

    /// Ended in good order: nothing of it is left to settle.
    package func stop(_ incarnation: UUID) async throws {
        try await database.execute(
            "UPDATE worker SET stopped_at = clock_timestamp() WHERE incarnation = \(incarnation)")
    }
}
