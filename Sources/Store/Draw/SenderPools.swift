import Foundation
import Postgres
import Synchronization

/// The numbers of pools, read at most every two seconds: a pool may have thousands, a press wants
/// one.
///
/// A number that was added meanwhile gets its people two seconds later. One that was retired still
/// sends what was drawn for it in that time, as it does with all that waits under it.
final class SenderPools: Sendable {
    struct Pool: Sendable {
        let choice: SenderChoice
        let senders: [UUID]
        fileprivate let readAt: ContinuousClock.Instant
    }

    private struct Key: Hashable {
        var organisation: Int32
        var name: String
    }

    private let known = Mutex([Key: Pool]())
    /// How old a reading may be.
    static let age = Duration.seconds(2)

    /// The numbers of a pool that are not retired; an empty pool is asked for again each time.
    func pool(
        _ name: String, _ organisation: Int32, on connection: Connection
    ) async throws -> Pool {
        let key = Key(organisation: organisation, name: name)
        let now = ContinuousClock.now
        if let pool = known.withLock({ $0[key] }), now - pool.readAt < Self.age { return pool }
        let senders = try await connection.rows(
            """
            SELECT id, segments_per_second FROM sender
            WHERE organisation_id = \(organisation) AND pool = \(name) AND retired_at IS NULL
            """
        ) { row in (id: try row.value(0) as UUID, weight: Double(try row.value(1) as Float)) }
        let pool = Pool(
            choice: SenderChoice(senders), senders: senders.map(\.id), readAt: now)
        known.withLock { known in
            if known.count > 1_000 { known = [:] }
            known[key] = senders.isEmpty ? nil : pool
        }
        return pool
    }
}
