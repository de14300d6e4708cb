import Foundation
import Postgres

/// What must be kept for a court or an authority.
package struct LegalHold: Sendable, Codable {
    /// Everybody, a campaign's recipients, or one person.
    package enum Scope: String, Sendable, Codable, CaseIterable {
        case organisation, campaign, person
    }

    package var id: UUID
    package var scope: Scope
    package var campaign: UUID?
    package var contact: UUID?
    /// The case's reference at court or authority.
    package var reference: String
    package var reason: String
    package var placedBy: UUID?
    package var placedAt: Date
    /// Nil: until it is released.
    package var until: Date?
    package var releasedAt: Date?
    package var releaseReason: String?

    package func isActive(at now: Date = Date()) -> Bool {
        releasedAt == nil && (until ?? .distantFuture) > now
    }

    static let columns: SQL = """
        id, scope, campaign_id, contact_id, reference, reason, placed_by, placed_at, until,
        released_at, release_reason
        """

    init(row: borrowing Row) throws {
        id = try row.value(0)
        scope = Scope(rawValue: try row.value(1)) ?? .organisation
        campaign = try row.value(2)
        contact = try row.value(3)
        reference = try row.value(4)
        reason = try row.value(5)
        placedBy = try row.value(6)
        placedAt = try row.value(7)
        until = try row.value(8)
        releasedAt = try row.value(9)
        releaseReason = try row.value(10)
    }
}

/// What a hold covers, with the one whom it names.
package enum HoldTarget: Sendable {
    case organisation
    case campaign(UUID)
    case person(UUID)
}

/// Legal holds; the only type that writes `hold`. They beat retention and erasure, never a stop.
package struct LegalHolds: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Places a hold, with a line in the ledger.
    ///
    /// - Throws: ``InvalidInput`` without a reason or if its campaign or person does not exist.
    package func add(
        _ target: HoldTarget, reason: String, reference: String = "", until: Date? = nil,
        organisation: Int32, by member: UUID?
    ) async throws -> LegalHold {
        let reason = try nonEmpty(reason, "Say why it must be kept.")
        let (scope, campaign, contact) = Self.parts(target)
        return try await database.transaction(organisation: organisation) { connection in
            try await Self.check(campaign, contact, organisation, on: connection)
            let hold = try await connection.first(
                """
                INSERT INTO hold (organisation_id, id, scope, campaign_id, contact_id, reference,
                    reason, placed_by, until)
                VALUES (\(organisation), \(UUID.v7()), \(scope.rawValue), \(campaign),
                    \(contact), \(reference), \(reason), \(member), \(until))
                RETURNING \(LegalHold.columns)
                """, decode: LegalHold.init(row:))!
            try await note("placed", hold, organisation, member, reason, on: connection)
            return hold
        }
    }

    /// Releases a hold, with a line in the ledger.
    ///
    /// - Throws: ``InvalidInput`` without a reason, or if there is no such hold that still stands.
    package func release(
        _ id: UUID, reason: String, organisation: Int32, by member: UUID?
    ) async throws -> LegalHold {
        let reason = try nonEmpty(reason, "Say why it is released.")
        return try await database.transaction(organisation: organisation) { connection in
            let hold = try await connection.first(
                """
                UPDATE hold SET released_at = clock_timestamp(), released_by = \(member),
                    release_reason = \(reason)
                WHERE organisation_id = \(organisation) AND id = \(id) AND released_at IS NULL
                RETURNING \(LegalHold.columns)
                """, decode: LegalHold.init(row:))
            guard let hold else { throw InvalidInput("There is no hold \(id.text) to release.") }
            try await note("released", hold, organisation, member, reason, on: connection)
            return hold
        }
    }

    /// All holds, those that stand first, the newest first among them.
    package func list(organisation: Int32) async throws -> [LegalHold] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(LegalHold.columns) FROM hold WHERE organisation_id = \(organisation)
                ORDER BY released_at IS NOT NULL, id DESC
                """, decode: LegalHold.init(row:))
        }
    }

    private static func parts(_ target: HoldTarget) -> (LegalHold.Scope, UUID?, UUID?) {
        switch target {
        case .organisation: (.organisation, nil, nil)
        case .campaign(let id): (.campaign, id, nil)
        case .person(let id): (.person, nil, id)
        }
    }

    private static func check(
        _ campaign: UUID?, _ contact: UUID?, _ organisation: Int32, on connection: Connection
    ) async throws {
        let isKnown = try await connection.first(
            """
            SELECT (\(campaign) IS NULL OR EXISTS (SELECT FROM campaign
                    WHERE organisation_id = \(organisation) AND id = \(campaign)))
                AND (\(contact) IS NULL OR EXISTS (SELECT FROM contact
                    WHERE organisation_id = \(organisation) AND id = \(contact)))
            """
        ) { try $0.value(0) as Bool }
        guard isKnown == true else {
            throw InvalidInput("The campaign or person to hold does not exist here.")
        }
    }

    private func note(
        _ step: String, _ hold: LegalHold, _ organisation: Int32, _ member: UUID?, _ reason: String,
        on connection: Connection
    ) async throws {
        var details = [
            "hold": hold.id.text, "step": step, "scope": hold.scope.rawValue, "reason": reason,
            "reference": hold.reference,
        ]
        details["member"] = member?.text
        details["campaign"] = hold.campaign?.text
        try await Ledger.append(
            organisation, .hold, contact: hold.contact, details: details, on: connection)
    }
}
