import Foundation
import Postgres

/// Tries whose end nobody saw.
extension Outcomes {
    /// What a sweep saw.
    package struct Sweep: Sendable, Equatable {
        /// Tries that came into doubt.
        package var closed = 0
        /// Tries past their deadline whose worker may yet speak for them.
        package var waiting = 0

        package init(closed: Int = 0, waiting: Int = 0) {
            self.closed = closed
            self.waiting = waiting
        }
    }

    /// Closes tries past their deadline as *unknown*, above a stored watermark.
    ///
    /// A worker with a missed heartbeat has 120 s more: restarted, it settles its own tries first
    /// from its permit file. Found by BRIN on the deadline; history is never scanned.
    ///
    /// - Parameter isQuick: only deadlines of the last ``quickSeconds`` are looked at and the
    ///   watermark stays. It trails by ``Attempts/doubtSeconds``, for a commit may be late, so every
    ///   thorough sweep looks at that much history again.
    package func sweep(by worker: UUID, isQuick: Bool = false) async throws -> Sweep {
        try await database.transaction { connection in
            // One sweeper at a time; another one finds nothing left to do.
            let bounds = try await connection.first(
                """
                SELECT at, clock_timestamp() FROM watermark WHERE name = 'attempt_deadline'
                FOR NO KEY UPDATE SKIP LOCKED
                """
            ) { row in (try row.value(0) as Date?, try row.value(1) as Date) }
            guard let (mark, now) = bounds else { return Sweep() }
            let from = isQuick ? now.addingTimeInterval(-Self.quickSeconds) : .distantPast
            let overdue = try await overdue(
                after: max(mark ?? .distantPast, from), now: now, by: worker, on: connection)
            let ripe = overdue.filter(\.isRipe)
            try await closeAsUnknown(ripe, on: connection)
            // Tries that wait for their worker's return keep the watermark below them.
            // So do those behind a full page.
            let unseen = overdue.count < Self.sweepMax ? nil : overdue.last?.deadline
            let waiting = overdue.filter { !$0.isRipe }.map(\.deadline)
            let found = Sweep(
                closed: ripe.count, waiting: waiting.count + (unseen == nil ? 0 : 1))
            if isQuick { return found }
            let next =
                [unseen, waiting.min()].compactMap(\.self).min()?.addingTimeInterval(-0.001)
                ?? now.addingTimeInterval(-Attempts.doubtSeconds)
            _ = try await connection.execute(
                """
                UPDATE watermark SET at = greatest(at, \(next)) WHERE name = 'attempt_deadline'
                """)
            return found
        }
    }

    /// How far back a quick sweep looks: two of its intervals.
    package static let quickSeconds = 10.0
    private static let sweepMax = 5000

    private struct Overdue: Sendable {
        var key: AttemptKey
        var deadline: Date
        var isRipe: Bool
        var campaign: UUID?
        var kind: Int16
    }

    private func overdue(
        after from: Date, now: Date, by worker: UUID, on connection: Connection
    ) async throws -> [Overdue] {
        try await connection.rows(
            """
            SELECT a.organisation_id, a.message_id, a.n, a.deadline,
                -- Our own recorder still has the answers of ours, whatever kept it from writing.
                CASE WHEN a.worker = \(worker) THEN a.deadline < \(now) - interval '600 s'
                    WHEN w.heartbeat_at > \(now) - interval '10 s' AND w.stopped_at IS NULL
                        THEN a.deadline < \(now) - interval '30 s'
                    ELSE a.deadline < \(now) - interval '120 s' END,
                m.campaign_id, m.kind
            FROM attempt a
            JOIN worker w ON w.incarnation = a.worker
            JOIN message m ON m.organisation_id = a.organisation_id AND m.id = a.message_id
            WHERE a.verdict = 1 AND a.deadline > \(from.clamped)
              AND a.deadline <= \(now)
              AND NOT EXISTS (
                SELECT FROM outcome o WHERE o.organisation_id = a.organisation_id
                  AND o.message_id = a.message_id AND o.n = a.n)
            ORDER BY a.deadline LIMIT \(Self.sweepMax)
            """
        ) { row in
            Overdue(
                key: AttemptKey(
                    organisation: try row.value(0), message: try row.value(1),
                    n: try row.value(2)),
                deadline: try row.value(3), isRipe: try row.value(4), campaign: try row.value(5),
                kind: try row.value(6))
        }
    }

