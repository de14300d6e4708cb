import Foundation
import Postgres

/// Where the people of a campaign are, counted from the facts.
///
/// It adds up at any moment: recipients = in lanes + leased + drawn, and drawn = queued + accepted +
/// rejected + suppressed + expired + cancelled + in doubt. Delivered and undelivered are parts of
/// accepted. A text that a person re-created counts as one more drawn, and as one more recipient.
package struct CampaignStatus: Sendable, Equatable, Codable {
    package var recipients = 0
    package var inLanes = 0
    /// In texters' hands, returned ones included.
    package var leased = 0
    package var drawn = 0
    /// No attempt yet, one under way, or proven unsent and waiting for the next.
    package var queued = 0
    package var accepted = 0
    package var rejected = 0
    package var suppressed = 0
    package var expired = 0
    package var cancelled = 0
    package var inDoubt = 0
    package var delivered = 0
    package var undelivered = 0
    package var replies = 0
    package var optOuts = 0
    /// Of the texts that were accepted.
    package var segments = 0

    /// Whether both sums hold; `false` is a fault of ours that `doctor` reports.
    package var addsUp: Bool {
        recipients == inLanes + leased + drawn
            && drawn
                == queued + accepted + rejected + suppressed + expired + cancelled + inDoubt
            && delivered + undelivered <= accepted
    }

    init(row: borrowing Row) throws {
        inLanes = try row.value(0)
        leased = try row.value(1)
        drawn = try row.value(2)
        queued = try row.value(3)
        accepted = try row.value(4)
        rejected = try row.value(5)
        suppressed = try row.value(6)
        expired = try row.value(7)
        cancelled = try row.value(8)
        inDoubt = try row.value(9)
        delivered = try row.value(10)
        undelivered = try row.value(11)
        segments = try row.value(12)
        replies = try row.value(13)
        optOuts = try row.value(14)
        recipients = (try row.value(15) as Int) + (try row.value(16) as Int)
    }
}

extension Campaigns {
    /// Counts a campaign's facts, all in one statement and so at one instant.
    ///
    /// Costs a few microseconds per text drawn; ``totals(of:organisation:)`` is for displays that
    /// move.
    package func status(of campaign: UUID, organisation: Int32) async throws -> CampaignStatus {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.script("SET LOCAL work_mem = '64MB'")
            return try await connection.first(
                Self.statusStatement(campaign, organisation), decode: CampaignStatus.init(row:))!
        }
    }

    /// What dashboards show, from the running totals: texts by what became of them.
    package func totals(
        of campaign: UUID, organisation: Int32
    ) async throws -> [TallyKind: Int] {
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT kind, sum(amount)::bigint FROM tally
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign) GROUP BY kind
                """
            ) { row in (TallyKind(rawValue: try row.value(0)), try row.value(1) as Int) }
        }
        return rows.reduce(into: [:]) { sums, row in
            if let kind = row.0 { sums[kind] = row.1 }
        }
    }

    /// A text is drawn when it stands in `message`; each is read from its last try. `settled` is how
    /// an unknown ended, if it has.
    private static func statusStatement(_ campaign: UUID, _ organisation: Int32) -> SQL {
        """
        WITH lanes AS (
            SELECT id, size, next_position FROM lane
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
        ), taken AS (
            SELECT r.message_id AS id FROM lanes l JOIN recipient r
                ON r.organisation_id = \(organisation) AND r.lane_id = l.id
                AND r.position < l.next_position
        ), drawn AS (
            SELECT m.id, m.segments FROM taken t
            JOIN message m ON m.organisation_id = \(organisation) AND m.id = t.id
            UNION ALL
            SELECT m.id, m.segments FROM message m
            WHERE m.organisation_id = \(organisation) AND m.campaign_id = \(campaign)
                AND m.replaces IS NOT NULL AND m.kind = 1
        ), last AS (
            SELECT d.id, d.segments, a.n, a.verdict, o.result, s.result AS settled
            FROM drawn d
            LEFT JOIN LATERAL (
                SELECT n, verdict FROM attempt
                WHERE organisation_id = \(organisation) AND message_id = d.id
                ORDER BY n DESC LIMIT 1) a ON true
            LEFT JOIN outcome o ON o.organisation_id = \(organisation) AND o.message_id = d.id
                AND o.n = a.n
            LEFT JOIN settlement s ON s.organisation_id = \(organisation) AND s.message_id = d.id
                AND s.n = a.n
        ), judged AS (
            SELECT id, n, segments, CASE
                WHEN verdict IS NULL THEN 'queued'
                WHEN verdict = 2 THEN 'suppressed'
                WHEN verdict = 3 THEN 'expired'
                WHEN verdict = 4 THEN 'cancelled'
                WHEN result IS NULL OR result = 3 THEN 'queued'
                WHEN result = 1 OR settled = 1 THEN 'accepted'
                WHEN result = 2 OR settled = 2 THEN 'rejected'
                ELSE 'in_doubt' END AS fate
            FROM last
        ), reported AS (
            SELECT j.fate, j.segments, (
                SELECT CASE WHEN bool_or(status = 4) THEN 'delivered'
                    WHEN bool_or(status IN (5, 6)) THEN 'undelivered' END
                FROM receipt r
                WHERE r.organisation_id = \(organisation) AND r.message_id = j.id AND r.n = j.n
                    AND j.fate = 'accepted') AS report
            FROM judged j
        ), inbound AS (
            SELECT count(*) AS replies, count(*) FILTER (WHERE meaning = 'opt_out') AS stops
            FROM message WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND kind = 6
        )
        SELECT (SELECT coalesce(sum(size - next_position + 1), 0)::bigint FROM lanes),
            (SELECT count(*) FROM lease
             WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)),
            count(*), count(*) FILTER (WHERE fate = 'queued'),
            count(*) FILTER (WHERE fate = 'accepted'), count(*) FILTER (WHERE fate = 'rejected'),
            count(*) FILTER (WHERE fate = 'suppressed'), count(*) FILTER (WHERE fate = 'expired'),
            count(*) FILTER (WHERE fate = 'cancelled'), count(*) FILTER (WHERE fate = 'in_doubt'),
            count(*) FILTER (WHERE report = 'delivered'),
            count(*) FILTER (WHERE report = 'undelivered'),
            coalesce(sum(segments) FILTER (WHERE fate = 'accepted'), 0)::bigint,
            (SELECT replies FROM inbound), (SELECT stops FROM inbound),
            (SELECT coalesce(sum(size), 0)::bigint FROM lanes),
            (SELECT count(*) FROM message m WHERE m.organisation_id = \(organisation)
                AND m.campaign_id = \(campaign) AND m.replaces IS NOT NULL AND m.kind = 1)
        FROM reported
        """
    }
}
