import Foundation
import Postgres

/// A campaign as somebody sees it who opens its link.
package struct JoinableCampaign: Sendable {
    package var organisation: Int32
    package var organisationName: String
    package var countries: [String]
    package var id: UUID
    package var name: String
    /// Raw values as in `campaign`.
    package var state: String
    package var joinMode: String
    package var pool: String
    package var leadName: String?
    package var textersMax: Int32?
    package var textersNow: Int
    /// People whose first text nobody has sent yet.
    package var peopleLeft: Int

    init(row: borrowing Row) throws {
        organisation = try row.value(0)
        organisationName = try row.value(1)
        countries = try row.value(2)
        id = try row.value(3)
        name = try row.value(4)
        state = try row.value(5)
        joinMode = try row.value(6)
        pool = try row.value(7)
        leadName = try row.value(8)
        textersMax = try row.value(9)
        textersNow = try row.value(10)
        peopleLeft = try row.value(11)
    }

    /// Whether one more may begin; those who take part already always may.
    package var isFull: Bool { textersMax.map { textersNow >= Int($0) } ?? false }
    package var isFinished: Bool { state == "finished" || state == "ended" }
}

/// Somebody who asked to join, or to be told when they can.
package struct JoinRequest: Sendable {
    package var id: UUID
    package var campaignName: String
    package var name: String
    package var createdAt: Date
}