    private func closeAsUnknown(_ ripe: [Overdue], on connection: Connection) async throws {
        guard !ripe.isEmpty else { return }
        let keys = ripe.map(\.key)
        _ = try await connection.execute(
            """
            INSERT INTO outcome (organisation_id, message_id, n, result, code)
            SELECT o, m, n, 4, 'no answer recorded'
            FROM unnest(\(keys.map(\.organisation)), \(keys.map(\.message)), \(keys.map(\.n)))
                AS t(o, m, n)
            ON CONFLICT DO NOTHING
            """)
        _ = try await connection.execute(
            """
            INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id)
            SELECT DISTINCT ON (r.organisation_id, r.message_id, r.n)
                r.organisation_id, r.message_id, r.n, 1, 'callback', r.provider_id
            FROM unnest(\(keys.map(\.organisation)), \(keys.map(\.message)), \(keys.map(\.n)))
                AS k(organisation_id, message_id, n)
            JOIN receipt r USING (organisation_id, message_id, n)
            JOIN outcome o USING (organisation_id, message_id, n)
            WHERE o.result = 4
            ON CONFLICT DO NOTHING
            """)
        var amounts: [TallyEntry: Int] = [:]
        for one in ripe where one.kind == MessageKind.first.rawValue {
            guard let campaign = one.campaign else { continue }
            amounts[
                TallyEntry(
                    organisation: one.key.organisation, campaign: campaign, kind: .inDoubt),
                default: 0] += 1
        }
        try await Tallies.add(amounts, on: connection)
    }

    /// Tries of an incarnation that have no outcome: what a restarted worker settles first.
    package func open(of worker: UUID) async throws -> [Closing] {
        try await database.rows(
            """
            SELECT a.organisation_id, a.message_id, a.n, m.kind, m.campaign_id, a.sender_id,
                m.zone_set, m.segments
            FROM attempt a
            JOIN message m ON m.organisation_id = a.organisation_id AND m.id = a.message_id
            WHERE a.worker = \(worker) AND a.verdict = 1
              AND a.deadline > (SELECT at FROM watermark WHERE name = 'attempt_deadline')
              AND NOT EXISTS (
                SELECT FROM outcome o WHERE o.organisation_id = a.organisation_id
                  AND o.message_id = a.message_id AND o.n = a.n)
            """
        ) { row in
            Closing(
                organisation: try row.value(0), message: try row.value(1), n: try row.value(2),
                result: .unknown, providerID: nil, code: nil,
                kind: MessageKind(rawValue: try row.value(3)) ?? .first,
                campaign: try row.value(4), sender: try row.value(5), zoneSet: try row.value(6),
                segments: try row.value(7), dueAt: nil)
        }
    }

    /// Closes tries of an unknown COMMIT as *unsent*, as far as they were written at all: the worker
    /// that wrote them made no permit of them, and only it could have.
    package func recordIfAttempted(_ closings: [Closing], worker: UUID) async throws {
        let written = try await database.rows(
            """
            SELECT organisation_id, message_id, n FROM attempt
            WHERE (organisation_id, message_id, n) IN (
                SELECT * FROM unnest(\(closings.map(\.organisation)), \(closings.map(\.message)),
                    \(closings.map(\.n))))
              AND worker = \(worker) AND verdict = 1
            """
        ) { row in
            AttemptKey(
                organisation: try row.value(0), message: try row.value(1), n: try row.value(2))
        }
        let keys = Set(written)
        try await record(closings.filter { keys.contains($0.key) })
    }

    /// A try in doubt, with what a look-up at the provider needs.
    package struct Doubt: Sendable {
        package var key: AttemptKey
        package var account: Int32
        package var to: String
        package var from: String
        package var service: String?
        package var body: String
        package var slot: Date
        package var closedAt: Date
    }

