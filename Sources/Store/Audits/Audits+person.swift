import Foundation
import Postgres
import Texting

/// All that is known of one person: the answer to their access request.
package struct PersonBundle: Sendable, Codable {
    package var history: NumberHistory
    /// Columns of the lists on which they stood, by campaign.
    package var listColumns: [String: [String: String]]
    package var requests: [CaseRequest]
    /// What they said in those requests, by request; without what was erased.
    package var words: [String: NewRequest.Facts]
    /// What else the tables hold of them.
    package var records: SubjectRecords
    /// Whether a legal hold covers them.
    package var isHeld: Bool
}

extension Audits {
    /// Who is meant by a number or a contact's id.
    ///
    /// - Throws: ``InvalidInput`` if this organisation does not know them.
    package func contact(
        _ text: String, organisation: Int32, regions: [String]
    ) async throws -> UUID {
        let id = UUID(uuidString: text)
        let number = id == nil ? PhoneNumber(text, regions: regions)?.e164 : nil
        let found = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT id FROM contact WHERE organisation_id = \(organisation)
                    AND (id = \(id) OR number = \(number))
                """
            ) { try $0.value(0) as UUID }
        }
        guard let found else { throw InvalidInput("Nobody here has the number or id \(text).") }
        return found
    }

    /// Everything about a person, with a line in the ledger that it was taken out.
    ///
    /// - Parameter reason: why; stands in the ledger.
    package func person(
        _ contact: UUID, organisation: Int32, cases: Cases, reason: String, by member: UUID? = nil
    ) async throws -> PersonBundle {
        guard let history = try await history(contact, organisation: organisation) else {
            throw InvalidInput("There is no contact \(contact.text).")
        }
        let requests = try await cases.requests(organisation: organisation, contact: contact)
        var words: [String: NewRequest.Facts] = [:]
        for request in requests {
            words[request.id.text] = try await cases.facts(
                of: request.id, organisation: organisation)
        }
        let (columns, isHeld) = try await ask(organisation) { connection in
            let rows = try await connection.rows(
                """
                SELECT coalesce(c.name, r.campaign_id::text), r.fields
                FROM recipient r LEFT JOIN campaign c
                    ON c.organisation_id = r.organisation_id AND c.id = r.campaign_id
                WHERE r.organisation_id = \(organisation) AND r.contact_id = \(contact)
                """
            ) { row in
                (
                    try row.value(0) as String,
                    (try? (row.value(1) as JSONB).decode([String: String].self)) ?? [:]
                )
            }
            let isHeld = try await connection.first(
                "SELECT is_held(\(organisation), \(contact))"
            ) { try $0.value(0) as Bool }
            var details = ["what": "everything about a person", "reason": reason]
            details["member"] = member?.text
            try await Ledger.append(
                organisation, .export, contact: contact, details: details, on: connection)
            return (Dictionary(rows, uniquingKeysWith: { first, _ in first }), isHeld ?? false)
        }
        return PersonBundle(
            history: history, listColumns: columns, requests: requests, words: words,
            records: try await cases.records(of: contact, organisation: organisation),
            isHeld: isHeld)
    }
}
