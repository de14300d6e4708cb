import Foundation
import Postgres

/// What the tables hold of a person beside their texts, consents and lines of the log
/// (``PersonHistory``): with it, the whole answer to an access request.
package struct SubjectRecords: Sendable, Codable {
    /// Columns of a list on which they stood.
    package struct ListRow: Sendable, Codable {
        package var campaign: String
        package var columns: [String: String]
    }

    /// What our people wrote about them.
    package struct Note: Sendable, Codable {
        package var at: Date
        package var kind: String
        package var words: String
    }

    /// What they answered, as it was recorded.
    package struct Answer: Sendable, Codable {
        package var at: Date
        package var campaign: String?
        package var question: String
        package var answer: String
    }

    /// A thread with one of our numbers.
    package struct Talk: Sendable, Codable {
        package var since: Date
        package var ourNumber: String?
        package var lastInboundAt: Date?
        package var lastOutboundAt: Date?
        package var tags: [String]
        package var answers: [String: String]
        package var flagged: String?
        package var handedReason: String?
    }

    /// A request of theirs with what they said in it.
    package struct Request: Sendable, Codable {
        package var request: CaseRequest
        package var said: NewRequest.Facts?
    }

    /// A reply of theirs that waited for a person's decision.
    package struct Review: Sendable, Codable {
        package var readAs: String
        package var rule: String
        package var dueAt: Date
        package var decidedAt: Date?
        package var decision: String?
    }

    package var listRows: [ListRow]
    package var notes: [Note]
    package var answers: [Answer]
    package var talks: [Talk]
    package var requests: [Request]
    package var reviews: [Review]
    /// Reasons for which volunteers left them to others.
    package var passedOver: [String]
    /// Links to their own page that went out in answers to HELP.
    package var linksSentAt: [Date]
    /// Webhooks kept as received, which repeat their own words.
    package var webhooks: Int
    /// Of legal holds that cover them.
    package var isHeld: Bool
}

extension Cases {
    /// Reads them, along the person's own keys.
    package func records(of contact: UUID, organisation: Int32) async throws -> SubjectRecords {
        var told: [SubjectRecords.Request] = []
        for request in try await requests(organisation: organisation, contact: contact) {
            told.append(
                .init(
                    request: request,
                    said: try await facts(of: request.id, organisation: organisation)))
        }
        let requests = told
        return try await database.transaction(organisation: organisation) { connection in
            let reader = SubjectReader(
                contact: contact, organisation: organisation, connection: connection)
            return try await SubjectRecords(
                listRows: reader.listRows(), notes: reader.notes(), answers: reader.answers(),
                talks: reader.talks(), requests: requests, reviews: reader.reviews(),
                passedOver: reader.passedOver(), linksSentAt: reader.links(),
                webhooks: reader.webhooks(), isHeld: reader.isHeld())
        }
    }
}

/// The statements behind ``SubjectRecords``, within one transaction.
private struct SubjectReader {
    let contact: UUID
    let organisation: Int32
    let connection: Connection

    func listRows() async throws -> [SubjectRecords.ListRow] {
        try await connection.rows(
            """
            SELECT coalesce(c.name, r.campaign_id::text), r.fields
            FROM recipient r LEFT JOIN campaign c
                ON c.organisation_id = r.organisation_id AND c.id = r.campaign_id
            WHERE r.organisation_id = \(organisation) AND r.contact_id = \(contact)
            ORDER BY r.message_id
            """
        ) { row in
            SubjectRecords.ListRow(
                campaign: try row.value(0),
                columns: try (row.value(1) as JSONB).decode([String: String].self))
        }
    }

    func notes() async throws -> [SubjectRecords.Note] {
        try await connection.rows(
            """
            SELECT n.created_at, n.kind, n.body
            FROM conversation c JOIN note n ON n.organisation_id = c.organisation_id
                AND n.conversation_id = c.id
            WHERE c.organisation_id = \(organisation) AND c.contact_id = \(contact)
                AND n.body <> ''
            ORDER BY n.id
            """
        ) { row in
            SubjectRecords.Note(
                at: try row.value(0), kind: try row.value(1), words: try row.value(2))
        }
    }

    func answers() async throws -> [SubjectRecords.Answer] {
        try await connection.rows(
            """
            SELECT a.at, k.name, a.question, a.value
            FROM recorded_answer a
            LEFT JOIN campaign k ON k.organisation_id = a.organisation_id AND k.id = a.campaign_id
            WHERE a.organisation_id = \(organisation) AND a.contact_id = \(contact)
            ORDER BY a.id
            """
        ) { row in
            SubjectRecords.Answer(
                at: try row.value(0), campaign: try row.value(1), question: try row.value(2),
                answer: try row.value(3))
        }
    }

    func talks() async throws -> [SubjectRecords.Talk] {
        try await connection.rows(
            """
            SELECT c.created_at, s.number, c.last_inbound_at, c.last_outbound_at, c.tags,
                c.answers, c.flagged, c.handed_reason
            FROM conversation c LEFT JOIN sender s ON s.organisation_id = c.organisation_id
                AND s.id = c.sender_id
            WHERE c.organisation_id = \(organisation) AND c.contact_id = \(contact)
            ORDER BY c.id
            """
        ) { row in
            SubjectRecords.Talk(
                since: try row.value(0), ourNumber: try row.value(1),
                lastInboundAt: try row.value(2), lastOutboundAt: try row.value(3),
                tags: try row.value(4),
                answers: try (row.value(5) as JSONB).decode([String: String].self),
                flagged: try row.value(6), handedReason: try row.value(7))
        }
    }

    func reviews() async throws -> [SubjectRecords.Review] {
        try await connection.rows(
            """
            SELECT v.meaning, v.rule, v.due_at, v.decided_at, v.decision
            FROM message m JOIN review v ON v.organisation_id = m.organisation_id
                AND v.message_id = m.id
            WHERE m.organisation_id = \(organisation) AND m.contact_id = \(contact) AND m.kind = 6
            ORDER BY m.id
            """
        ) { row in
            SubjectRecords.Review(
                readAs: try row.value(0), rule: try row.value(1), dueAt: try row.value(2),
                decidedAt: try row.value(3), decision: try row.value(4))
        }
    }

    func passedOver() async throws -> [String] {
        try await connection.rows(
            """
            SELECT s.reason FROM recipient r JOIN skip s ON s.organisation_id = r.organisation_id
                AND s.message_id = r.message_id
            WHERE r.organisation_id = \(organisation) AND r.contact_id = \(contact) ORDER BY s.at
            """
        ) { try $0.value(0) as String }
    }

    func links() async throws -> [Date] {
        try await connection.rows(
            """
            SELECT created_at FROM person_link
            WHERE organisation_id = \(organisation) AND contact_id = \(contact) ORDER BY 1
            """
        ) { try $0.value(0) as Date }
    }

    func webhooks() async throws -> Int {
        try await connection.first(
            """
            SELECT count(*) FROM inbound_raw
            WHERE organisation_id = \(organisation) AND contact_id = \(contact)
            """
        ) { try $0.value(0) as Int } ?? 0
    }

    func isHeld() async throws -> Bool {
        try await connection.first("SELECT is_held(\(organisation), \(contact))") {
            try $0.value(0) as Bool
        } ?? false
    }
}
