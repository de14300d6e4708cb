import Foundation
import Postgres
import Texting

/// What a texter wants to send into a conversation.
package struct ReplyDraft: Sendable {
    package var conversation: UUID
    /// Minted with the form; the text it makes is made once.
    package var key: UUID
    package var body: String
    /// The chip behind it, if any.
    package var answer: UUID?
    /// The newest text that the page showed.
    package var seen: UUID?

    package init(conversation: UUID, key: UUID, body: String, answer: UUID?, seen: UUID?) {
        self.conversation = conversation
        self.key = key
        self.body = body
        self.answer = answer
        self.seen = seen
    }
}

/// What came of a reply.
package enum ReplyOutcome: Sendable, Equatable {
    case queued(UUID)
    /// The same press again; nothing new was made.
    case already
    case optedOut
    /// The person, or somebody of ours, wrote since the page was shown.
    case overtaken(byUs: String?)
    /// Too long, empty, or not one of the ready answers while only those are allowed.
    case notAllowed
    case gone
}

extension Desk {
    /// The most segments of a reply.
    package static let segmentsMax = 6

    /// Sends a reply: text, outbox, recorded answer, tag and, where the chip says so, the stop, in
    /// one transaction. Locks the person, then the conversation, then the chain's head.
    package func reply(_ draft: ReplyDraft, from visitor: Visitor) async throws -> ReplyOutcome {
        let house = visitor.organisation
        return try await database.transaction(organisation: house) { connection in
            guard let page = try await Self.head(draft.conversation, visitor, on: connection)
            else { return .gone }
            let person = ContactKey(organisation: house, id: page.contact)
            let locked = try await ContactRows.lock([person], on: connection)
            if try await Self.isSpent(draft.key, house, on: connection) { return .already }
            if locked[person]?.optedOutAt != nil { return .optedOut }
            if let news = try await Self.newsSince(draft.seen, page, house, on: connection) {
                return news
            }
            let answer = try await Self.answer(draft.answer, page, house, on: connection)
            let isFree = answer.map { draft.body != $0.body } ?? true
            let measure = Measure(draft.body)
            guard !draft.body.isEmpty || answer?.optsOut == true,
                measure.segments <= Self.segmentsMax
            else { return .notAllowed }
            if isFree, answer == nil, !visitor.mayWriteFreely, visitor.role == "texter" {
                return .notAllowed
            }
            if answer?.optsOut == true {
                try await Self.stop(page, visitor, confirms: draft.body.isEmpty, on: connection)
                if draft.body.isEmpty { return .queued(draft.key) }
            }
            let id = try await Self.queue(
                draft, page, visitor, segments: measure.segments,
                kind: answer?.optsOut == true ? .confirmation : .reply, on: connection)
            try await Conversations.answered(
                draft.conversation, by: visitor, snippet: draft.body, answer: answer,
                on: connection)
            return .queued(id)
        }
    }

    /// Opts a person out by a texter's tap, with or without the one confirmation.
    ///
    /// - Returns: false if the conversation is not theirs.
    package func optOut(
        _ conversation: UUID, by visitor: Visitor, confirms: Bool
    ) async throws -> Bool {
        try await database.transaction(organisation: visitor.organisation) { connection in
            guard let page = try await Self.head(conversation, visitor, on: connection) else {
                return false
            }
            try await Self.stop(page, visitor, confirms: confirms, on: connection)
            return true
        }
    }

    /// Takes a tap back within six seconds; a confirmation that waits is kept from leaving by the
    /// pause before it.
    ///
    /// - Returns: false if it was too late; nil if the conversation is not theirs.
    package func takeBack(_ conversation: UUID, by visitor: Visitor) async throws -> Bool? {
        let page = try await database.transaction(organisation: visitor.organisation) {
            try await Self.head(conversation, visitor, on: $0)
        }
        guard let page else { return nil }
        let isBack = try await OptOuts.takeBack(
            organisation: visitor.organisation, contact: page.contact, member: visitor.id,
            in: database)
        guard isBack else { return false }
        try await database.transaction(organisation: visitor.organisation) { connection in
            try await Self.withdrawConfirmation(
                page, visitor, because: "stop_taken_back", on: connection)
            if let campaign = page.campaign {
                let entry = TallyEntry(
                    organisation: visitor.organisation, campaign: campaign, kind: .optOuts)
                try await Tallies.add([entry: -1], on: connection)
            }
            try await Conversations.reopen(conversation, visitor.organisation, on: connection)
        }
        return true
    }

