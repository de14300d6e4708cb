import Foundation
import Postgres
import Texting

/// What we last said to a person, newest first: a reply is read against it.
struct ReplyContext: Sendable {
    struct SentText: Sendable {
        var kind: Int16
        var campaign: UUID?
        var author: UUID?
        var sender: UUID?
        var body: String
        var at: Date
    }

    var texts: [SentText] = []

    /// The first text that this reply most likely answers: the last one from that number, else the
    /// last one from any.
    func firstText(from sender: UUID) -> SentText? {
        let firsts = texts.filter { $0.kind == 1 }
        return firsts.first { $0.sender == sender } ?? firsts.first
    }

    var bodies: [String] { texts.map(\.body) }

    /// First texts are found through `recipient`, all others through the index on threads.
    static func read(
        _ people: [ContactKey], on connection: Connection
    ) async throws -> [ContactKey: ReplyContext] {
        let rows = try await connection.rows(
            """
            SELECT w.o, w.c, t.kind, t.campaign_id, t.author_id, t.sender_id, t.body, t.created_at
            FROM unnest(\(people.map(\.organisation)), \(people.map(\.id))) AS w(o, c)
            CROSS JOIN LATERAL (
                (SELECT m.kind, m.campaign_id, m.author_id, m.sender_id, m.body, m.created_at
                 FROM recipient r JOIN message m
                    ON m.organisation_id = r.organisation_id AND m.id = r.message_id
                 WHERE r.organisation_id = w.o AND r.contact_id = w.c AND m.body <> '')
                UNION ALL
                (SELECT m.kind, m.campaign_id, m.author_id, m.sender_id, m.body, m.created_at
                 FROM message m
                 WHERE m.organisation_id = w.o AND m.contact_id = w.c AND m.kind NOT IN (1, 6)
                 ORDER BY m.id DESC LIMIT 5)
            ) t
            ORDER BY t.created_at DESC
            """
        ) { row in
            (
                ContactKey(organisation: try row.value(0), id: try row.value(1)),
                SentText(
                    kind: try row.value(2), campaign: try row.value(3), author: try row.value(4),
                    sender: try row.value(5), body: try row.value(6), at: try row.value(7))
            )
        }
        return Dictionary(grouping: rows, by: \.0).mapValues { ReplyContext(texts: $0.map(\.1)) }
    }
}

/// What a reply means, by the provider's mark or our rules, and what follows from it.
struct ReplyReading: Sendable {
    var meaning: Reply.Meaning
    var action: Reply.Action
    var rule: String

    /// The provider's mark holds where there is one: it has acted on it already.
    init(_ arrival: Arrival, context: ReplyContext) {
        if let mark = arrival.mark, let meaning = Reply.Meaning(rawValue: mark) {
            (self.meaning, action, rule) = (meaning, .act, "provider.mark")
        } else {
            let reply = Reply(arrival.body, lastSent: context.bodies)
            (meaning, action, rule) = (reply.meaning, reply.action, reply.rule)
        }
    }

    var judgement: NewMessage.Judgement {
        NewMessage.Judgement(
            meaning: meaning.rawValue, action: action.rawValue, rule: rule, version: Reply.version)
    }

    func acts(_ meaning: Reply.Meaning) -> Bool { self.meaning == meaning && action == .act }
}
