import Foundation
import Postgres

/// A conversation with everything its page shows; phone numbers are not among it.
package struct ConversationPage: Sendable {
    package var id: UUID
    package var contact: UUID
    package var sender: UUID
    package var name: String?
    package var language: String?
    package var zoneSet: Int16
    package var isOptedOut: Bool
    package var isWrongNumber: Bool
    package var campaign: UUID?
    package var campaignName: String?
    package var assignee: UUID?
    package var assigneeName: String?
    /// Raw value as in `conversation.flagged`.
    package var flag: String?
    package var needsReplySince: Date?
    package var isDone: Bool
    package var handedReason: String?
    package var tags: [String]
    /// The list's fields of this person, for the words of chips.
    package var fields: [String: String]
    package var sayings: [Saying] = []
    package var notes: [Note] = []
    package var answers: [ReadyAnswer] = []
    /// IANA names of the zones the person may be in.
    package var zones: [String]
    /// The reply that waits for a decision: is it a stop?
    package var review: UUID?
    /// The team to whose queue it was handed.
    package var team: String?
    /// BCP 47 of the campaign's script, the language that our own texts are in.
    package var scriptLanguage: String?
    /// The last text of somebody who waits, as the live stream knows it; nil if they do not wait.
    package var lastWaiting: Date?

    init(row: borrowing Row) throws {
        id = try row.value(0)
        contact = try row.value(1)
        sender = try row.value(2)
        name = try row.value(3)
        language = try row.value(4)
        zoneSet = try row.value(5)
        isOptedOut = try row.value(6)
        isWrongNumber = try row.value(7)
        campaign = try row.value(8)
        campaignName = try row.value(9)
        assignee = try row.value(10)
        assigneeName = try row.value(11)
        flag = try row.value(12)
        needsReplySince = try row.value(13)
        isDone = try row.value(14)
        handedReason = try row.value(15)
        tags = try row.value(16)
        fields = (try? (row.value(17) as JSONB?)?.decode([String: String].self)) ?? [:]
        review = try row.value(18)
        zones = (try row.value(19) as String).split(separator: ",").map(String.init)
        team = try row.value(20)
        scriptLanguage = try row.value(21)
        lastWaiting = try row.value(22)
    }

    /// The newest text; a form names it, so that a reply to an old page is noticed.
    package var newest: UUID? { sayings.last?.id }

    /// One text, theirs or ours.
    package struct Saying: Sendable {
        package var id: UUID
        package var isTheirs: Bool
        package var isAutomatic: Bool
        package var body: String
        package var mediaCount: Int
        package var at: Date
        package var author: String?
        package var authorID: UUID?
        package var state: State
        /// Of another number of ours: an earlier conversation with the same person.
        package var isEarlier: Bool
    }

    /// What became of a text of ours.
    package enum State: String, Sendable {
        case received, waiting, sent, delivered, failed, refused, unsure
    }

    /// What somebody of ours wrote beside the conversation.
    package struct Note: Sendable {
        package var kind: String
        package var body: String
        package var author: String?
        package var at: Date
    }
}

/// A reply that is ready: words, what it records, and whether it opts out.
package struct ReadyAnswer: Sendable {
    package var id: UUID
    package var label: String
    package var body: String
    package var question: String?
    package var value: String?
    package var tag: String?
    package var optsOut: Bool
    package var needsPractice: Bool

    init(row: borrowing Row) throws {
        id = try row.value(0)
        label = try row.value(1)
        body = try row.value(2)
        question = try row.value(3)
        value = try row.value(4)
        tag = try row.value(5)
        optsOut = try row.value(6)
        needsPractice = try row.value(7)
    }

    static let columns: SQL = "id, label, body, question, value, tag, opts_out, practised_only"
}