    /// Tries in doubt without a settlement, closed within a span of ages (seconds).
    package func doubts(
        agedFrom youngest: Double, to oldest: Double, limit: Int
    ) async throws -> [Doubt] {
        try await database.rows(
            """
            SELECT o.organisation_id, o.message_id, o.n, s.account_id, c.number, s.number,
                s.service, m.body, a.slot_at, o.closed_at
            FROM outcome o
            JOIN attempt a USING (organisation_id, message_id, n)
            JOIN message m ON m.organisation_id = o.organisation_id AND m.id = o.message_id
            JOIN contact c ON c.organisation_id = o.organisation_id AND c.id = m.contact_id
            JOIN sender s ON s.organisation_id = o.organisation_id AND s.id = a.sender_id
            WHERE o.result = 4 AND c.number IS NOT NULL
              AND o.closed_at <= clock_timestamp() - \(youngest) * interval '1 s'
              AND o.closed_at > clock_timestamp() - \(oldest) * interval '1 s'
              AND NOT EXISTS (
                SELECT FROM settlement t WHERE t.organisation_id = o.organisation_id
                  AND t.message_id = o.message_id AND t.n = o.n)
            ORDER BY o.closed_at LIMIT \(limit)
            """
        ) { row in
            Doubt(
                key: AttemptKey(
                    organisation: try row.value(0), message: try row.value(1),
                    n: try row.value(2)),
                account: try row.value(3), to: try row.value(4), from: try row.value(5),
                service: try row.value(6), body: try row.value(7), slot: try row.value(8),
                closedAt: try row.value(9))
        }
    }
}

extension Date {
    /// PostgreSQL's timestamps begin in 4713 BC; Foundation's distant past is after that, but
    /// arithmetic on it need not be.
    fileprivate var clamped: Date { max(self, Date(timeIntervalSince1970: 0)) }
}

extension Outcomes {
    /// Settles a doubt as accepted, with the provider's id as proof.
    package func settle(_ key: AttemptKey, accepted providerID: String, how: String) async throws {
        try await database.transaction { connection in
            try await Self.settle(key, accepted: providerID, how: how, on: connection)
        }
    }

    static func settle(
        _ key: AttemptKey, accepted providerID: String, how: String, on connection: Connection
    ) async throws {
        let settled = try await connection.execute(
            """
            INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id)
            VALUES (\(key.organisation), \(key.message), \(key.n), 1, \(how), \(providerID))
            ON CONFLICT DO NOTHING
            """)
        guard settled > 0 else { return }
        let campaign = try await connection.first(
            """
            SELECT campaign_id FROM message
            WHERE organisation_id = \(key.organisation) AND id = \(key.message) AND kind = 1
            """
        ) { try $0.value(0) as UUID? }
        guard let campaign = campaign ?? nil else { return }
        try await Tallies.add(
            [
                TallyEntry(organisation: key.organisation, campaign: campaign, kind: .settled): 1
            ], on: connection)
    }

    /// Writes the closing row of a try that was read back from the provider's list.
    static func remember(_ closing: Closing, on connection: Connection) async throws {
        let fresh = try await insert([closing], on: connection)
        guard fresh.contains(closing.key) else { return }
        try await Tallies.add(
            Dictionary(closing.tallies, uniquingKeysWith: +), on: connection)
    }

    /// Which of these provider ids belong to other tries of the same person: only those could be
    /// mistaken for this one.
    package func boundProviderIDs(_ ids: [String], near doubt: Doubt) async throws -> Set<String> {
        guard !ids.isEmpty else { return [] }
        let rows = try await database.rows(
            """
            WITH mine AS (
                SELECT m.contact_id FROM message m
                WHERE m.organisation_id = \(doubt.key.organisation) AND m.id = \(doubt.key.message)
            ), texts AS (
                SELECT r.message_id AS id FROM recipient r JOIN mine USING (contact_id)
                WHERE r.organisation_id = \(doubt.key.organisation)
                UNION
                SELECT m.id FROM message m JOIN mine USING (contact_id)
                WHERE m.organisation_id = \(doubt.key.organisation) AND m.kind <> 1
            )
            SELECT o.provider_id FROM outcome o JOIN texts ON texts.id = o.message_id
            WHERE o.organisation_id = \(doubt.key.organisation) AND o.provider_id = ANY(\(ids))
            UNION
            SELECT s.provider_id FROM settlement s JOIN texts ON texts.id = s.message_id
            WHERE s.organisation_id = \(doubt.key.organisation) AND s.provider_id = ANY(\(ids))
            """
        ) { try $0.value(0) as String }
        return Set(rows)
    }
}
