import Foundation
import Postgres

extension Audits {
    /// Presses that no hand makes: more than so many by one person within ten seconds. Five a
    /// second for that long is above the fastest recorded tapping with one finger held up by a
    /// queue that was offline for some seconds.
    package static let pressesMax = 50

    /// Texts without a distinct human act: none recorded, one shared by several, at impossible
    /// speed, or by somebody who had no session (FCC DA 20-670; compliance 1.2).
    ///
    /// Paced campaigns are counted apart, and are a violation where the organisation may not.
    package func human(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("human")
            answer.counts = try await Self.presses(organisation, span, on: connection)
            answer.add(try await Self.withoutPress(organisation, span, on: connection))
            answer.add(try await Self.sharedPresses(organisation, span, on: connection))
            answer.add(try await Self.pressBursts(organisation, span, on: connection))
            return answer
        }
    }

    private static func asked(_ organisation: Int32, _ span: Span) -> SQL {
        """
        m.organisation_id = \(organisation) AND m.kind IN (1, 2)
            AND m.created_at >= \(span.since) AND m.created_at <= \(span.until)
        """
    }

    private static func presses(
        _ organisation: Int32, _ span: Span, on connection: Connection
    ) async throws -> [String: Int] {
        try await connection.first(
            """
            SELECT count(*), count(*) FILTER (WHERE m.act IS NOT NULL)
            FROM message m WHERE \(asked(organisation, span))
            """
        ) { row in
            let (all, pressed) = (try row.value(0) as Int, try row.value(1) as Int)
            return ["texts": all, "pressed": pressed, "paced": all - pressed]
        } ?? [:]
    }

    /// A re-created text is the act of whoever settled the doubt; the settlement names them.
    private static func withoutPress(
        _ organisation: Int32, _ span: Span, on connection: Connection
    ) async throws -> [AuditFinding] {
        try await connection.rows(
            """
            -- Candidates first: joined freely, the planner begins with every attempt there is.
            WITH m AS MATERIALIZED (
                SELECT m.organisation_id, m.id, m.contact_id, m.author_id, m.act, m.created_at, c.mode
                FROM message m
                JOIN organisation o ON o.id = m.organisation_id
                LEFT JOIN campaign c
                    ON c.organisation_id = m.organisation_id AND c.id = m.campaign_id
                WHERE \(asked(organisation, span)) AND m.replaces IS NULL
                  AND (m.act IS NULL OR m.author_id IS NULL)
                  AND NOT (m.kind = 1 AND m.act IS NULL AND m.author_id IS NULL
                      AND coalesce(c.mode, '') = 'paced' AND o.paced_allowed)
            )
            \(finding(
                "no_press",
                """
                CASE WHEN m.act IS NOT NULL THEN 'A press without a person behind it.'
                    WHEN m.mode = 'paced' AND m.author_id IS NULL
                    THEN 'Texted without a press, which this organisation may not.'
                    ELSE 'No press is recorded.' END
                """,
                message: "m.id", contact: "m.contact_id", member: "m.author_id",
                at: "m.created_at"))
            FROM m
            WHERE EXISTS (SELECT FROM attempt a WHERE a.organisation_id = m.organisation_id
                AND a.message_id = m.id AND a.verdict = 1)
            """, decode: AuditFinding.init(row:))
    }

    private static func sharedPresses(
        _ organisation: Int32, _ span: Span, on connection: Connection
    ) async throws -> [AuditFinding] {
        try await connection.rows(
            """
            WITH shared AS MATERIALIZED (
                SELECT m.act FROM message m
                WHERE \(asked(organisation, span)) AND m.act IS NOT NULL
                GROUP BY m.act HAVING count(*) > 1
            )
            \(finding(
                "shared_press", "'One press stands behind ' || count(*) || ' texts.'",
                message: "min(m.id::text)::uuid", member: "min(m.author_id::text)::uuid",
                at: "min(m.created_at)"))
            FROM message m JOIN shared ON shared.act = m.act
            WHERE \(asked(organisation, span)) GROUP BY m.act
            """, decode: AuditFinding.init(row:))
    }

    /// Both questions about a person's presses come from the same small sum: by person and ten
    /// seconds.
    private static func pressBursts(
        _ organisation: Int32, _ span: Span, on connection: Connection
    ) async throws -> [AuditFinding] {
        let sums: SQL = """
            WITH b AS MATERIALIZED (
                SELECT m.author_id AS member, floor(extract(epoch FROM m.created_at) / 10) AS ten,
                    count(*) AS presses, min(m.created_at) AS first, max(m.created_at) AS last,
                    min(m.id::text)::uuid AS message
                FROM message m
                WHERE \(asked(organisation, span)) AND m.author_id IS NOT NULL
                GROUP BY 1, 2)
            """
        return try await connection.rows(
            """
            \(sums)
            \(finding(
                "impossible_speed", "b.presses || ' presses within ten seconds.'",
                message: "b.message", member: "b.member", at: "b.first"))
            FROM b WHERE b.presses > \(pressesMax)
            UNION ALL
            \(finding(
                "no_session",
                """
                CASE WHEN u.id IS NULL THEN 'Pressed by nobody who is a member.'
                    ELSE 'Pressed while its author had no session.' END
                """, message: "b.message", member: "b.member", at: "b.first"))
            FROM b
            LEFT JOIN member u ON u.organisation_id = \(organisation) AND u.id = b.member
            WHERE u.id IS NULL
              OR NOT \(wasSignedIn("b.first", organisation))
              OR NOT \(wasSignedIn("b.last", organisation))
            """, decode: AuditFinding.init(row:))
    }

    private static func wasSignedIn(_ instant: SQL, _ organisation: Int32) -> SQL {
        """
        EXISTS (SELECT FROM session s WHERE s.organisation_id = \(organisation)
            AND s.member_id = b.member AND s.began_at <= \(instant) AND s.ended_at >= \(instant))
        """
    }
}