    /// *No message, please*: the opt-out stands, its confirmation does not leave.
    ///
    /// - Returns: false if the conversation is not theirs.
    package func silence(_ conversation: UUID, by visitor: Visitor) async throws -> Bool {
        try await database.transaction(organisation: visitor.organisation) { connection in
            guard let page = try await Self.head(conversation, visitor, on: connection) else {
                return false
            }
            try await Self.withdrawConfirmation(
                page, visitor, because: "no_message_wished", on: connection)
            return true
        }
    }

    /// The stop itself: person, conversation, ledger.
    private static func stop(
        _ page: ConversationPage, _ visitor: Visitor, confirms: Bool, on connection: Connection
    ) async throws {
        let marked = try await OptOuts.mark(
            [
                Stop(
                    organisation: visitor.organisation, contact: page.contact, source: .tap,
                    conversation: page.id, member: visitor.id)
            ], on: connection)
        try await Conversations.close(page.id, visitor.organisation, on: connection)
        if confirms, marked.first?.isNew == true {
            try await queueConfirmation(page, visitor, on: connection)
        }
        try await OptOuts.count(marked, of: page.campaign, on: connection)
        try await OptOuts.write(marked, on: connection)
    }

    /// The one confirmation, held back for the six seconds in which the tap may be taken back.
    private static func queueConfirmation(
        _ page: ConversationPage, _ visitor: Visitor, on connection: Connection
    ) async throws {
        let wording =
            try await connection.first(
                "SELECT confirmation_text FROM organisation WHERE id = \(visitor.organisation)"
            ) { row in try row.value(0) as String? } ?? nil
        let body =
            wording ?? "\(visitor.organisationName): you will get no more texts from us."
            + " Reply START to come back."
        var draft = ReplyDraft(
            conversation: page.id, key: .v7(), body: body, answer: nil, seen: nil)
        draft.body = body
        let wait = Double(OptOuts.takeBackWindow.components.seconds) + 1
        _ = try await queue(
            draft, page, visitor, segments: Measure(body).segments, kind: .confirmation,
            dueAt: Date(timeIntervalSinceNow: wait), on: connection)
    }