extension Desk {
    /// One conversation, if the visitor may see it: their own, one of their pool, one they handed
    /// on; leads and organisers see all.
    ///
    /// - Returns: nil for what is not there and for what is not theirs.
    package func page(_ id: UUID, for visitor: Visitor) async throws -> ConversationPage? {
        try await database.transaction(organisation: visitor.organisation) { connection in
            guard var page = try await Self.head(id, visitor, on: connection) else { return nil }
            page.sayings = try await Self.sayings(of: page, visitor.organisation, on: connection)
            page.notes = try await connection.rows(
                """
                SELECT n.kind, n.body, m.name, n.created_at FROM note n
                LEFT JOIN member m ON m.organisation_id = n.organisation_id AND m.id = n.author_id
                WHERE n.organisation_id = \(visitor.organisation) AND n.conversation_id = \(id)
                ORDER BY n.id LIMIT 100
                """
            ) { row in
                ConversationPage.Note(
                    kind: try row.value(0), body: try row.value(1), author: try row.value(2),
                    at: try row.value(3))
            }
            if let campaign = page.campaign {
                page.answers = try await Self.answers(
                    campaign, visitor.organisation, on: connection)
            }
            return page
        }
    }

    /// Whether a conversation is there for somebody.
    package func sees(_ id: UUID, _ visitor: Visitor) async throws -> Bool {
        try await database.transaction(organisation: visitor.organisation) { connection in
            try await Self.head(id, visitor, on: connection) != nil
        }
    }

