import Foundation
import Postgres

extension Audits {
    /// Codes by which providers say that a person stopped us over there (compliance 2.6).
    static let optedOutCodes = ["21610", "40300", "4775"]

    /// Stops that a provider knew before us, and people whom a provider refuses although our list
    /// lets them be texted.
    ///
    /// What providers' answers tell is compared always; their own list, as they hand it out, where
    /// it is given. Ours holds wherever the two differ.
    ///
    /// - Parameter list: E.164 numbers that stand on the provider's list; nil: none was given.
    package func suppressionSync(
        organisation: Int32, span: Span = Span(), list: [String]? = nil
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("suppression-sync")
            answer.columns = ["line", "at", "contact", "code"]
            answer.rows = try await connection.rows(
                """
                SELECT seq::text, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    contact_id::text, coalesce(entry::jsonb #>> '{details,code}', '')
                FROM ledger WHERE organisation_id = \(organisation) AND kind = 'stop'
                  AND entry::jsonb #>> '{details,source}' = 'provider'
                  AND at >= \(span.since) AND at <= \(span.until)
                ORDER BY seq
                """
            ) { row in try (0..<4).map { try row.value($0) as String? ?? "" } }
            answer.counts = ["learned_from_codes": answer.rows.count]
            try await answer.add(
                """
                \(Self.finding(
                        "not_on_our_list",
                        "'The provider says they stopped (code ' || o.code || '); our list does not.'",
                        message: "m.id", contact: "m.contact_id", at: "o.closed_at"))
                FROM outcome o
                JOIN message m ON m.organisation_id = o.organisation_id AND m.id = o.message_id
                WHERE o.organisation_id = \(organisation) AND o.result = 2
                  AND o.code = ANY(\(Self.optedOutCodes))
                  AND o.closed_at >= \(span.since) AND o.closed_at <= \(span.until)
                  AND NOT EXISTS (SELECT FROM ledger l
                      WHERE l.organisation_id = \(organisation)
                        AND l.contact_id = m.contact_id AND l.kind = 'stop'
                        AND l.at >= o.closed_at - interval '1 hour')
                  AND NOT EXISTS (SELECT FROM contact c
                      WHERE c.organisation_id = \(organisation) AND c.id = m.contact_id
                        AND c.opted_out_at <= o.closed_at)
                """, on: connection)
            if let list {
                try await Self.compare(list, organisation, into: &answer, on: connection)
            }
            return answer
        }
    }

    /// Both ways: whoever stopped over there and may still be texted here breaks a rule; whoever
    /// stopped here and not there is told, for they would be texted if ours were lost.
    private static func compare(
        _ list: [String], _ organisation: Int32, into answer: inout AuditAnswer,
        on connection: Connection
    ) async throws {
        try await answer.add(
            """
            \(finding(
                "not_on_our_list",
                "'Stands on the provider''s list of stops; our list does not have them.'",
                contact: "c.id"))
            FROM unnest(\(list)) AS l(number)
            JOIN contact c ON c.organisation_id = \(organisation) AND c.number = l.number
            WHERE c.opted_out_at IS NULL
            """, on: connection)
        let sums = try await connection.first(
            """
            SELECT count(c.id), count(*) - count(c.id) FROM unnest(\(list)) AS l(number)
            LEFT JOIN contact c ON c.organisation_id = \(organisation) AND c.number = l.number
            """
        ) { (known: try $0.value(0) as Int, strangers: try $0.value(1) as Int) }
        let ours = try await connection.rows(
            """
            SELECT c.id::text, to_char(c.opted_out_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                count(*) OVER ()
            FROM contact c
            WHERE c.organisation_id = \(organisation) AND c.opted_out_at IS NOT NULL
              AND c.number IS NOT NULL
              AND c.number NOT IN (SELECT number FROM unnest(\(list)) AS l(number))
            ORDER BY c.opted_out_at LIMIT \(AuditAnswer.findingsMax)
            """
        ) { row in
            (
                cells: ["", try row.value(1) as String, try row.value(0) as String, "ours only"],
                all: try row.value(2) as Int
            )
        }
        answer.rows += ours.map(\.cells)
        answer.counts["on_their_list"] = list.count
        answer.counts["on_their_list_and_strangers"] = sums?.strangers ?? 0
        answer.counts["on_our_list_only"] = ours.first?.all ?? 0
    }

    /// Wrong-number reports, and any first text that left after one.
    package func wrongNumber(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("wrong-number")
            answer.counts =
                try await connection.first(
                    """
                    SELECT count(*) FROM contact
                    WHERE organisation_id = \(organisation) AND wrong_number_at IS NOT NULL
                    """
                ) { ["reports": try $0.value(0) as Int] } ?? [:]
            try await answer.add(
                """
                \(Self.finding(
                        "text_to_wrong_number",
                        "'Texted after it was told to be a wrong number.'",
                        message: "a.message_id", contact: "c.id", at: "a.slot_at"))
                FROM contact c
                JOIN recipient r ON r.organisation_id = c.organisation_id
                    AND r.contact_id = c.id
                JOIN attempt a ON a.organisation_id = r.organisation_id
                    AND a.message_id = r.message_id AND a.verdict = 1
                WHERE c.organisation_id = \(organisation) AND c.wrong_number_at IS NOT NULL
                  AND a.slot_at > c.wrong_number_at + interval '2 seconds'
                  AND \(Self.during(span)) AND \(Self.notUnsent)
                """, on: connection)
            return answer
        }
    }

    /// Everybody who may be texted again after a stop, by what evidence and who approved it.
    ///
    /// A start in the person's own words names the text. Any other needs two people: one who asked
    /// with a reason and another who approved.
    package func optInAfterOptOut(
        organisation: Int32, span: Span = Span()
    ) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("optin")
            let starts = try await connection.rows(
                """
                SELECT l.seq, l.at, l.contact_id, l.kind, d ->> 'source', d ->> 'message',
                    u.asked_by::text, u.decided_by::text, u.reason
                FROM ledger l
                CROSS JOIN LATERAL (SELECT l.entry::jsonb -> 'details' AS d) e
                LEFT JOIN LATERAL (
                    SELECT asked_by, decided_by, reason FROM undo
                    WHERE organisation_id = l.organisation_id AND contact_id = l.contact_id
                      AND approved AND decided_at <= l.at + interval '1 minute'
                    ORDER BY decided_at DESC LIMIT 1) u ON true
                WHERE l.organisation_id = \(organisation)
                  AND l.kind IN ('start', 'stop taken back')
                  AND l.at >= \(span.since) AND l.at <= \(span.until)
                  AND EXISTS (SELECT FROM ledger s WHERE s.organisation_id = l.organisation_id
                      AND s.contact_id = l.contact_id AND s.seq < l.seq AND s.kind = 'stop')
                ORDER BY l.seq
                """, decode: Restart.init(row:))
            answer.counts = ["starts": starts.count]
            answer.columns = ["line", "at", "contact", "evidence"]
            answer.rows = starts.map {
                [
                    "\($0.line)", $0.at.formatted(.iso8601), $0.contact?.text ?? "",
                    $0.evidence ?? "none",
                ]
            }
            answer.add(
                starts.filter { $0.evidence == nil }.map {
                    AuditFinding(
                        "start_without_evidence",
                        "Line \($0.line) lets a person be texted again without evidence.",
                        contact: $0.contact, at: $0.at)
                })
            return answer
        }
    }

    private struct Restart: Sendable {
        var line: Int
        var at: Date
        var contact: UUID?
        var evidence: String?

        init(row: borrowing Row) throws {
            line = try row.value(0)
            at = try row.value(1)
            contact = try row.value(2)
            let kind: String = try row.value(3)
            let source: String? = try row.value(4)
            let message: String? = try row.value(5)
            let asked: String? = try row.value(6)
            let decided: String? = try row.value(7)
            let reason: String? = try row.value(8)
            if kind == "stop taken back" {
                evidence = "own tap taken back within six seconds"
            } else if source == "text" {
                evidence = "their own words" + (message.map { ", text \($0)" } ?? "")
            } else if let asked, let decided {
                evidence = "asked by \(asked), approved by \(decided): \(reason ?? "")"
            }
        }
    }
}