    /// Takes a visitor's confirmation that has not been attempted out of the outbox, closed as
    /// cancelled.
    private static func withdrawConfirmation(
        _ page: ConversationPage, _ visitor: Visitor, because reason: String,
        on connection: Connection
    ) async throws {
        let organisation = visitor.organisation
        let waiting = try await connection.rows(
            """
            DELETE FROM outbox o USING message m
            WHERE o.organisation_id = \(organisation) AND o.sender_id = \(page.sender)
                AND o.kind = \(MessageKind.confirmation.rawValue) AND o.taken = 0
                AND cardinality(o.message_ids) = 1 AND m.organisation_id = o.organisation_id
                AND m.id = o.message_ids[1] AND m.conversation_id = \(page.id)
                AND m.author_id = \(visitor.id)
            RETURNING m.id
            """
        ) { row in try row.value(0) as UUID }
        try await connection.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, reason)
            SELECT \(organisation), unnest(\(waiting)), 1, 4, \(reason)
            """)
    }

    private static func queue(
        _ draft: ReplyDraft, _ page: ConversationPage, _ visitor: Visitor, segments: Int,
        kind: MessageKind, dueAt: Date? = nil, on connection: Connection
    ) async throws -> UUID {
        var text = NewMessage(
            organisation: visitor.organisation, kind: kind, contact: page.contact,
            body: draft.body, segments: Int16(clamping: segments))
        text.campaign = page.campaign
        text.conversation = page.id
        text.sender = try await sender(for: page, visitor.organisation, on: connection)
        text.zoneSet = page.zoneSet
        text.author = visitor.id
        text.act = draft.key
        _ = try await Messages.insert([text], on: connection)
        try await connection.execute(
            """
            INSERT INTO act (organisation_id, key, member_id, message_id)
            VALUES (\(visitor.organisation), \(draft.key), \(visitor.id), \(text.id))
            """)
        try await Outbox.add(
            [
                OutboxEntry(
                    organisation: visitor.organisation, sender: text.sender ?? page.sender,
                    kind: kind, campaign: page.campaign, zoneSet: page.zoneSet,
                    messages: [text.id], dueAt: dueAt)
            ], on: connection)
        return text.id
    }

    /// The thread's own number; once it is retired, another of its pool.
    private static func sender(
        for page: ConversationPage, _ organisation: Int32, on connection: Connection
    ) async throws -> UUID {
        try await connection.first(
            """
            SELECT s.id FROM sender s JOIN sender o ON o.organisation_id = s.organisation_id
                AND o.id = \(page.sender)
            WHERE s.organisation_id = \(organisation)
                AND (s.id = o.id OR s.retired_at IS NULL AND s.pool = o.pool)
            ORDER BY s.retired_at IS NOT NULL, s.id <> o.id, s.id LIMIT 1
            """
        ) { row in try row.value(0) as UUID } ?? page.sender
    }

    private static func isSpent(
        _ key: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Bool {
        try await connection.first(
            "SELECT 1 FROM act WHERE organisation_id = \(organisation) AND key = \(key)"
        ) { _ in true } ?? false
    }

    /// Whether somebody wrote since the page was shown: a reply must not answer what it did not see.
    private static func newsSince(
        _ seen: UUID?, _ page: ConversationPage, _ organisation: Int32, on connection: Connection
    ) async throws -> ReplyOutcome? {
        guard let seen else { return nil }
        let news = try await connection.first(
            """
            SELECT m.kind, u.name FROM message m
            LEFT JOIN member u ON u.organisation_id = m.organisation_id AND u.id = m.author_id
            WHERE m.organisation_id = \(organisation) AND m.contact_id = \(page.contact)
                AND m.kind IN (2, 6) AND m.id > \(seen)
            ORDER BY m.id DESC LIMIT 1
            """
        ) { row in (kind: try row.value(0) as Int16, author: try row.value(1) as String?) }
        return news.map { .overtaken(byUs: $0.kind == 6 ? nil : $0.author ?? "") }
    }

    private static func answer(
        _ id: UUID?, _ page: ConversationPage, _ organisation: Int32, on connection: Connection
    ) async throws -> ReadyAnswer? {
        guard let id, let campaign = page.campaign else { return nil }
        return try await answers(campaign, organisation, on: connection).first { $0.id == id }
    }
}

/// What a shift came to.
package struct Debrief: Sendable {
    /// First texts pressed today.
    package var asked = 0
    /// Conversations answered within a day.
    package var talks = 0
    /// People who still wait for this texter.
    package var open = 0
    /// First texts of the whole campaign.
    package var teamAsked = 0
    /// The campaign's join code, to bring a friend.
    package var code: String?
    /// The campaign they texted for last; nil for whoever never did.
    package var campaign: UUID?
    /// Who leads it.
    package var lead: String?
    /// What people of these conversations answered, the commonest first.
    package var answers: [Answered] = []

    package struct Answered: Sendable {
        package var question: String
        package var value: String
        package var people: Int
    }
}

extension Desk {
    /// Sums a texter's shift, for the page at its end.
    package func debrief(for visitor: Visitor) async throws -> Debrief {
        let house = visitor.organisation
        return try await database.transaction(organisation: house) { connection in
            var debrief =
                try await connection.first(
                    """
                    SELECT CASE WHEN p.sent_on = current_date THEN p.sent_today ELSE 0 END,
                        (SELECT coalesce(sum(next_position - 1), 0)::bigint FROM lane a
                         WHERE a.organisation_id = p.organisation_id
                            AND a.campaign_id = p.campaign_id), g.code, g.id, l.name
                    FROM participation p JOIN campaign g
                        ON g.organisation_id = p.organisation_id AND g.id = p.campaign_id
                    LEFT JOIN member l ON l.organisation_id = g.organisation_id AND l.id = g.lead_id
                    WHERE p.organisation_id = \(house) AND p.member_id = \(visitor.id)
                    ORDER BY p.last_at DESC LIMIT 1
                    """
                ) { row in
                    Debrief(
                        asked: Int(try row.value(0) as Int32), teamAsked: try row.value(1),
                        code: try row.value(2), campaign: try row.value(3),
                        lead: try row.value(4))
                } ?? Debrief()
            let talks = try await connection.first(
                """
                SELECT count(*) FILTER (WHERE last_outbound_at > now() - interval '1 day'),
                    count(*) FILTER (WHERE needs_reply_since IS NOT NULL)
                FROM conversation
                WHERE organisation_id = \(house) AND assignee_id = \(visitor.id)
                """
            ) { row in (try row.value(0) as Int, try row.value(1) as Int) }
            (debrief.talks, debrief.open) = talks ?? (0, 0)
            debrief.answers = try await connection.rows(
                """
                SELECT a.key, a.value, count(*) FROM conversation c, jsonb_each_text(c.answers) a
                WHERE c.organisation_id = \(house) AND c.assignee_id = \(visitor.id)
                    AND c.last_outbound_at > now() - interval '1 day'
                GROUP BY a.key, a.value ORDER BY count(*) DESC, a.key, a.value LIMIT 4
                """
            ) { row in
                Debrief.Answered(
                    question: try row.value(0), value: try row.value(1), people: try row.value(2))
            }
            return debrief
        }
    }
}
