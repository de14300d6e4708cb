import Foundation
import Postgres

/// A number in the hands of one worker, under an epoch.
package struct LeasedSender: Sendable {
    package var organisation: Int32
    package var id: UUID
    package var account: Int32
    package var number: String
    package var service: String?
    package var segmentsPerSecond: Double
    package var dailyCap: Int?
    package var capZone: String
    package var capDay: String?
    package var capUsed: Int
    package var epoch: Int32
    /// End of the last slot given out, by the database's clock.
    package var tat: Date
    /// A new epoch's first slot lies no earlier.
    package var readyAt: Date
}

/// Who holds which number: lease, epoch and rate state of `sender`. What a number *is* (pool, rate,
/// registration) is written by ``Senders``.
///
/// No two workers reserve slots of one number: reserving is a compare-and-set on the epoch, and a
/// new epoch waits until every slot of the old one has passed its gate (P4).
package struct SenderLeases: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// How long a lease holds without a renewal.
    package static let seconds = 10.0
    /// A lease with more than this left is not renewed yet: thousands of numbers are written every few
    /// seconds, not every second.
    static let renewalSeconds = 6.0

    /// Extends all leases of a worker, and takes up to `room` free ones.
    ///
    /// A number that its last holder let go in good order is ready at once; one whose holder went
    /// silent waits until its last slot + 1 s has passed, at least 2 s (DESIGN 4, step 1).
    package func renewAndTake(worker: UUID, room: Int) async throws -> [LeasedSender] {
        try await database.transaction { connection in
            _ = try await connection.execute(
                """
                WITH mine AS MATERIALIZED (
                    SELECT organisation_id, id FROM sender
                    WHERE holder = \(worker) AND lease_until > clock_timestamp()
                      AND lease_until < clock_timestamp() + \(Self.renewalSeconds) * interval '1 s'
                    FOR NO KEY UPDATE SKIP LOCKED  -- one that is reserving right now waits a second
                )
                UPDATE sender s SET lease_until = clock_timestamp() + \(Self.seconds) * interval '1 s'
                FROM mine WHERE s.organisation_id = mine.organisation_id AND s.id = mine.id
                """)
            guard room > 0 else { return [] }
            return try await connection.rows(
                """
                WITH free AS MATERIALIZED (
                    SELECT organisation_id, id FROM sender
                    WHERE \(Self.usableNow) AND lease_until < clock_timestamp()
                    ORDER BY lease_until, id LIMIT \(room) FOR NO KEY UPDATE SKIP LOCKED
                )
                UPDATE sender s SET holder = \(worker), epoch = s.epoch + 1,
                    lease_until = clock_timestamp() + \(Self.seconds) * interval '1 s',
                    ready_at = CASE WHEN s.holder IS NULL THEN s.tat + interval '1 s'
                        ELSE greatest(s.tat + interval '1 s', clock_timestamp() + interval '2 s') END
                FROM free WHERE s.organisation_id = free.organisation_id AND s.id = free.id
                RETURNING s.organisation_id, s.id, s.account_id, s.number, s.service,
                    s.segments_per_second, s.daily_cap, s.cap_zone, s.cap_day::text, s.cap_used,
                    s.epoch, greatest(s.tat, '2000-01-01'), greatest(s.ready_at, '2000-01-01')
                """, decode: Self.leased)
        }
    }

    /// What this worker holds now, with the rate state as written: read again after a failure.
    package func held(by worker: UUID) async throws -> [LeasedSender] {
        try await database.rows(
            """
            SELECT organisation_id, id, account_id, number, service, segments_per_second,
                daily_cap, cap_zone, cap_day::text, cap_used, epoch,
                greatest(tat, '2000-01-01'), greatest(ready_at, '2000-01-01')
            FROM sender
            WHERE holder = \(worker) AND lease_until > clock_timestamp() AND \(Self.usableNow)
            """, decode: Self.leased)
    }

    /// Lets numbers go in good order: nothing of theirs is between attempt and gate.
    package func release(_ senders: [(organisation: Int32, id: UUID)], worker: UUID) async throws {
        guard !senders.isEmpty else { return }
        try await database.execute(
            """
            UPDATE sender s SET holder = NULL, lease_until = '-infinity'
            FROM unnest(\(senders.map(\.organisation)), \(senders.map(\.id))) AS w(o, id)
            WHERE s.organisation_id = w.o AND s.id = w.id AND s.holder = \(worker)
            """)
    }

    /// Ends the leases of a worker that is proven dead, so that its numbers are free at once. It stays
    /// their last holder: whoever takes them over waits until its last slot has passed.
    package func abandon(by worker: UUID) async throws {
        try await database.execute(
            """
            WITH theirs AS MATERIALIZED (
                SELECT organisation_id, id FROM sender
                WHERE holder = \(worker) AND lease_until > clock_timestamp()
                ORDER BY organisation_id, id FOR NO KEY UPDATE
            )
            UPDATE sender s SET lease_until = clock_timestamp()
            FROM theirs WHERE s.organisation_id = theirs.organisation_id AND s.id = theirs.id
            """)
    }

    /// How many numbers could be sent from, by anybody.
    package func usable() async throws -> Int {
        try await database.first(
            "SELECT count(*) FROM sender WHERE \(Self.usableNow)"
        ) { try $0.value(0) as Int } ?? 0
    }

    /// A retired number still sends what waits under it; nothing new is drawn for it.
    private static let usableNow: SQL = """
        quarantined_at IS NULL AND (retired_at IS NULL OR EXISTS (
            SELECT FROM outbox o
            WHERE o.organisation_id = sender.organisation_id AND o.sender_id = sender.id))
        """

    private static let leased: @Sendable (borrowing Row) throws -> LeasedSender = { row in
        LeasedSender(
            organisation: try row.value(0), id: try row.value(1), account: try row.value(2),
            number: try row.value(3), service: try row.value(4),
            segmentsPerSecond: Double(try row.value(5) as Float),
            dailyCap: (try row.value(6) as Int32?).map(Int.init), capZone: try row.value(7),
            capDay: try row.value(8), capUsed: Int(try row.value(9) as Int32),
            epoch: try row.value(10), tat: try row.value(11), readyAt: try row.value(12))
    }
}
