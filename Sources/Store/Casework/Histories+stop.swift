import Foundation
import Postgres

extension Histories {
    /// Compliance staff opt a person out; a person who has stopped already gets a line, no more.
    ///
    /// No confirmation goes out: whoever writes a letter did not ask for a text.
    /// - Parameters:
    ///   - source: how the wish reached us.
    ///   - receivedAt: when it reached the house; nil: now.
    /// - Returns: false if there is no such person.
    package func stop(
        _ contact: UUID, reason: String?, source: Stop.Source = .compliance,
        receivedAt: Date? = nil, by visitor: Visitor
    ) async throws -> Bool {
        let house = visitor.organisation
        return try await database.transaction(organisation: house) { connection in
            let isKnown = try await connection.first(
                "SELECT 1 FROM contact WHERE organisation_id = \(house) AND id = \(contact)"
            ) { _ in true }
            guard isKnown == true else { return false }
            _ = try await OptOuts.record(
                [
                    Stop(
                        organisation: house, contact: contact, source: source,
                        member: visitor.id, reason: reason, receivedAt: receivedAt)
                ], on: connection)
            return true
        }
    }
}
