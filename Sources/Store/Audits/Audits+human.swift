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
    /// One pass over the texts of the span tells their number and where something may be wrong;
    /// only there are texts looked at one by one. Paced texts are counted apart, and are a
    /// violation where the organisation may not.
    package func human(organisation: Int32, span: Span = Span()) async throws -> AuditAnswer {
        try await ask(organisation) { connection in
            var answer = AuditAnswer("human")
            let sums = try await PressSums.read(organisation, span, on: connection)
            answer.counts = [
                "texts": sums.texts, "pressed": sums.pressed, "paced": sums.texts - sums.pressed,
            ]
            if sums.hasUnpressed {
                try await answer.add(Self.withoutPress(organisation, span), on: connection)
            }
            if !sums.bursts.isEmpty {
                try await answer.add(Self.pressBursts(sums.bursts, organisation), on: connection)
            }
            if !sums.unwatched.isEmpty {
                try await answer.add(
                    Self.withoutSession(sums.unwatched, organisation, span), on: connection)
            }
            if sums.pressed > 0 {
                // Each press is another: handing all of them over to be compared costs more than
                // several processes gain.
                try await connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
                try await answer.add(Self.sharedPresses(organisation, span), on: connection)
            }
            return answer
        }
    }

    static func asked(_ organisation: Int32, _ span: Span) -> SQL {
        """
        m.organisation_id = \(organisation) AND m.kind IN (1, 2)
            AND m.created_at >= \(span.since) AND m.created_at <= \(span.until)
        """
    }

    /// A re-created text is the act of whoever settled the doubt; the settlement names them.
    private static func withoutPress(_ organisation: Int32, _ span: Span) -> SQL {
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
        """
    }

    /// Which presses are shared is found by sorting them; only their texts are fetched after that.
    private static func sharedPresses(_ organisation: Int32, _ span: Span) -> SQL {
        """
        WITH shared AS MATERIALIZED (
            SELECT m.act FROM message m
            WHERE \(asked(organisation, span)) AND m.act IS NOT NULL
            GROUP BY m.act HAVING count(*) > 1
        ), texts AS MATERIALIZED (
            SELECT m.act, m.id, m.author_id, m.created_at FROM message m
            WHERE EXISTS (SELECT FROM shared) AND \(asked(organisation, span))
              AND m.act IN (SELECT act FROM shared)
        )
        \(finding(
            "shared_press", "'One press stands behind ' || count(*) || ' texts.'",
            message: "min(id::text)::uuid", member: "min(author_id::text)::uuid",
            at: "min(created_at)"))
        FROM texts GROUP BY act
        """
    }

    /// - Parameter minutes: those in which somebody pressed more often than in ten seconds is
    ///   possible.
    private static func pressBursts(
        _ minutes: [PressSums.Stretch], _ organisation: Int32
    ) -> SQL {
        """
        \(finding(
            "impossible_speed", "count(*) || ' presses within ten seconds.'",
            message: "min(m.id::text)::uuid", member: "m.author_id", at: "min(m.created_at)"))
        FROM unnest(\(minutes.map(\.member)), \(minutes.map(\.at))) AS w(member, at)
        JOIN message m ON m.author_id = w.member AND m.created_at >= w.at
            AND m.created_at < w.at + interval '1 minute'
        WHERE m.organisation_id = \(organisation) AND m.kind IN (1, 2)
        GROUP BY m.author_id, date_bin('10 seconds', m.created_at, \(PressSums.origin))
        HAVING count(*) > \(pressesMax)
        """
    }

    /// - Parameter hours: those which no one session covers.
    private static func withoutSession(
        _ hours: [PressSums.Stretch], _ organisation: Int32, _ span: Span
    ) -> SQL {
        """
        \(finding(
            "no_session",
            """
            CASE WHEN u.id IS NULL THEN 'Pressed by nobody who is a member.'
                ELSE 'Pressed while its author had no session.' END
            """,
            message: "m.id", contact: "m.contact_id", member: "m.author_id", at: "m.created_at"))
        FROM unnest(\(hours.map(\.member)), \(hours.map(\.at))) AS w(member, at)
        JOIN message m ON m.author_id = w.member AND m.created_at >= w.at
            AND m.created_at < w.at + interval '1 hour'
        LEFT JOIN member u ON u.organisation_id = m.organisation_id AND u.id = m.author_id
        WHERE \(asked(organisation, span))
          AND (u.id IS NULL OR NOT EXISTS (
            SELECT FROM session s WHERE s.organisation_id = m.organisation_id
                AND s.member_id = m.author_id AND s.began_at <= m.created_at
                AND s.ended_at >= m.created_at))
        """
    }
}

/// What one pass over a span's texts tells of their presses.
struct PressSums: Sendable {
    /// A person's presses within a minute or an hour.
    struct Stretch: Sendable {
        var member: UUID
        var at: Date
    }

    var texts = 0
    var pressed = 0
    /// Whether a text lacks its press that may not be of a paced campaign which may do without.
    var hasUnpressed = false
    /// Minutes with more presses than ten seconds allow.
    var bursts: [Stretch] = []
    /// Hours whose first and last press no one session covers.
    var unwatched: [Stretch] = []

    /// Whether no campaign of the organisation needs presses, so that none is missing.
    private static func isPacedOnly(_ organisation: Int32) -> SQL {
        """
        (EXISTS (SELECT FROM organisation WHERE id = \(organisation) AND paced_allowed)
            AND NOT EXISTS (SELECT FROM campaign
                WHERE organisation_id = \(organisation) AND mode <> 'paced'))
        """
    }

    /// From where minutes and hours are counted.
    static let origin: SQL = "timestamptz '2000-01-01 00:00:00Z'"

    /// Texts are summed by person and minute, which several processes do at once; hours are summed
    /// from minutes.
    static func read(
        _ organisation: Int32, _ span: Audits.Span, on connection: Connection
    ) async throws -> PressSums {
        let rows = try await connection.rows(
            """
            WITH minute AS MATERIALIZED (
                SELECT m.author_id AS member, date_bin('1 minute', m.created_at, \(origin)) AS at,
                    count(*) AS texts, count(m.act) AS pressed,
                    -- As paced mode texts; with half of a press. Re-created ones are a person's act.
                    count(*) FILTER (WHERE m.replaces IS NULL AND m.kind = 1
                        AND m.act IS NULL AND m.author_id IS NULL) AS plain,
                    count(*) FILTER (WHERE m.replaces IS NULL
                        AND (m.act IS NULL OR m.author_id IS NULL)) AS unpressed,
                    min(m.created_at) AS first, max(m.created_at) AS last
                FROM message m WHERE \(Audits.asked(organisation, span))
                GROUP BY 1, 2
            ), hour AS (
                SELECT member, date_bin('1 hour', at, \(origin)) AS at, min(first) AS first,
                    max(last) AS last
                FROM minute WHERE member IS NOT NULL GROUP BY 1, 2
            )
            SELECT 0, NULL::uuid, NULL::timestamptz, coalesce(sum(texts), 0)::bigint,
                coalesce(sum(pressed), 0)::bigint
            FROM minute
            UNION ALL
            SELECT 1, NULL, NULL, CASE WHEN sum(unpressed) > sum(plain)
                OR sum(plain) > 0 AND NOT \(isPacedOnly(organisation)) THEN 1 ELSE 0 END, 0
            FROM minute
            UNION ALL
            SELECT 2, member, at, 0, 0 FROM minute WHERE member IS NOT NULL
            GROUP BY member, at HAVING sum(texts) > \(Audits.pressesMax)
            UNION ALL
            SELECT 3, h.member, h.at, 0, 0 FROM hour h
            WHERE NOT EXISTS (SELECT FROM member u
                    WHERE u.organisation_id = \(organisation) AND u.id = h.member)
              OR NOT EXISTS (SELECT FROM session s
                    WHERE s.organisation_id = \(organisation) AND s.member_id = h.member
                        AND s.began_at <= h.first AND s.ended_at >= h.last)
            """
        ) { row in
            (
                what: try row.value(0) as Int32, member: try row.value(1) as UUID?,
                at: try row.value(2) as Date?, texts: try row.value(3) as Int,
                pressed: try row.value(4) as Int
            )
        }
        var sums = PressSums()
        for row in rows {
            switch (row.what, row.member, row.at) {
            case (0, _, _): (sums.texts, sums.pressed) = (row.texts, row.pressed)
            case (1, _, _): sums.hasUnpressed = row.texts > 0
            case (2, let member?, let at?): sums.bursts.append(Stretch(member: member, at: at))
            case (_, let member?, let at?): sums.unwatched.append(Stretch(member: member, at: at))
            default: break
            }
        }
        return sums
    }
}
