import Foundation
import Postgres

/// What a text is for. Raw values stand in `message.kind`.
package enum MessageKind: Int16, Sendable {
    case first = 1, reply, confirmation, help, code, inbound, test, notice

    /// Its place in the outbox: what answers a person goes before what addresses one.
    package var priority: Int16 {
        switch self {
        case .reply, .help, .code, .notice: 0
        case .confirmation: 1
        case .first, .test, .inbound: 2
        }
    }
}

/// A text about to be written down. Times are instants, `segments` is its billed size.
package struct NewMessage: Sendable {
    package var organisation: Int32
    package var id: UUID
    package var kind: MessageKind
    package var contact: UUID
    package var campaign: UUID?
    package var conversation: UUID?
    package var sender: UUID?
    package var body: String
    package var media: [String] = []
    package var segments: Int16
    package var zoneSet: Int16 = 1
    package var scriptVersion: Int32?
    package var author: UUID?
    /// The press behind it: a lease's key or a form's key.
    package var act: UUID?
    package var sendBefore: Date?
    package var replaces: UUID?
    package var meaning: Judgement?
    package var providerID: String?

    /// What the rules said of an inbound text, and which version said it.
    package struct Judgement: Sendable {
        package var meaning: String
        package var action: String
        package var rule: String
        package var version: String

        package init(meaning: String, action: String, rule: String, version: String) {
            self.meaning = meaning
            self.action = action
            self.rule = rule
            self.version = version
        }
    }

    package init(
        organisation: Int32, id: UUID = .v7(), kind: MessageKind, contact: UUID, body: String,
        segments: Int16
    ) {
        self.organisation = organisation
        self.id = id
        self.kind = kind
        self.contact = contact
        self.body = body
        self.segments = segments
    }
}

/// Texts, in and out; the only type that inserts into `message`.
package enum Messages {
    /// Writes texts down, all in one statement.
    ///
    /// - Returns: the ids that are new. One that was there already (a second draw, a repeated
    ///   press) is left out, and nothing more may be done for it.
    package static func insert(
        _ texts: [NewMessage], on connection: Connection
    ) async throws -> Set<UUID> {
        guard !texts.isEmpty else { return [] }
        let fresh = try await connection.rows(statement(for: texts)) { row in
            try row.value(0) as UUID
        }
        return Set(fresh)
    }

    private static func statement(for texts: [NewMessage]) -> SQL {
        // Arrays of arrays would be flattened by unnest, so media travel joined by line feeds.
        let media = texts.map { $0.media.isEmpty ? nil : $0.media.joined(separator: "\n") }
        return """
            INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id,
                conversation_id, sender_id, body, media, segments, zone_set, script_version,
                author_id, act, send_before, replaces, meaning, meaning_action, meaning_rule,
                meaning_version, provider_id)
            SELECT organisation_id, id, kind, contact_id, campaign_id, conversation_id, sender_id,
                body, string_to_array(media, E'\\n'), segments, zone_set, script_version, author_id,
                act, send_before, replaces, meaning, meaning_action, meaning_rule,
                meaning_version, provider_id
            FROM unnest(\(texts.map(\.organisation)), \(texts.map(\.id)),
                \(texts.map(\.kind.rawValue)), \(texts.map(\.contact)), \(texts.map(\.campaign)),
                \(texts.map(\.conversation)), \(texts.map(\.sender)), \(texts.map(\.body)),
                \(media), \(texts.map(\.segments)), \(texts.map(\.zoneSet)),
                \(texts.map(\.scriptVersion)), \(texts.map(\.author)), \(texts.map(\.act)),
                \(texts.map(\.sendBefore)), \(texts.map(\.replaces)),
                \(texts.map(\.meaning?.meaning)), \(texts.map(\.meaning?.action)),
                \(texts.map(\.meaning?.rule)), \(texts.map(\.meaning?.version)),
                \(texts.map(\.providerID)))
                AS t(organisation_id, id, kind, contact_id, campaign_id, conversation_id,
                    sender_id, body, media, segments, zone_set, script_version, author_id, act,
                    send_before, replaces, meaning, meaning_action, meaning_rule,
                    meaning_version, provider_id)
            ON CONFLICT DO NOTHING
            RETURNING id
            """
    }
}
