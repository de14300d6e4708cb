import Foundation
import Postgres

/// Changes of conversations that people make on pages; each in the transaction of its cause.
extension Conversations {
    /// Somebody answered: nobody waits any more, and what the chip records is recorded.
    static func answered(
        _ id: UUID, by visitor: Visitor, snippet: String, answer: ReadyAnswer?,
        on connection: Connection
    ) async throws {
        var recorded: [String: String] = [:]
        if let question = answer?.question, let value = answer?.value { recorded[question] = value }
        try await connection.execute(
            """
            UPDATE conversation SET needs_reply_since = NULL, flagged = NULL, done_at = NULL,
                assignee_id = \(visitor.id), last_outbound_at = clock_timestamp(),
                snippet = \(String(snippet.prefix(160))),
                answers = answers || \(try JSONB(encoding: recorded)),
                tags = CASE WHEN \(answer?.tag) IS NULL OR \(answer?.tag) = ANY(tags) THEN tags
                    ELSE array_append(tags, \(answer?.tag)) END
            WHERE organisation_id = \(visitor.organisation) AND id = \(id)
            """)
        for (question, value) in recorded {
            try await RecordedAnswers.record(
                .init(
                    organisation: visitor.organisation, conversation: id, question: question,
                    value: value, member: visitor.id), on: connection)
        }
    }

    /// Nothing is left to be said.
    static func close(_ id: UUID, _ organisation: Int32, on connection: Connection) async throws {
        try await connection.execute(
            """
            UPDATE conversation SET needs_reply_since = NULL, flagged = NULL,
                done_at = clock_timestamp()
            WHERE organisation_id = \(organisation) AND id = \(id)
            """)
    }

    /// A tap was taken back: the person waits as before.
    static func reopen(_ id: UUID, _ organisation: Int32, on connection: Connection) async throws {
        try await connection.execute(
            """
            UPDATE conversation SET done_at = NULL,
                needs_reply_since = CASE WHEN last_inbound_at IS NOT NULL
                    AND last_inbound_at > coalesce(last_outbound_at, '-infinity')
                    THEN last_inbound_at END
            WHERE organisation_id = \(organisation) AND id = \(id)
            """)
    }
}

extension Desk {
    /// Makes a conversation of the pool the visitor's own.
    package func claim(_ id: UUID, for visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await connection.execute(
                """
                UPDATE conversation c SET assignee_id = \(visitor.id)
                WHERE c.organisation_id = \(visitor.organisation) AND c.id = \(id)
                    AND (\(Self.inPool) OR c.assignee_id = \(visitor.id))
                """)
        }
    }

    /// Puts a conversation away, or back among those that wait.
    package func setDone(_ id: UUID, _ isDone: Bool, by visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            if isDone {
                try await Conversations.close(id, visitor.organisation, on: connection)
            } else {
                try await Conversations.reopen(id, visitor.organisation, on: connection)
            }
        }
    }

    /// Writes a note that colleagues see, never the person.
    package func note(_ body: String, on id: UUID, by visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await Self.insertNote(body, kind: "note", id, visitor, on: connection)
        }
    }

    /// Asks the lead for help with a conversation, which the texter keeps.
    package func raiseHand(_ id: UUID, _ note: String, by visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await Self.insertNote(note, kind: "help", id, visitor, on: connection)
            try await connection.execute(
                """
                UPDATE conversation SET flagged = coalesce(flagged, 'help')
                WHERE organisation_id = \(visitor.organisation) AND id = \(id)
                """)
        }
    }

    /// Hands a conversation to a person, or to the pool, with the reason.
    package func hand(
        _ id: UUID, to member: UUID?, reason: String, by visitor: Visitor
    ) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await Self.insertNote(reason, kind: "handed", id, visitor, on: connection)
            try await connection.execute(
                """
                UPDATE conversation SET handed_reason = \(reason), team_id = NULL, assignee_id = (
                    SELECT m.id FROM member m WHERE m.organisation_id = \(visitor.organisation)
                        AND m.id = \(member) AND m.deactivated_at IS NULL),
                    needs_reply_since = coalesce(needs_reply_since, clock_timestamp()),
                    done_at = NULL
                WHERE organisation_id = \(visitor.organisation) AND id = \(id)
                """)
        }
    }

    /// Somebody else has this number: no campaign texts it again, and nobody answers.
    package func wrongNumber(_ id: UUID, by visitor: Visitor) async throws -> Bool {
        try await database.transaction(organisation: visitor.organisation) { connection in
            guard let page = try await Self.head(id, visitor, on: connection) else { return false }
            let person = ContactKey(organisation: visitor.organisation, id: page.contact)
            _ = try await ContactRows.lock([person], on: connection)
            try await connection.execute(
                """
                UPDATE contact SET wrong_number_at = coalesce(wrong_number_at, clock_timestamp())
                WHERE organisation_id = \(visitor.organisation) AND id = \(page.contact)
                """)
            try await Conversations.close(id, visitor.organisation, on: connection)
            try await Ledger.append(
                visitor.organisation, .wrongNumber, contact: page.contact,
                details: ["member": visitor.id.text, "conversation": id.text], on: connection)
            return true
        }
    }

    /// Colleagues who are here and may be handed a conversation.
    package func colleagues(of visitor: Visitor) async throws -> [(id: UUID, name: String)] {
        try await database.transaction(organisation: visitor.organisation) { connection in
            try await connection.rows(
                """
                SELECT id, name FROM member
                WHERE organisation_id = \(visitor.organisation) AND id <> \(visitor.id)
                    AND deactivated_at IS NULL AND role <> 'compliance'
                    AND (present_until > now() OR role = 'lead')
                ORDER BY role = 'lead' DESC, name LIMIT 50
                """
            ) { row in (try row.value(0), try row.value(1)) }
        }
    }

    /// Runs a change if the visitor may see the conversation.
    func change(
        _ id: UUID, _ visitor: Visitor, _ body: @Sendable (Connection) async throws -> Void
    ) async throws -> Bool {
        try await database.transaction(organisation: visitor.organisation) { connection in
            guard try await Self.head(id, visitor, on: connection) != nil else { return false }
            try await body(connection)
            return true
        }
    }

    static func insertNote(
        _ body: String, kind: String, _ id: UUID, _ visitor: Visitor, on connection: Connection
    ) async throws {
        try await connection.execute(
            """
            INSERT INTO note (organisation_id, id, conversation_id, author_id, kind, body)
            VALUES (\(visitor.organisation), \(UUID.v7()), \(id), \(visitor.id), \(kind),
                \(String(body.prefix(2000))))
            """)
    }
}
