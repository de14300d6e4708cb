import Foundation
import Postgres

/// Which conversations a leader wants to see; stands in the page's address.
package struct ReplyFilter: Sendable, Equatable {
    package enum Bucket: String, Sendable, CaseIterable { case unanswered, flagged, all }

    package var bucket = Bucket.unanswered
    package var campaign: UUID?
    /// A texter's conversations.
    package var texter: UUID?
    /// Handed to this team.
    package var team: UUID?
    /// Of nobody who is here.
    package var isInPool = false
    /// `question=value` as recorded.
    package var answer: String?
    package var tag: String?
    /// Part of a name or of the last words.
    package var search: String?
    package var offset = 0

    package init() {}
}

/// A conversation as leaders see it.
package struct ReplyRow: Sendable {
    package var id: UUID
    package var name: String?
    package var snippet: String
    package var needsReplySince: Date?
    package var flag: String?
    package var lastAt: Date
    package var texter: String?
    package var campaign: String?
    package var answers: [String: String]
    package var tags: [String]
    package var team: String?

    init(row: borrowing Row) throws {
        id = try row.value(0)
        name = try row.value(1)
        snippet = try row.value(2)
        needsReplySince = try row.value(3)
        flag = try row.value(4)
        lastAt = try row.value(5)
        texter = try row.value(6)
        campaign = try row.value(7)
        answers = (try? (row.value(8) as JSONB).decode([String: String].self)) ?? [:]
        tags = try row.value(9)
        team = try row.value(10)
    }
}

/// What a filter can be set to.
package struct ReplyChoices: Sendable {
    package var campaigns: [(id: UUID, name: String)]
    package var people: [(id: UUID, name: String, role: String)]
    package var answers: [(question: String, value: String)]
    package var teams: [(id: UUID, name: String)]
    /// Tags of ready answers and of conversations that wait, for whoever types one.
    package var tags: [String]
}

/// Conversations of all texters, for those who lead.
package struct ReplyReviews: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    package static let pageRows = 50

    /// One page of conversations, and whether there are more.
    ///
    /// Who waits: the longest first. Others: the newest first, of one campaign at a time, so that
    /// an index serves them.
    package func list(
        _ filter: ReplyFilter, organisation: Int32
    ) async throws -> (rows: [ReplyRow], isMore: Bool) {
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                Self.statement(filter, organisation), decode: ReplyRow.init(row:))
        }
        return (Array(rows.prefix(Self.pageRows)), rows.count > Self.pageRows)
    }

    static func statement(_ filter: ReplyFilter, _ organisation: Int32) -> SQL {
        let pattern = filter.search.map {
            "%"
                + $0.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
                .replacing("_", with: "\\_") + "%"
        }
        var parts: [SQL] = []
        switch filter.bucket {
        case .unanswered: parts.append("c.needs_reply_since IS NOT NULL")
        case .flagged: parts.append("c.flagged IS NOT NULL")
        // Conversations in which nobody has written are no replies, and have no place in the index.
        case .all: parts.append("c.last_inbound_at IS NOT NULL")
        }
        if let campaign = filter.campaign { parts.append("c.campaign_id = \(campaign)") }
        if let texter = filter.texter { parts.append("c.assignee_id = \(texter)") }
        if let team = filter.team { parts.append("c.team_id = \(team)") }
        if filter.isInPool { parts.append(Desk.inPool) }
        if let tag = filter.tag { parts.append("\(tag) = ANY(c.tags)") }
        if let (question, value) = filter.recorded {
            parts.append("c.answers->>\(question) = \(value)")
        }
        if let pattern { parts.append("(p.name ILIKE \(pattern) OR c.snippet ILIKE \(pattern))") }
        let conditions = parts.reduce("" as SQL) { $0 + " AND " + $1 }
        let order: SQL =
            switch filter.bucket {
            case .unanswered: "c.needs_reply_since, c.id"
            case .flagged: "c.last_inbound_at DESC NULLS LAST, c.id"
            case .all: "c.last_inbound_at DESC, c.id"
            }
        let page: SQL = "ORDER BY \(order) LIMIT \(pageRows + 1) OFFSET \(filter.offset)"
        let chosen: SQL = "c.organisation_id = \(organisation) \(conditions)"
        // People are looked up for one page, unless their names decide who is on it.
        let (source, condition): (SQL, SQL) =
            pattern == nil
            ? ("(SELECT c.* FROM conversation c WHERE \(chosen) \(page)) c", "true")
            : ("conversation c", chosen)
        let rest: SQL = pattern == nil ? "ORDER BY \(order)" : page
        return """
            SELECT c.id, p.name, c.snippet, c.needs_reply_since, c.flagged,
                greatest(c.last_inbound_at, c.last_outbound_at, c.created_at), m.name, g.name,
                c.answers, c.tags, q.name
            FROM \(source)
            JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
            LEFT JOIN member m ON m.organisation_id = c.organisation_id AND m.id = c.assignee_id
            LEFT JOIN campaign g ON g.organisation_id = c.organisation_id AND g.id = c.campaign_id
            LEFT JOIN team q ON q.organisation_id = c.organisation_id AND q.id = c.team_id
            WHERE \(condition) \(rest)
            """
    }

    /// Campaigns that have begun, people who may take a conversation, answers of a campaign.
    package func choices(
        campaign: UUID?, organisation: Int32
    ) async throws -> ReplyChoices {
        try await database.transaction(organisation: organisation) { connection in
            let campaigns = try await connection.rows(
                """
                SELECT id, name FROM campaign
                WHERE organisation_id = \(organisation) AND launched_at IS NOT NULL
                ORDER BY launched_at DESC LIMIT 50
                """
            ) { row in (id: try row.value(0) as UUID, name: try row.value(1) as String) }
            let people = try await connection.rows(
                """
                SELECT id, name, role FROM member
                WHERE organisation_id = \(organisation) AND deactivated_at IS NULL
                    AND role <> 'compliance' AND (role <> 'texter' OR present_until > now())
                ORDER BY role = 'texter', name LIMIT 200
                """
            ) { row in
                (
                    id: try row.value(0) as UUID, name: try row.value(1) as String,
                    role: try row.value(2) as String
                )
            }
            let answers = try await connection.rows(
                """
                SELECT question, value FROM answer
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                    AND question IS NOT NULL AND value IS NOT NULL AND retired_at IS NULL
                GROUP BY 1, 2 ORDER BY min(position), 1, 2 LIMIT 50
                """
            ) { row in (question: try row.value(0) as String, value: try row.value(1) as String) }
            let teams = try await connection.rows(
                """
                SELECT id, name FROM team
                WHERE organisation_id = \(organisation) AND retired_at IS NULL
                ORDER BY lower(name) LIMIT 100
                """
            ) { row in (id: try row.value(0) as UUID, name: try row.value(1) as String) }
            let tags = try await Self.tags(campaigns.map(\.id), organisation, on: connection)
            return ReplyChoices(
                campaigns: campaigns, people: people, answers: answers, teams: teams, tags: tags)
        }
    }
}

