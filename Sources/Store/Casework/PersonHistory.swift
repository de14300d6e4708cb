import Foundation
import Postgres

/// Everything that is known of a person, as facts with their evidence; pages put it into words.
///
/// The number itself is not among them: it takes a reveal, which leaves a line; see ``Reveals``.
package struct PersonHistory: Sendable {
    package var person: Person
    package var consents: [Consent]
    package var launches: [Launch]
    /// In both directions, oldest first.
    package var texts: [Text]
    package var lines: [Line]
    package var reviews: [Review]
    /// Texts that were tried after a stop held.
    package var violations: [TextNearStop]
    /// The newest line of the log when this was read, whose hash covers all before it.
    package var head: Head?

    package struct Person: Sendable {
        package var id: UUID
        package var name: String?
        /// The last three digits; nil once erased.
        package var ending: String?
        package var country, language: String?
        /// IANA names of the zones in which the person may be; empty if unknown.
        package var zones: [String]
        package var zoneSource: String
        package var optedOutAt: Date?
        package var wrongNumberAt: Date?
        package var erasedAt: Date?
        package var firstSeenAt: Date
    }

    /// Why we may text: a row of a file.
    package struct Consent: Sendable {
        package var source, wording: String
        package var givenAt: Date?
        package var recordedAt: Date
        package var row: Int
        package var file: String?
        package var fileSHA256: [UInt8]?
        package var loadedBy: String?
        package var campaign: String?
    }

    /// A campaign of the person's that went through its checks.
    package struct Launch: Sendable {
        package var at: Date
        package var campaign: String
        package var by: String?
        package var scriptVersion: String?
        /// Findings that somebody accepted, as they stand in the line.
        package var accepted: String?
        package var line: Int
    }

    package struct Text: Sendable {
        package var id: UUID
        package var kind: MessageKind
        package var at: Date
        package var body: String
        package var segments: Int
        package var campaign: String?
        package var scriptVersion: Int?
        /// Who wrote or pressed.
        package var author: String?
        /// The press behind it: a lease's key or a form's key.
        package var act: UUID?
        /// The number it was sent from, or came to.
        package var ours: String?
        package var meaning, rule, version: String?
        package var tries: [Try] = []
        package var receipts: [Receipt] = []
    }

    /// One try, with what came of it.
    package struct Try: Sendable {
        package var n: Int16
        package var verdict: Int16
        package var reason: String?
        package var slotAt: Date?
        /// 1 accepted, 2 rejected, 3 unsent, 4 unknown; nil without an answer yet.
        package var result: Int16?
        package var providerID, code: String?
        package var closedAt: Date?
        package var settled: Int16?
        package var settledHow: String?
        package var settledAt: Date?

        package var isLetGo: Bool { verdict == 1 }
    }

    package struct Receipt: Sendable {
        package var status: Int16
        package var code: String?
        package var at: Date
    }

    /// A line of the log about the person.
    package struct Line: Sendable {
        package var seq: Int
        package var at: Date
        package var kind: String
        package var hash: [UInt8]
        /// Its details; values that are no text are left out.
        package var details: [String: String]
        /// The name of the member it mentions.
        package var member: String?
    }

    package struct Review: Sendable {
        package var message: UUID
        package var meaning, rule, version: String
        package var dueAt: Date
        package var decidedAt: Date?
        package var decidedBy: String?
        package var decision: String?
    }

    package struct Head: Sendable {
        package var seq: Int
        package var hash: [UInt8]
    }
}

extension PersonHistory.Person {
    static func read(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Self? {
        try await connection.first(
            """
            SELECT c.id, c.name, right(c.number, 3), c.country, z.zones, c.zone_source,
                c.opted_out_at, c.wrong_number_at, c.erased_at, c.created_at, c.language
            FROM contact c JOIN zone_set z ON z.id = c.zone_set
            WHERE c.organisation_id = \(organisation) AND c.id = \(contact)
            """
        ) { row in
            Self(
                id: try row.value(0), name: try row.value(1), ending: try row.value(2),
                country: try row.value(3), language: try row.value(10),
                zones: (try row.value(4) as String).split(separator: ",").map(String.init),
                zoneSource: try row.value(5), optedOutAt: try row.value(6),
                wrongNumberAt: try row.value(7), erasedAt: try row.value(8),
                firstSeenAt: try row.value(9))
        }
    }
}
