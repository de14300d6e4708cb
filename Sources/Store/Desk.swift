import Foundation
import Postgres

/// A conversation as a row of a list.
package struct PersonRow: Sendable {
    package var id: UUID
    /// nil for a stranger; first name only, as imported.
    package var name: String?
    package var snippet: String
    package var needsReplySince: Date?
    /// Raw value as in `conversation.flagged`.
    package var flag: String?
    package var lastAt: Date
    /// BCP 47, as the list said it.
    package var language: String?
    /// What was recorded of this talk: the values, whatever the question.
    package var answers: [String]
    /// Whether the snippet is the person's own words.
    package var isTheirs: Bool

    init(row: borrowing Row) throws {
        id = try row.value(0)
        name = try row.value(1)
        snippet = try row.value(2)
        needsReplySince = try row.value(3)
        flag = try row.value(4)
        lastAt = try row.value(5)
        language = try row.value(6)
        answers = try row.value(7)
        isTheirs = try row.value(8)
    }
}

/// Where a texter's conversations lie.
package enum Bucket: String, Sendable, CaseIterable {
    case needs, waiting, done, handed
}

/// How many conversations lie in each bucket, and in the pool for anybody to take.
package struct BucketCounts: Sendable, Equatable, Codable {
    package var needs = 0
    package var waiting = 0
    package var done = 0
    package var handed = 0
    package var pool = 0

    package subscript(bucket: Bucket) -> Int {
        switch bucket {
        case .needs: needs
        case .waiting: waiting
        case .done: done
        case .handed: handed
        }
    }
}

