import Foundation
import Postgres

/// What an erasure took away; what it keeps stands in its ledger line.
package struct Erasure: Sendable, Codable, Equatable {
    package var texts: Int
    package var listRows: Int
    package var notes: Int
    package var conversations: Int
    /// Answers that texters recorded.
    package var answers: Int
    /// Webhooks as received, which hold number and words.
    package var webhooks: Int
    /// Sealed facts that nobody can open any more.
    package var sealedFacts: Int

    enum CodingKeys: String, CodingKey {
        case texts, notes, conversations, answers, webhooks
        case listRows = "list_rows"
        case sealedFacts = "sealed_facts"
    }
}

extension Cases {
    /// Erases a person: words, names and number go and their key is destroyed; the keyed hash of
    /// the number, the stop and the bare facts of texts stay.
    ///
    /// They are stopped first, in the same transaction: suppress, do not merely delete.
    /// - Throws: ``InvalidInput`` under a legal hold, or if they were erased before.
    package func erase(
        contact: UUID, organisation: Int32, by member: UUID?, reason: String
    ) async throws -> Erasure {
        let reason = try nonEmpty(reason, "Say why the person is erased.")
        return try await database.transaction(organisation: organisation) { connection in
            try await Self.refuseErasure(contact, organisation, on: connection)
            let marked = try await OptOuts.mark(
                [
                    Stop(
                        organisation: organisation, contact: contact, source: .request,
                        rule: "erasure", member: member)
                ], on: connection)
            let counts = try await connection.first(
                "SELECT erase_person(\(organisation), \(contact), \(member), \(reason))"
            ) { try ($0.value(0) as JSONB).decode(Erasure.self) }!
            // Repeated stops say nothing new; the first one must stand in the log.
            try await OptOuts.write(marked.filter(\.isNew), on: connection)
            return counts
        }
    }

    private static func refuseErasure(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        let standing = try await connection.first(
            """
            SELECT erased_at IS NOT NULL, is_held(\(organisation), \(contact)) FROM contact
            WHERE organisation_id = \(organisation) AND id = \(contact)
            """
        ) { (erased: try $0.value(0) as Bool, held: try $0.value(1) as Bool) }
        guard let standing else { throw InvalidInput("There is no contact \(contact.text).") }
        if standing.erased { throw InvalidInput("This person was erased before.") }
        if standing.held {
            throw InvalidInput(
                "A legal hold covers this person: they are not erased before it is released.")
        }
    }
}