extension ReplyReviews {
    /// Tags of answers, and of the people of each campaign who have waited longest.
    ///
    /// Campaign by campaign in the order of an index: taken together, who waits may be most of the table,
    /// and PostgreSQL would read it whole.
    private static func tags(
        _ campaigns: [UUID], _ organisation: Int32, on connection: Connection
    ) async throws -> [String] {
        try await connection.rows(
            """
            SELECT tag FROM answer WHERE organisation_id = \(organisation)
                AND tag IS NOT NULL AND retired_at IS NULL
            UNION
            SELECT tag FROM unnest(\(campaigns)) AS w(campaign)
            CROSS JOIN LATERAL (SELECT tags FROM conversation
                WHERE organisation_id = \(organisation) AND campaign_id = w.campaign
                    AND needs_reply_since IS NOT NULL
                ORDER BY needs_reply_since LIMIT 200) c
            CROSS JOIN LATERAL unnest(c.tags) AS tag
            ORDER BY 1 LIMIT 100
            """
        ) { row in try row.value(0) as String }
    }
}

extension ReplyFilter {
    /// The two halves of ``answer``.
    package var recorded: (question: String, value: String)? {
        guard let answer, let sign = answer.firstIndex(of: "=") else { return nil }
        return (String(answer[..<sign]), String(answer[answer.index(after: sign)...]))
    }
}

extension Desk {
    /// Corrects what was recorded of a conversation; the old answer stays in history.
    ///
    /// - Returns: false if the visitor may not see it.
    package func fixAnswer(
        _ id: UUID, question: String, value: String, by visitor: Visitor
    ) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await connection.execute(
                """
                UPDATE conversation SET answers = answers || jsonb_build_object(\(question), \(value))
                WHERE organisation_id = \(visitor.organisation) AND id = \(id)
                """)
            try await RecordedAnswers.record(
                .init(
                    organisation: visitor.organisation, conversation: id, question: question,
                    value: value, member: visitor.id), on: connection)
        }
    }

    /// Gives a conversation back to the pool: somebody who is here takes it.
    package func giveBack(_ id: UUID, by visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await connection.execute(
                """
                UPDATE conversation SET assignee_id = NULL
                WHERE organisation_id = \(visitor.organisation) AND id = \(id)
                """)
        }
    }

    /// Puts a tag on a conversation, once.
    package func tag(_ id: UUID, _ tag: String, by visitor: Visitor) async throws -> Bool {
        let tag = String(tag.prefix(40))
        return try await change(id, visitor) { connection in
            try await connection.execute(
                """
                UPDATE conversation SET tags = array_append(tags, \(tag))
                WHERE organisation_id = \(visitor.organisation) AND id = \(id)
                    AND NOT \(tag) = ANY(tags)
                """)
        }
    }

    /// Hands a conversation to whoever leads its campaign, flagged; to the pool if nobody does.
    package func escalate(_ id: UUID, _ reason: String, by visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await Self.insertNote(reason, kind: "handed", id, visitor, on: connection)
            try await connection.execute(
                """
                UPDATE conversation c SET flagged = coalesce(c.flagged, 'help'),
                    handed_reason = \(reason), done_at = NULL,
                    needs_reply_since = coalesce(c.needs_reply_since, clock_timestamp()),
                    assignee_id = (SELECT g.lead_id FROM campaign g
                        WHERE g.organisation_id = c.organisation_id AND g.id = c.campaign_id)
                WHERE c.organisation_id = \(visitor.organisation) AND c.id = \(id)
                """)
        }
    }

    /// A private word to the texter of a conversation: stands beside it, for them and those who
    /// lead.
    package func coach(_ id: UUID, _ words: String, by visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await Self.insertNote(words, kind: "coach", id, visitor, on: connection)
        }
    }
}
