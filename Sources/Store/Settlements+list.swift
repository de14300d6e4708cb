import Foundation
import Postgres

/// What waits for a person, and their word on it.
extension Settlements {
    /// Texts in doubt without a settlement, the oldest first. Served by the partial index
    /// `outcome_unknown`.
    ///
    /// - Parameter campaign: nil shows all of the organisation.
    package func list(
        organisation: Int32, campaign: UUID? = nil, limit: Int = 1_000
    ) async throws -> [Doubt] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT o.organisation_id, o.message_id, o.n, m.campaign_id, m.contact_id, m.kind,
                    o.code, o.closed_at, c.number, s.number
                FROM outcome o
                JOIN message m ON m.organisation_id = o.organisation_id AND m.id = o.message_id
                JOIN contact c ON c.organisation_id = m.organisation_id AND c.id = m.contact_id
                LEFT JOIN sender s ON s.organisation_id = m.organisation_id AND s.id = m.sender_id
                WHERE o.organisation_id = \(organisation) AND o.result = 4
                  AND (\(campaign) IS NULL OR m.campaign_id = \(campaign))
                  AND \(Self.isOpen)
                ORDER BY o.message_id LIMIT \(limit)
                """
            ) { row in
                Doubt(
                    organisation: try row.value(0), message: try row.value(1), n: try row.value(2),
                    campaign: try row.value(3), contact: try row.value(4), kind: try row.value(5),
                    code: try row.value(6), since: try row.value(7), to: try row.value(8),
                    from: try row.value(9))
            }
        }
    }

    /// A person's decision on texts in doubt, one line of the ledger for all of them.
    ///
    /// - Parameters:
    ///   - messages: which; nil settles every one that is open (of `campaign`, if given).
    ///   - reason: never empty; it stands beside each of them.
    /// - Returns: how many were settled; those that something else settled meanwhile are left.
    package func settle(
        organisation: Int32, campaign: UUID? = nil, messages: [UUID]? = nil, as result: Result,
        reason: String, member: UUID?
    ) async throws -> Int {
        let reason = try nonEmptyReason(reason)
        return try await database.transaction(organisation: organisation) { connection in
            let settled = try await connection.rows(
                """
                INSERT INTO settlement (organisation_id, message_id, n, result, how, member_id,
                    reason)
                SELECT o.organisation_id, o.message_id, o.n, \(result.rawValue), 'person',
                    \(member), \(reason)
                FROM outcome o
                JOIN message m ON m.organisation_id = o.organisation_id AND m.id = o.message_id
                WHERE o.organisation_id = \(organisation) AND o.result = 4
                  AND (\(campaign) IS NULL OR m.campaign_id = \(campaign))
                  AND (\(messages) IS NULL OR o.message_id = ANY(\(messages)))
                  AND \(Self.isOpen)
                ORDER BY o.message_id, o.n
                ON CONFLICT DO NOTHING
                RETURNING organisation_id, message_id, n
                """, decode: AttemptKey.init(row:))
            try await Self.count(settled, on: connection)
            if !settled.isEmpty {
                try await Ledger.append(
                    organisation, .settlement,
                    details: Decision(
                        result: "\(result)", reason: reason, member: member?.text,
                        count: settled.count, first: settled[0].message.text),
                    on: connection)
            }
            return settled.count
        }
    }

    private static let isOpen: SQL = """
        NOT EXISTS (SELECT FROM settlement s WHERE s.organisation_id = o.organisation_id
            AND s.message_id = o.message_id AND s.n = o.n)
        """

    private func nonEmptyReason(_ reason: String) throws -> String {
        let trimmed = reason.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { throw ReasonMissing() }
        return trimmed
    }

    private struct Decision: Encodable {
        var result, reason: String
        var member: String?
        var count: Int
        var first: String
    }
}

/// A decision that needs a reason came without one.
package struct ReasonMissing: Error, CustomStringConvertible {
    package var description: String { "Say why: a decision about texts in doubt needs a reason." }
}
