import Foundation
import Postgres

/// Shows what pages hide; each time leaves a line of the log (compliance 6.7, `audit access`).
package struct Reveals: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// A person's number, and the line that says who saw it.
    package struct Revealed: Sendable {
        /// E.164.
        package var number: String
        package var line: Int
    }

    /// The line comes first: what cannot be written down is not shown.
    ///
    /// - Returns: nil if there is no such person, or no number any more.
    package func number(
        of contact: UUID, for visitor: Visitor, network: String
    ) async throws -> Revealed? {
        let house = visitor.organisation
        return try await database.transaction(organisation: house) { connection in
            let number = try await connection.first(
                "SELECT number FROM contact WHERE organisation_id = \(house) AND id = \(contact)"
            ) { try $0.value(0) as String? }
            guard let number = number ?? nil else { return nil }
            let line = try await Ledger.append(
                house, .reveal, contact: contact,
                details: ["what": "number", "member": visitor.id.text, "network": network],
                on: connection)
            return Revealed(number: number, line: line)
        }
    }

    /// Notes what was taken out of the house, by whom and how it was chosen.
    package func export(
        _ what: String, filter: [String: String], for visitor: Visitor, network: String
    ) async throws -> Int {
        var details = filter.filter { !$0.value.isEmpty }
        details["what"] = what
        details["member"] = visitor.id.text
        details["network"] = network
        let written = details
        return try await database.transaction(organisation: visitor.organisation) { connection in
            try await Ledger.append(
                visitor.organisation, .export, details: written, on: connection)
        }
    }
}
