import Foundation
import Postgres
import Secrets

/// Links to a person's own page, `/w/TOKEN`; the only type that writes `person_link`.
///
/// 96 random bits in a text, their hash in the table: nobody guesses one, and whoever reads the
/// database cannot open one. A link serves as long as the person is known.
package struct PersonLinks: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Whom a link is about.
    package struct Link: Sendable {
        package var organisation: Int32
        package var organisationName: String
        package var contact: UUID
        package var conversation: UUID?
    }

    /// What the person's page shows: no name, no number, no words of theirs.
    package struct Page: Sendable {
        package var optedOutAt: Date?
        package var erasedAt: Date?
        package var zones: [String]
        package var sources: [Source]
        /// Our texts, the newest first.
        package var texts: [Text]
        package var complaints: [Complaint]

        package struct Source: Sendable {
            package var source, wording: String
            package var givenAt: Date?
            package var recordedAt: Date
        }
        package struct Text: Sendable {
            package var at: Date
            package var body: String
        }
        package struct Complaint: Sendable {
            package var id: UUID
            package var receivedAt: Date
            package var dueAt: Date
            package var acknowledgedAt: Date?
            package var closedAt: Date?
        }
    }

    /// A token and what stands of it in the table.
    static func mint() -> (token: String, hash: [UInt8]) {
        let bytes = Token.random(bytes: 12)
        return (bytes.base64URL, SHA256.hash(bytes))
    }

    /// Writes links down, in the transaction of the texts that carry them.
    static func insert(
        _ links: [(hash: [UInt8], text: NewMessage)], on connection: Connection
    ) async throws {
        guard !links.isEmpty else { return }
        _ = try await connection.execute(
            """
            INSERT INTO person_link
                (token_hash, organisation_id, contact_id, conversation_id, message_id)
            SELECT * FROM unnest(\(links.map(\.hash)), \(links.map(\.text.organisation)),
                \(links.map(\.text.contact)), \(links.map(\.text.conversation)),
                \(links.map(\.text.id)))
            """)
    }

    /// Whom a token is about; nil for one that was never given out.
    package func find(_ token: String) async throws -> Link? {
        guard let bytes = [UInt8](base64URL: token), bytes.count == 12 else { return nil }
        return try await database.first(
            """
            SELECT organisation_id, organisation_name, contact_id, conversation_id
            FROM find_person_link(\(SHA256.hash(bytes)))
            """
        ) { row in
            Link(
                organisation: try row.value(0), organisationName: try row.value(1),
                contact: try row.value(2), conversation: try row.value(3))
        }
    }

    /// What is told to the person.
    package func page(_ link: Link) async throws -> Page? {
        let (house, contact) = (link.organisation, link.contact)
        return try await database.transaction(organisation: house) { connection in
            guard
                let person = try await PersonHistory.Person.read(contact, house, on: connection)
            else { return nil }
            let sources = try await connection.rows(
                """
                SELECT source, wording, given_at, recorded_at FROM consent
                WHERE organisation_id = \(house) AND contact_id = \(contact)
                ORDER BY recorded_at LIMIT 10
                """
            ) { row in
                Page.Source(
                    source: try row.value(0), wording: try row.value(1),
                    givenAt: try row.value(2), recordedAt: try row.value(3))
            }
            return Page(
                optedOutAt: person.optedOutAt, erasedAt: person.erasedAt, zones: person.zones,
                sources: sources, texts: try await Self.texts(contact, house, on: connection),
                complaints: try await Self.complaints(contact, house, on: connection))
        }
    }

    /// The last texts that left or may have left.
    private static func texts(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [Page.Text] {
        try await connection.rows(
            """
            SELECT coalesce(a.slot_at, m.created_at), m.body
            FROM (\(Audits.texts(to: "\(contact)", organisation))) i
            JOIN message m ON m.organisation_id = \(organisation) AND m.id = i.id
                AND m.kind IN (1, 2, 3, 4) AND m.body <> ''
            JOIN attempt a ON a.organisation_id = m.organisation_id AND a.message_id = m.id
                AND a.verdict = 1
            LEFT JOIN outcome o ON o.organisation_id = a.organisation_id
                AND o.message_id = a.message_id AND o.n = a.n
            WHERE coalesce(o.result, 1) IN (1, 4)
            ORDER BY 1 DESC LIMIT 20
            """
        ) { Page.Text(at: try $0.value(0), body: try $0.value(1)) }
    }

    private static func complaints(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [Page.Complaint] {
        try await connection.rows(
            """
            SELECT id, received_at, due_at, acknowledged_at, closed_at FROM request
            WHERE organisation_id = \(organisation) AND contact_id = \(contact)
                AND kind = 'complaint' AND channel = 'page'
            ORDER BY id DESC LIMIT 5
            """
        ) { row in
            Page.Complaint(
                id: try row.value(0), receivedAt: try row.value(1), dueAt: try row.value(2),
                acknowledgedAt: try row.value(3), closedAt: try row.value(4))
        }
    }

    /// The person's own press: stops at once, with no confirmation but the page itself.
    package func stop(_ link: Link) async throws {
        try await database.transaction(organisation: link.organisation) { connection in
            let marked = try await OptOuts.mark(
                [
                    Stop(
                        organisation: link.organisation, contact: link.contact, source: .page,
                        conversation: link.conversation, rule: "page.button",
                        receivedAt: Date())
                ], on: connection)
            try await OptOuts.count(marked, in: link.conversation, on: connection)
            try await OptOuts.write(marked, on: connection)
        }
    }
}
