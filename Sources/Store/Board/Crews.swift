import Foundation
import Postgres

/// A texter of a campaign, as those who lead see them.
package struct CrewRow: Sendable {
    package var member: UUID
    package var name: String
    package var role: String
    package var seenAt: Date
    /// First texts pressed in this campaign.
    package var sent: Int
    /// People in their hands, not texted yet.
    package var holds: Int
    /// Conversations in which somebody waits for them.
    package var waiting: Int
    /// They raised a hand over this many conversations.
    package var asks: Int
    package var isSuspended: Bool
}

/// Who texts for a campaign.
package struct Crews: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// The most that a page shows.
    package static let most = 500

    /// Texters of a campaign: those who ask for help first, then who was here last.
    package func list(of campaign: UUID, organisation: Int32) async throws -> [CrewRow] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT m.id, m.name, m.role, t.last_at, t.sent::bigint, h.people, w.waiting, w.asks,
                    m.deactivated_at IS NOT NULL
                FROM (SELECT * FROM participation WHERE organisation_id = \(organisation)
                        AND campaign_id = \(campaign) ORDER BY last_at DESC LIMIT \(Self.most)) t
                JOIN member m ON m.organisation_id = t.organisation_id AND m.id = t.member_id
                CROSS JOIN LATERAL (SELECT count(*) AS people FROM lease l
                    WHERE l.organisation_id = t.organisation_id AND l.member_id = t.member_id) h
                CROSS JOIN LATERAL (SELECT count(*) AS waiting,
                        count(*) FILTER (WHERE c.flagged = 'help') AS asks
                    FROM conversation c WHERE c.organisation_id = t.organisation_id
                        AND c.assignee_id = t.member_id AND c.needs_reply_since IS NOT NULL) w
                ORDER BY m.deactivated_at IS NOT NULL, w.asks DESC, t.last_at DESC
                """
            ) { row in
                CrewRow(
                    member: try row.value(0), name: try row.value(1), role: try row.value(2),
                    seenAt: try row.value(3), sent: try row.value(4), holds: try row.value(5),
                    waiting: try row.value(6), asks: try row.value(7),
                    isSuspended: try row.value(8))
            }
        }
    }
}
