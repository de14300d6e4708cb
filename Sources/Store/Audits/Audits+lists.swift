import Foundation
import Postgres

extension Audits {
    /// Lists with their source, who brought them, on what basis, and why rows were dropped.
    ///
    /// - Parameter list: an import's id, or its file name; nil is all.
    package func imports(
        organisation: Int32, list: String? = nil
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("import")
            answer.columns = [
                "import", "file", "sha256", "at", "by", "campaign", "basis", "state", "read",
                "good", "duplicate", "opted out", "landline", "unlikely", "rejected",
            ]
            answer.rows = try await connection.rows(
                """
                SELECT i.id::text, i.file_name, encode(i.sha256, 'hex'),
                    to_char(i.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    coalesce(m.name, ''), coalesce(c.name, ''), i.consent_source, i.state,
                    i.rows_read::text, i.rows_good::text, i.rows_duplicate::text,
                    i.rows_opted_out::text, i.rows_landline::text, i.rows_unlikely::text,
                    i.rows_rejected::text
                FROM import i
                LEFT JOIN member m ON m.organisation_id = i.organisation_id
                    AND m.id = i.created_by
                LEFT JOIN campaign c ON c.organisation_id = i.organisation_id
                    AND c.id = i.campaign_id
                WHERE i.organisation_id = \(organisation)
                  AND (\(list) IS NULL OR i.id::text = \(list) OR i.file_name = \(list))
                ORDER BY i.id
                """
            ) { row in try (0..<15).map { try row.value($0) as String } }
            answer.counts = ["lists": answer.rows.count]
            for (reason, rows) in try await Self.rejects(organisation, list, on: connection) {
                answer.counts["rejected: \(reason)"] = rows
            }
            try await answer.add(
                Self.strayLists(organisation, list), on: connection)
            return answer
        }
    }

    private static func rejects(
        _ organisation: Int32, _ list: String?, on connection: Connection
    ) async throws -> [(String, Int)] {
        try await connection.rows(
            """
            SELECT r.reason, count(*) FROM import_reject r
            JOIN import i ON i.organisation_id = r.organisation_id AND i.id = r.import_id
            WHERE r.organisation_id = \(organisation)
              AND (\(list) IS NULL OR i.id::text = \(list) OR i.file_name = \(list))
              AND NOT r.reason = ANY(\(Imports.doubleReasons))
            GROUP BY 1
            """
        ) { row in (try row.value(0), try row.value(1)) }
    }

    /// Lists that say something else than their line in the ledger.
    private static func strayLists(_ organisation: Int32, _ list: String?) -> SQL {
        """
        \(finding(
            "list_differs_from_log",
            "'The list ' || i.file_name || ' is not what its line in the log says.'",
            at: "i.done_at"))
        FROM import i
        LEFT JOIN LATERAL (
            SELECT l.entry::jsonb -> 'details' AS d FROM ledger l
            WHERE l.organisation_id = i.organisation_id AND l.kind = 'import'
              AND l.entry::jsonb #>> '{details,import}' = i.id::text
              AND l.entry::jsonb #>> '{details,sha256}' IS NOT NULL
            ORDER BY l.seq LIMIT 1) l ON true
        WHERE i.organisation_id = \(organisation) AND i.state = 'done'
          AND (\(list) IS NULL OR i.id::text = \(list) OR i.file_name = \(list))
          AND (d IS NULL OR d ->> 'sha256' <> encode(i.sha256, 'hex')
            OR (d ->> 'read')::bigint <> i.rows_read OR (d ->> 'good')::bigint <> i.rows_good
            OR d ->> 'consent_source' <> i.consent_source)
        """
    }

    /// Texts sent and received, by day and number, and by day and campaign.
    package func volume(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("volume")
            answer.columns = ["day (UTC)", "by", "name", "sent", "received"]
            let numbers = try await connection.rows(
                Self.byNumber(organisation, span), decode: Self.volumeRow)
            let campaigns = try await connection.rows(
                Self.byCampaign(organisation, span), decode: Self.volumeRow)
            answer.rows = numbers + campaigns
            answer.counts = [
                "sent": numbers.reduce(0) { $0 + (Int($1[3]) ?? 0) },
                "received": numbers.reduce(0) { $0 + (Int($1[4]) ?? 0) },
            ]
            return answer
        }
    }

    private static func volumeRow(_ row: borrowing Row) throws -> [String] {
        [
            try row.value(0), try row.value(1), try row.value(2), try row.value(3),
            try row.value(4),
        ]
    }

    private static func byNumber(_ organisation: Int32, _ span: Span) -> SQL {
        """
        SELECT d.day::text, 'number', coalesce(s.number, 'unknown'), sum(d.sent)::text,
            sum(d.received)::text
        FROM (
            SELECT (a.slot_at AT TIME ZONE 'UTC')::date AS day, a.sender_id, count(*) AS sent,
                0 AS received
            FROM attempt a
            WHERE a.organisation_id = \(organisation) AND a.verdict = 1 AND \(during(span))
            GROUP BY 1, 2
            UNION ALL
            SELECT (m.created_at AT TIME ZONE 'UTC')::date, m.sender_id, 0, count(*)
            FROM message m
            WHERE m.organisation_id = \(organisation) AND m.kind = 6
              AND m.created_at >= \(span.since) AND m.created_at <= \(span.until)
            GROUP BY 1, 2
        ) d
        LEFT JOIN sender s ON s.organisation_id = \(organisation) AND s.id = d.sender_id
        GROUP BY 1, 3 ORDER BY 1, 3
        """
    }

    /// From the tallies, which the dashboards sum as well.
    private static func byCampaign(_ organisation: Int32, _ span: Span) -> SQL {
        """
        SELECT (t.minute AT TIME ZONE 'UTC')::date::text, 'campaign', coalesce(c.name, 'unknown'),
            coalesce(sum(t.amount) FILTER (WHERE t.kind = \(TallyKind.accepted.rawValue)), 0)::text,
            coalesce(sum(t.amount) FILTER (WHERE t.kind = \(TallyKind.replies.rawValue)), 0)::text
        FROM tally t
        LEFT JOIN campaign c ON c.organisation_id = t.organisation_id AND c.id = t.campaign_id
        WHERE t.organisation_id = \(organisation) AND t.minute >= \(span.since)
          AND t.minute <= \(span.until)
        GROUP BY 1, 3 ORDER BY 1, 3
        """
    }
}
