import Foundation
import Postgres
import Texting

extension Audits {
    /// Replies that wait because they may be a stop: how many, how old, decided by whom or by the
    /// clock. One that is past its hour is a violation.
    package func unreviewed(organisation: Int32, now: Date = Date()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("unreviewed")
            answer.counts =
                try await connection.first(
                    """
                    SELECT count(*) FILTER (WHERE decided_at IS NULL),
                        count(*) FILTER (WHERE decision = 'timeout'),
                        count(*) FILTER (WHERE decision IS NOT NULL AND decision <> 'timeout')
                    FROM review WHERE organisation_id = \(organisation)
                    """
                ) { row in
                    [
                        "waiting": try row.value(0) as Int, "by_the_clock": try row.value(1) as Int,
                        "by_people": try row.value(2) as Int,
                    ]
                } ?? [:]
            answer.columns = ["text", "contact", "read as", "rule", "due"]
            answer.rows = try await connection.rows(
                """
                SELECT message_id::text, contact_id::text, meaning, rule,
                    to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
                FROM review WHERE organisation_id = \(organisation) AND decided_at IS NULL
                ORDER BY due_at LIMIT 1000
                """
            ) { row in try (0..<5).map { try row.value($0) as String } }
            try await answer.add(
                """
                \(Self.finding(
                        "review_overdue", "'Waited longer than a day and was not decided.'",
                        message: "message_id", contact: "contact_id", at: "due_at"))
                FROM review WHERE organisation_id = \(organisation) AND decided_at IS NULL
                  AND due_at < \(now.addingTimeInterval(-60))
                """, on: connection)
            return answer
        }
    }

    /// Stops by source, rule, version of the detector and person, and what was taken back.
    package func detector(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("detector")
            answer.columns = ["what", "source", "rule", "version", "member", "times"]
            answer.rows = try await connection.rows(
                """
                SELECT l.kind, coalesce(d ->> 'source', d ->> 'decision', ''),
                    coalesce(d ->> 'rule', ''), coalesce(d ->> 'version', ''),
                    coalesce(m.name, ''), count(*)::text
                FROM ledger l
                CROSS JOIN LATERAL (SELECT l.entry::jsonb -> 'details' AS d) e
                LEFT JOIN member m ON m.organisation_id = l.organisation_id
                    AND m.id::text = d ->> 'member'
                WHERE l.organisation_id = \(organisation)
                  AND l.kind IN ('stop', 'start', 'stop taken back', 'review', 'wrong number')
                  AND l.at >= \(span.since) AND l.at <= \(span.until)
                GROUP BY 1, 2, 3, 4, 5 ORDER BY count(*) DESC, 1, 2, 3, 4, 5
                """
            ) { row in try (0..<6).map { try row.value($0) as String } }
            for row in answer.rows {
                answer.counts[row[0], default: 0] += Int(row[5]) ?? 0
                if row[0] == "review", row[1] == "none" {
                    answer.counts["overridden", default: 0] += Int(row[5]) ?? 0
                }
            }
            return answer
        }
    }

    /// Off-channel stops, objections, access requests and complaints with their clocks.
    ///
    /// - Parameter kind: only requests of that kind.
    package func deadlines(
        organisation: Int32, kind: RequestKind? = nil, span: Span = Span(), now: Date = Date()
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer(kind == .complaint ? "complaints" : "deadlines")
            let requests = try await connection.rows(
                """
                SELECT \(CaseRequest.columns) FROM request
                WHERE organisation_id = \(organisation)
                  AND (\(kind?.rawValue) IS NULL OR kind = \(kind?.rawValue))
                  AND received_at >= \(span.since) AND received_at <= \(span.until)
                ORDER BY due_at, id
                """, decode: CaseRequest.init(row:))
            answer.counts = [
                "requests": requests.count, "open": requests.count { $0.closedAt == nil },
            ]
            answer.columns = [
                "request", "kind", "by", "received", "due", "acknowledged", "closed", "outcome",
                "business days left",
            ]
            answer.rows = requests.map { request in
                let left = RequestClock.businessDaysLeft(until: request.dueAt, now: now)
                return [
                    request.id.text, request.kind.rawValue, request.channel.rawValue,
                    request.receivedAt.formatted(.iso8601), request.dueAt.formatted(.iso8601),
                    request.acknowledgedAt?.formatted(.iso8601) ?? "",
                    request.closedAt?.formatted(.iso8601) ?? "", request.outcome ?? "",
                    request.metAt == nil ? "\(left)" : "",
                ]
            }
            answer.add(
                requests.filter { $0.isOverdue(at: now) }.map { request in
                    AuditFinding(
                        "deadline_missed",
                        "The \(request.kind.rawValue) request \(request.id.text) "
                            + (request.metAt == nil ? "is overdue." : "was met too late."),
                        contact: request.contact, at: request.dueAt)
                })
            return answer
        }
    }

    /// Who looked at or took away personal data.
    package func access(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await lines(
            "access", kinds: ["reveal", "export", "erasure"], organisation: organisation,
            span: span)
    }

    /// Changes of settings, with who made them.
    package func config(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await lines(
            "config", kinds: ["setting", "retention", "hold"], organisation: organisation,
            span: span)
    }

    private func lines(
        _ question: String, kinds: [String], organisation: Int32, span: Span
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer(question)
            answer.columns = ["line", "at", "kind", "member", "contact", "details"]
            answer.rows = try await connection.rows(
                """
                SELECT l.seq::text, to_char(l.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    l.kind, coalesce(m.name, d ->> 'member', ''), coalesce(l.contact_id::text, ''),
                    (d - 'member')::text
                FROM ledger l
                CROSS JOIN LATERAL (SELECT l.entry::jsonb -> 'details' AS d) e
                LEFT JOIN member m ON m.organisation_id = l.organisation_id
                    AND m.id::text = d ->> 'member'
                WHERE l.organisation_id = \(organisation) AND l.kind = ANY(\(kinds))
                  AND l.at >= \(span.since) AND l.at <= \(span.until)
                ORDER BY l.seq
                """
            ) { row in try (0..<6).map { try row.value($0) as String } }
            answer.counts = ["lines": answer.rows.count]
            return answer
        }
    }
}