/// A texter's desk: their conversations, read for pages.
///
/// A conversation belongs to the organisation. Its assignee counts only while present: whoever was
/// away for longer than `member.present_until` says has nothing that others may not take (P6), so
/// nothing needs to be moved when somebody goes home.
package struct Desk: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Nobody here: unassigned, or assigned to somebody who went home.
    static let inPool: SQL = """
        (c.assignee_id IS NULL OR EXISTS (
            SELECT FROM member a WHERE a.organisation_id = c.organisation_id
                AND a.id = c.assignee_id
                AND (a.present_until < now() OR a.deactivated_at IS NOT NULL)))
        """

    /// Conversations of a bucket; in *needs*, likely stops first, then the longest-waiting.
    ///
    /// - Parameter search: part of a name or of the last words.
    package func list(
        _ bucket: Bucket, for visitor: Visitor, search: String? = nil, limit: Int = 200
    ) async throws -> [PersonRow] {
        let wanted = Self.condition(bucket, visitor.id)
        let filter: SQL = search.map(Self.matching) ?? ""
        let order: SQL =
            bucket == .needs
            ? "coalesce(c.flagged = 'likely_stop', false) DESC, c.needs_reply_since, c.id"
            : "coalesce(c.last_inbound_at, c.created_at) DESC, c.id"
        return try await database.transaction(organisation: visitor.organisation) { connection in
            try await connection.rows(
                """
                SELECT c.id, p.name, c.snippet, c.needs_reply_since, c.flagged,
                    greatest(c.last_inbound_at, c.last_outbound_at, c.created_at), p.language,
                    ARRAY(SELECT value FROM jsonb_each_text(c.answers)),
                    coalesce(c.last_inbound_at >= coalesce(c.last_outbound_at, '-infinity'), false)
                FROM conversation c
                JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
                WHERE c.organisation_id = \(visitor.organisation) AND \(wanted) \(filter)
                ORDER BY \(order) LIMIT \(limit)
                """, decode: PersonRow.init(row:))
        }
    }

    /// Who comes before or after a conversation among those who wait for a texter.
    ///
    /// - Returns: after one that no longer waits, the first; nil at either end.
    package func neighbour(
        of conversation: UUID, for visitor: Visitor, isNext: Bool
    ) async throws -> UUID? {
        let waiting = try await list(.needs, for: visitor).map(\.id)
        guard let place = waiting.firstIndex(of: conversation) else {
            return isNext ? waiting.first : nil
        }
        let neighbour = place + (isNext ? 1 : -1)
        return waiting.indices.contains(neighbour) ? waiting[neighbour] : nil
    }

    /// The counts of all buckets and of the pool of the visitor's campaigns.
    package func counts(for visitor: Visitor) async throws -> BucketCounts {
        let me = visitor.id
        return try await database.transaction(organisation: visitor.organisation) { connection in
            try await connection.first(
                """
                SELECT
                    count(*) FILTER (WHERE \(Self.condition(.needs, me))),
                    count(*) FILTER (WHERE \(Self.condition(.waiting, me))),
                    count(*) FILTER (WHERE \(Self.condition(.done, me))),
                    (SELECT count(DISTINCT n.conversation_id) FROM note n
                     JOIN conversation h ON h.organisation_id = n.organisation_id
                        AND h.id = n.conversation_id AND h.assignee_id IS DISTINCT FROM \(me)
                     WHERE n.organisation_id = \(visitor.organisation) AND n.author_id = \(me)
                        AND n.kind = 'handed'),
                    (SELECT count(*) FROM conversation c
                     WHERE c.organisation_id = \(visitor.organisation)
                        AND c.needs_reply_since IS NOT NULL AND c.team_id IS NULL
                        AND \(Self.inPool) AND \(Self.mayTake(visitor)))
                FROM conversation c
                WHERE c.organisation_id = \(visitor.organisation) AND c.assignee_id = \(me)
                """
            ) { row in
                BucketCounts(
                    needs: try row.value(0), waiting: try row.value(1), done: try row.value(2),
                    handed: try row.value(3), pool: try row.value(4))
            } ?? BucketCounts()
        }
    }

    /// One in how many has answered, in the campaign the texter used last; nil while too few were
    /// asked or have answered to say.
    package func oneAnswersIn(for visitor: Visitor) async throws -> Int? {
        let found = try await database.transaction(organisation: visitor.organisation) {
            try await $0.first(
                """
                SELECT coalesce(sum(CASE kind WHEN \(TallyKind.drawn.rawValue) THEN amount
                        WHEN \(TallyKind.suppressed.rawValue) THEN -amount END), 0)::bigint,
                    coalesce(sum(amount) FILTER (
                        WHERE kind = \(TallyKind.repliers.rawValue)), 0)::bigint
                FROM tally WHERE organisation_id = \(visitor.organisation) AND campaign_id = (
                    SELECT campaign_id FROM participation
                    WHERE organisation_id = \(visitor.organisation) AND member_id = \(visitor.id)
                    ORDER BY last_at DESC LIMIT 1)
                """
            ) { row in (asked: try row.value(0) as Int, answered: try row.value(1) as Int) }
        }
        guard let found, found.asked >= 50, found.answered >= 5 else { return nil }
        return max(1, (found.asked + found.answered / 2) / found.answered)
    }

    /// Gives a texter conversations of the pool, the longest-waiting first.
    ///
    /// - Parameter team: out of this team's queue instead.
    /// - Returns: how many they got.
    package func take(
        _ limit: Int, for visitor: Visitor, team: UUID? = nil
    ) async throws -> Int {
        try await database.transaction(organisation: visitor.organisation) { connection in
            try await connection.execute(
                """
                UPDATE conversation SET assignee_id = \(visitor.id)
                WHERE organisation_id = \(visitor.organisation) AND id IN (
                    SELECT c.id FROM conversation c
                    WHERE c.organisation_id = \(visitor.organisation)
                        AND c.needs_reply_since IS NOT NULL AND \(Self.inPool)
                        AND \(Self.mayTake(visitor)) AND c.team_id IS NOT DISTINCT FROM \(team)
                    ORDER BY c.needs_reply_since, c.id LIMIT \(limit)
                    FOR NO KEY UPDATE OF c SKIP LOCKED)
                """)
        }
    }

    /// Who waits for whom in an organisation: what the live stream tells each person.
    ///
    /// One statement over the partial index of those who wait, whatever the number of streams.
    package func waiting(
        organisation: Int32
    ) async throws -> [(member: UUID?, conversation: UUID, since: Date)] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT CASE WHEN \(Self.inPool) THEN NULL ELSE c.assignee_id END, c.id,
                    coalesce(c.last_inbound_at, c.needs_reply_since)
                FROM conversation c
                WHERE c.organisation_id = \(organisation) AND c.needs_reply_since IS NOT NULL
                ORDER BY c.needs_reply_since, c.id LIMIT 5000
                """
            ) { row in
                (try row.value(0) as UUID?, try row.value(1) as UUID, try row.value(2) as Date)
            }
        }
    }

    /// The state of each campaign that goes on, for the live stream.
    package func campaignStates(organisation: Int32) async throws -> [UUID: String] {
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT id, state || coalesce(':' || script_version, '') FROM campaign
                WHERE organisation_id = \(organisation) AND ended_at IS NULL
                """
            ) { row in (try row.value(0) as UUID, try row.value(1) as String) }
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// A name or last words that contain `text`; its own wildcards stand for themselves.
    private static func matching(_ text: String) -> SQL {
        let plain = text.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
            .replacing("_", with: "\\_")
        return "AND (p.name ILIKE \("%\(plain)%") OR c.snippet ILIKE \("%\(plain)%"))"
    }

    /// Texters take from the campaigns they joined, and what was handed to their teams; leads take
    /// from all.
    static func mayTake(_ visitor: Visitor) -> SQL {
        guard visitor.role == "texter" else { return "true" }
        return """
            CASE WHEN c.team_id IS NULL
                THEN EXISTS (SELECT FROM participation t
                    WHERE t.organisation_id = c.organisation_id AND t.member_id = \(visitor.id)
                        AND t.campaign_id = c.campaign_id)
                ELSE EXISTS (SELECT FROM team_member t
                    WHERE t.organisation_id = c.organisation_id AND t.member_id = \(visitor.id)
                        AND t.team_id = c.team_id) END
            """
    }

    private static func condition(_ bucket: Bucket, _ me: UUID) -> SQL {
        switch bucket {
        case .needs: "c.assignee_id = \(me) AND c.needs_reply_since IS NOT NULL"
        case .waiting:
            "c.assignee_id = \(me) AND c.needs_reply_since IS NULL AND c.done_at IS NULL"
        case .done:
            "c.assignee_id = \(me) AND c.needs_reply_since IS NULL AND c.done_at IS NOT NULL"
        case .handed:
            """
            c.assignee_id IS DISTINCT FROM \(me) AND EXISTS (
                SELECT FROM note n WHERE n.organisation_id = c.organisation_id
                    AND n.conversation_id = c.id AND n.author_id = \(me) AND n.kind = 'handed')
            """
        }
    }
}