/// Who takes part in which campaign; writes `participation` and `join_request`.
package struct Volunteers: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Present means seen within these minutes; their places count against `texters_max`.
    package static let presence: Duration = .seconds(600)

    /// The campaign behind a link; nil for an unknown code and for drafts.
    package func campaign(code: String) async throws -> JoinableCampaign? {
        let door = try await database.first(
            "SELECT organisation_id, campaign_id FROM find_code(\(code))"
        ) { row in (try row.value(0) as Int32, try row.value(1) as UUID) }
        guard let (organisation, campaign) = door else { return nil }
        return try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT o.id, o.name, o.countries, c.id, c.name, c.state, c.join_mode, c.pool,
                    l.name, c.texters_max,
                    (SELECT count(*) FROM participation p
                     WHERE p.organisation_id = c.organisation_id AND p.campaign_id = c.id
                       AND p.last_at > now() - \(raw: Self.presenceText)),
                    (SELECT coalesce(sum(a.size - a.next_position + 1), 0)::bigint FROM lane a
                     WHERE a.organisation_id = c.organisation_id AND a.campaign_id = c.id)
                FROM campaign c JOIN organisation o ON o.id = c.organisation_id
                LEFT JOIN member l ON l.organisation_id = c.organisation_id AND l.id = c.lead_id
                WHERE c.organisation_id = \(organisation) AND c.id = \(campaign)
                    AND c.state <> 'draft'
                """, decode: JoinableCampaign.init(row:))
        }
    }

    /// Makes somebody a texter of the campaign, or lets in again who is one.
    ///
    /// - Parameters:
    ///   - campaign: nil while somebody must say yes first.
    ///   - isProven: the address was proven by a code or link just now.
    /// - Returns: the member; nil for one who was deactivated, or who is here already and proved
    ///   nothing.
    package func join(
        organisation: Int32, campaign: UUID?, _ details: ProofDetails, isProven: Bool
    ) async throws -> UUID? {
        try await database.transaction(organisation: organisation) { connection in
            guard
                let member = try await Membership.admit(
                    organisation: organisation, details, isProven: isProven, on: connection)
            else { return nil }
            if let campaign {
                try await Self.takePart(organisation, member, campaign, on: connection)
            }
            return member
        }
    }

    /// Notes that a member takes part and was here just now.
    ///
    /// - Returns: whether they come back to a shift that had been quiet for twenty minutes: time to
    ///   offer its end, once.
    @discardableResult
    package func seen(organisation: Int32, member: UUID, campaign: UUID) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            let wasQuiet = try await Self.wasQuiet(organisation, member, campaign, on: connection)
            try await Self.takePart(organisation, member, campaign, on: connection)
            return wasQuiet
        }
    }

    /// Whether a shift of the last twelve hours has been without page, press and answer for twenty
    /// minutes. Whoever said that they went home is not asked again.
    private static func wasQuiet(
        _ organisation: Int32, _ member: UUID, _ campaign: UUID, on connection: Connection
    ) async throws -> Bool {
        try await connection.first(
            """
            SELECT NOT m.settings ? 'left' AND (p.sent_today > 0
                    AND p.sent_on >= (now() - interval '12 hours')::date OR a.last_at IS NOT NULL)
                AND coalesce(a.last_at < now() - interval '20 minutes', true)
                -- Pages with script press and answer without being opened anew.
                AND coalesce(m.watched_until < now() - interval '20 minutes', true)
            FROM participation p
            JOIN member m ON m.organisation_id = p.organisation_id AND m.id = p.member_id
            CROSS JOIN LATERAL (
                SELECT max(c.last_outbound_at) AS last_at FROM conversation c
                WHERE c.organisation_id = p.organisation_id AND c.assignee_id = p.member_id
                    AND c.last_outbound_at > now() - interval '12 hours') a
            WHERE p.organisation_id = \(organisation) AND p.member_id = \(member)
                AND p.campaign_id = \(campaign) AND p.last_at < now() - interval '20 minutes'
                AND p.last_at > now() - interval '12 hours'
            """
        ) { row in try row.value(0) as Bool } ?? false
    }

    /// Notes who has a page open: they need no notice, and they are here. Whoever just went home
    /// stays gone: a stream may outlive its page by some seconds.
    ///
    /// - Parameter span: how long that holds; it is said anew before it ends.
    package func watching(
        _ members: [UUID], organisation: Int32, for span: Duration
    ) async throws {
        let seconds = Double(span.components.seconds)
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                WITH here AS (
                    SELECT id FROM member WHERE organisation_id = \(organisation)
                        AND id = ANY(\(members)) ORDER BY id FOR NO KEY UPDATE)
                UPDATE member m SET watched_until = now() + \(seconds) * interval '1 s',
                    present_until = CASE WHEN m.settings ? 'left' THEN m.present_until
                        ELSE greatest(m.present_until, now() + \(raw: Self.stay)) END
                FROM here WHERE m.organisation_id = \(organisation) AND m.id = here.id
                """)
        }
    }

    /// The campaigns of a member that still go on, the one used last first.
    package func campaigns(
        organisation: Int32, member: UUID
    ) async throws -> [(id: UUID, name: String)] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT c.id, c.name FROM participation p
                JOIN campaign c ON c.organisation_id = p.organisation_id AND c.id = p.campaign_id
                WHERE p.organisation_id = \(organisation) AND p.member_id = \(member)
                ORDER BY c.ended_at IS NOT NULL, p.last_at DESC LIMIT 20
                """
            ) { row in (try row.value(0), try row.value(1)) }
        }
    }

    /// Records that somebody asks to join, or to be reminded; asking twice is asking once. Who was
    /// reminded may ask to be reminded again.
    ///
    /// - Parameter due: before then no reminder leaves.
    package func ask(
        organisation: Int32, campaign: UUID, kind: String, _ details: ProofDetails,
        due: Date = Date()
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO join_request
                    (organisation_id, id, campaign_id, kind, name, login, language, due_at)
                VALUES (\(organisation), \(UUID.v7()), \(campaign), \(kind), \(details.name),
                    \(details.login), \(details.language), \(due))
                ON CONFLICT (organisation_id, campaign_id, kind, login) DO UPDATE SET
                    told_at = NULL, due_at = excluded.due_at, created_at = now()
                WHERE join_request.told_at IS NOT NULL
                """)
        }
    }

    /// Whether somebody's wish to join was granted; nil while nobody decided, or never asked.
    package func approval(
        organisation: Int32, campaign: UUID, login: String
    ) async throws -> Bool? {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT approved FROM join_request
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                    AND kind = 'approval' AND login = \(login)
                """
            ) { row in try row.value(0) as Bool? } ?? nil
        }
    }

    /// Who waits for a yes, longest first.
    package func requests(organisation: Int32) async throws -> [JoinRequest] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT r.id, c.name, r.name, r.created_at FROM join_request r
                JOIN campaign c ON c.organisation_id = r.organisation_id AND c.id = r.campaign_id
                WHERE r.organisation_id = \(organisation) AND r.kind = 'approval'
                    AND r.decided_at IS NULL
                ORDER BY r.id LIMIT 200
                """
            ) { row in
                JoinRequest(
                    id: try row.value(0), campaignName: try row.value(1), name: try row.value(2),
                    createdAt: try row.value(3))
            }
        }
    }

    /// Decides a request once; a second decision changes nothing. A yes lets the person in.
    package func decide(
        organisation: Int32, request: UUID, by member: UUID, approved: Bool
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            let decided = try await connection.first(
                """
                UPDATE join_request SET decided_at = now(), decided_by = \(member),
                    approved = \(approved)
                WHERE organisation_id = \(organisation) AND id = \(request)
                    AND decided_at IS NULL
                RETURNING campaign_id, login
                """
            ) { row in (try row.value(0) as UUID, try row.value(1) as String) }
            guard approved, let (campaign, login) = decided else { return }
            try await connection.execute(
                """
                INSERT INTO participation (organisation_id, member_id, campaign_id)
                SELECT organisation_id, id, \(campaign) FROM member
                WHERE organisation_id = \(organisation) AND (email = \(login) OR number = \(login))
                ON CONFLICT DO NOTHING
                """)
        }
    }

    /// Counts first texts that members pressed, in the transaction that saves them: no texter's count
    /// differs from their texts, and a press waits for one commit.
    static func sent(
        _ members: [UUID], _ campaign: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        guard !members.isEmpty else { return }
        try await connection.execute(
            """
            WITH w AS (
                SELECT m, count(*)::int AS k FROM unnest(\(members)) AS t(m) GROUP BY m
            ), locked AS (
                SELECT p.member_id, w.k FROM participation p JOIN w ON w.m = p.member_id
                WHERE p.organisation_id = \(organisation) AND p.campaign_id = \(campaign)
                ORDER BY p.member_id FOR NO KEY UPDATE OF p
            )
            UPDATE participation p SET sent = p.sent + l.k, sent_on = current_date,
                sent_today = CASE WHEN p.sent_on = current_date THEN p.sent_today ELSE 0 END + l.k
            FROM locked l
            WHERE p.organisation_id = \(organisation) AND p.campaign_id = \(campaign)
                AND p.member_id = l.member_id
            """)
    }

    private static let presenceText = "interval '10 minutes'"

    /// How long somebody keeps their conversations after they were seen.
    private static let stay = "interval '30 minutes'"

    private static func takePart(
        _ organisation: Int32, _ member: UUID, _ campaign: UUID, on connection: Connection
    ) async throws {
        try await connection.execute(
            """
            INSERT INTO participation (organisation_id, member_id, campaign_id)
            VALUES (\(organisation), \(member), \(campaign))
            ON CONFLICT (organisation_id, member_id, campaign_id)
            DO UPDATE SET last_at = now()
            WHERE participation.last_at < now() - interval '30 seconds'
            """)
        try await connection.execute(
            """
            UPDATE member SET present_until = now() + \(raw: stay), settings = settings - 'left'
            WHERE organisation_id = \(organisation) AND id = \(member)
                AND coalesce(present_until, '-infinity') < now() + interval '29 minutes'
            """)
    }
}