    /// Ready answers of a campaign, for the practice room.
    package func readyAnswers(
        _ campaign: UUID, organisation: Int32
    ) async throws -> [ReadyAnswer] {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.answers(campaign, organisation, on: connection)
        }
    }

    /// Where a picture of an inbound text lies, for somebody who may see a conversation with that
    /// person.
    ///
    /// - Returns: the provider's address and the account it belongs to; nil for what is not there
    ///   and for what is not theirs.
    package func picture(
        _ text: UUID, at place: Int, for visitor: Visitor
    ) async throws -> (account: Int32, url: String)? {
        guard (0..<10).contains(place) else { return nil }
        return try await database.transaction(organisation: visitor.organisation) { connection in
            let found = try await connection.first(
                """
                SELECT s.account_id, m.media[\(Int32(place + 1))], m.contact_id FROM message m
                JOIN sender s ON s.organisation_id = m.organisation_id AND s.id = m.sender_id
                WHERE m.organisation_id = \(visitor.organisation) AND m.id = \(text)
                    AND m.kind = 6
                """
            ) { row in
                (
                    account: try row.value(0) as Int32, url: try row.value(1) as String?,
                    contact: try row.value(2) as UUID
                )
            }
            guard let found, let url = found.url else { return nil }
            let talks = try await connection.rows(
                """
                SELECT id FROM conversation WHERE organisation_id = \(visitor.organisation)
                    AND contact_id = \(found.contact)
                """
            ) { row in try row.value(0) as UUID }
            for talk in talks
            where try await Self.head(talk, visitor, on: connection) != nil {
                return (found.account, url)
            }
            return nil
        }
    }

    /// Ready answers of a campaign, in its order; retired ones are left out.
    static func answers(
        _ campaign: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [ReadyAnswer] {
        try await connection.rows(
            """
            SELECT \(ReadyAnswer.columns) FROM answer
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND retired_at IS NULL
            ORDER BY position, id LIMIT 100
            """, decode: ReadyAnswer.init(row:))
    }

    static func head(
        _ id: UUID, _ visitor: Visitor, on connection: Connection
    ) async throws -> ConversationPage? {
        let sight: SQL =
            visitor.role == "texter"
            ? """
            (c.assignee_id = \(visitor.id) OR (\(inPool) AND \(mayTake(visitor))
                AND c.needs_reply_since IS NOT NULL)
                OR EXISTS (SELECT FROM note n WHERE n.organisation_id = c.organisation_id
                    AND n.conversation_id = c.id AND n.author_id = \(visitor.id)
                    AND n.kind = 'handed'))
            """ : "\(raw: visitor.role == "compliance" ? "false" : "true")"
        return try await connection.first(
            """
            SELECT c.id, c.contact_id, c.sender_id, p.name, p.language, p.zone_set,
                p.opted_out_at IS NOT NULL, p.wrong_number_at IS NOT NULL, c.campaign_id, g.name,
                c.assignee_id, a.name, c.flagged, c.needs_reply_since, c.done_at IS NOT NULL,
                c.handed_reason, c.tags,
                (SELECT r.fields FROM recipient r WHERE r.organisation_id = c.organisation_id
                    AND r.contact_id = c.contact_id AND r.campaign_id = c.campaign_id),
                (SELECT v.message_id FROM review v WHERE v.organisation_id = c.organisation_id
                    AND v.conversation_id = c.id AND v.decided_at IS NULL
                 ORDER BY v.message_id DESC LIMIT 1), z.zones,
                (SELECT q.name FROM team q WHERE q.organisation_id = c.organisation_id
                    AND q.id = c.team_id),
                (SELECT s.language FROM script s WHERE s.organisation_id = g.organisation_id
                    AND s.campaign_id = g.id AND s.version = g.script_version),
                CASE WHEN c.needs_reply_since IS NOT NULL
                    THEN coalesce(c.last_inbound_at, c.needs_reply_since) END
            FROM conversation c
            JOIN contact p ON p.organisation_id = c.organisation_id AND p.id = c.contact_id
            JOIN zone_set z ON z.id = p.zone_set
            LEFT JOIN campaign g ON g.organisation_id = c.organisation_id AND g.id = c.campaign_id
            LEFT JOIN member a ON a.organisation_id = c.organisation_id AND a.id = c.assignee_id
            WHERE c.organisation_id = \(visitor.organisation) AND c.id = \(id) AND \(sight)
            """, decode: ConversationPage.init(row:))
    }

    /// All texts with the person, over all our numbers, oldest first; codes and tests are not
    /// among them. First texts come through `recipient`, the others by the contact's index.
    private static func sayings(
        of page: ConversationPage, _ organisation: Int32, on connection: Connection
    ) async throws -> [ConversationPage.Saying] {
        let rows = try await connection.rows(
            """
            SELECT m.id, m.kind, m.body, cardinality(m.media), m.created_at, u.name,
                coalesce(m.sender_id = \(page.sender), true)
                    OR coalesce(m.conversation_id = \(page.id), false),
                t.verdict, o.result, coalesce(s.result, 0::smallint), r.status, m.author_id
            FROM (
                SELECT * FROM message WHERE organisation_id = \(organisation)
                    AND contact_id = \(page.contact) AND kind IN (2, 3, 4, 6)
                UNION ALL
                SELECT f.* FROM recipient e JOIN message f
                    ON f.organisation_id = e.organisation_id AND f.id = e.message_id
                WHERE e.organisation_id = \(organisation) AND e.contact_id = \(page.contact)
            ) m
            LEFT JOIN member u ON u.organisation_id = m.organisation_id AND u.id = m.author_id
            LEFT JOIN LATERAL (
                SELECT n, verdict FROM attempt WHERE organisation_id = m.organisation_id
                    AND message_id = m.id ORDER BY n DESC LIMIT 1) t ON m.kind <> 6
            LEFT JOIN outcome o ON o.organisation_id = m.organisation_id AND o.message_id = m.id
                AND o.n = t.n
            LEFT JOIN settlement s ON s.organisation_id = m.organisation_id
                AND s.message_id = m.id AND s.n = t.n
            LEFT JOIN LATERAL (
                SELECT max(status) AS status FROM receipt
                WHERE organisation_id = m.organisation_id AND message_id = m.id) r
                ON m.kind <> 6
            ORDER BY m.id DESC LIMIT 200
            """
        ) { row in
            let kind: Int16 = try row.value(1)
            return ConversationPage.Saying(
                id: try row.value(0), isTheirs: kind == 6, isAutomatic: kind == 3 || kind == 4,
                body: try row.value(2), mediaCount: Int(try row.value(3) as Int32? ?? 0),
                at: try row.value(4), author: try row.value(5), authorID: try row.value(11),
                state: Self.state(
                    kind: kind, verdict: try row.value(7), outcome: try row.value(8),
                    settlement: try row.value(9), receipt: try row.value(10)),
                isEarlier: !(try row.value(6) as Bool))
        }
        return rows.reversed()
    }

    /// Reads a text's state from what was written of it.
    private static func state(
        kind: Int16, verdict: Int16?, outcome: Int16?, settlement: Int16, receipt: Int16?
    ) -> ConversationPage.State {
        if kind == 6 { return .received }
        if let verdict, verdict != 1 { return .refused }
        if receipt == 4 { return .delivered }
        if let receipt, receipt >= 5 { return .failed }
        switch (outcome, settlement) {
        case (1, _), (4, 1): return .sent
        case (2, _), (4, 2): return .failed
        case (4, _): return .unsure
        default: return .waiting
        }
    }
}
