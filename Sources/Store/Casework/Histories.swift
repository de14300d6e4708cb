import Foundation
import Postgres
import Secrets

/// Reads what happened to one person: "why was this person texted?", and what followed.
package struct Histories: Sendable {
    let database: Database
    let numberKey: [UInt8]

    /// - Parameter numberKey: the installation's key for `contact.number_hash`.
    package init(database: Database, numberKey: [UInt8]) {
        self.database = database
        self.numberKey = numberKey
    }

    /// The person behind a number, also one who was erased and left only a keyed hash.
    ///
    /// - Parameter number: E.164.
    package func find(_ number: String, organisation: Int32) async throws -> UUID? {
        let hash = HMAC.sha256(key: numberKey, Array(number.utf8))
        return try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT id FROM contact WHERE organisation_id = \(organisation)
                    AND (number = \(number) OR (number IS NULL AND number_hash = \(hash)))
                ORDER BY number NULLS LAST LIMIT 1
                """
            ) { try $0.value(0) as UUID }
        }
    }

    /// Everything about a person, with its evidence; nil if this organisation never met them.
    ///
    /// Served by the keys of `recipient` and `message_contact`: it grows with the person's own
    /// texts, not with the house's.
    package func read(_ contact: UUID, organisation: Int32) async throws -> PersonHistory? {
        let found = try await database.transaction(organisation: organisation) { connection in
            try await Self.facts(contact, organisation, on: connection)
        }
        guard var history = found else { return nil }
        history.violations = try await Audits(database: database)
            .afterOptOut(organisation: organisation, contact: contact).violations
        return history
    }

    private static func facts(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> PersonHistory? {
        guard
            let person = try await PersonHistory.Person.read(
                contact, organisation, on: connection)
        else { return nil }
        let house = organisation
        return PersonHistory(
            person: person,
            consents: try await consents(contact, house, on: connection),
            launches: try await launches(contact, house, on: connection),
            texts: try await texts(contact, house, on: connection),
            lines: try await lines(contact, house, on: connection),
            reviews: try await reviews(contact, house, on: connection),
            violations: [], head: try await head(house, on: connection))
    }

    static func head(
        _ organisation: Int32, on connection: Connection
    ) async throws -> PersonHistory.Head? {
        try await connection.first(
            "SELECT seq, hash FROM chain_head WHERE organisation_id = \(organisation)"
        ) { PersonHistory.Head(seq: try $0.value(0), hash: try $0.value(1)) }
    }

    private static func consents(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [PersonHistory.Consent] {
        try await connection.rows(
            """
            SELECT c.source, c.wording, c.given_at, c.recorded_at, c.row_number, i.file_name,
                i.sha256, u.name, k.name
            FROM consent c
            LEFT JOIN import i ON i.organisation_id = c.organisation_id AND i.id = c.import_id
            LEFT JOIN member u ON u.organisation_id = i.organisation_id AND u.id = i.created_by
            LEFT JOIN campaign k ON k.organisation_id = i.organisation_id AND k.id = i.campaign_id
            WHERE c.organisation_id = \(organisation) AND c.contact_id = \(contact)
            ORDER BY c.recorded_at, c.import_id
            """
        ) { row in
            PersonHistory.Consent(
                source: try row.value(0), wording: try row.value(1), givenAt: try row.value(2),
                recordedAt: try row.value(3), row: try row.value(4), file: try row.value(5),
                fileSHA256: try row.value(6), loadedBy: try row.value(7),
                campaign: try row.value(8))
        }
    }

    /// Launches of the campaigns whose recipient the person is: each went through its checks.
    private static func launches(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [PersonHistory.Launch] {
        try await connection.rows(
            """
            SELECT l.at, k.name, u.name, l.d ->> 'script_version', l.d ->> 'accepted', l.seq
            FROM (SELECT campaign_id FROM recipient
                WHERE organisation_id = \(organisation) AND contact_id = \(contact)) r
            JOIN campaign k ON k.organisation_id = \(organisation) AND k.id = r.campaign_id
                AND k.launched_at IS NOT NULL
            CROSS JOIN LATERAL (
                SELECT at, seq, entry::jsonb -> 'details' AS d FROM ledger
                WHERE organisation_id = \(organisation) AND kind = 'setting'
                    AND at >= k.launched_at AND at < k.launched_at + interval '1 minute'
            ) l
            LEFT JOIN member u ON u.organisation_id = \(organisation)
                AND u.id = NULLIF(l.d ->> 'member', '')::uuid
            WHERE l.d ->> 'setting' = 'campaign launched' AND l.d ->> 'campaign' = k.id::text
            ORDER BY l.seq
            """
        ) { row in
            PersonHistory.Launch(
                at: try row.value(0), campaign: try row.value(1), by: try row.value(2),
                scriptVersion: try row.value(3), accepted: try row.value(4),
                line: try row.value(5))
        }
    }

    static func linesStatement(_ contact: UUID, _ organisation: Int32) -> SQL {
        """
        SELECT l.seq, l.at, l.kind, l.hash, l.entry, u.name
        FROM ledger l
        LEFT JOIN member u ON u.organisation_id = l.organisation_id
            AND u.id::text = l.entry::jsonb #>> '{details,member}'
        WHERE l.organisation_id = \(organisation) AND l.contact_id = \(contact)
        ORDER BY l.seq
        """
    }

    private static func lines(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [PersonHistory.Line] {
        try await connection.rows(
            linesStatement(contact, organisation)
        ) { row in
            PersonHistory.Line(
                seq: try row.value(0), at: try row.value(1), kind: try row.value(2),
                hash: try row.value(3), details: LedgerEntry.details(of: try row.value(4)),
                member: try row.value(5))
        }
    }

    private static func reviews(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [PersonHistory.Review] {
        try await connection.rows(
            """
            SELECT r.message_id, r.meaning, r.rule, r.version, r.due_at, r.decided_at, u.name,
                r.decision
            FROM message m
            JOIN review r ON r.organisation_id = m.organisation_id AND r.message_id = m.id
            LEFT JOIN member u ON u.organisation_id = r.organisation_id AND u.id = r.decided_by
            WHERE m.organisation_id = \(organisation) AND m.contact_id = \(contact)
                AND m.kind = 6
            ORDER BY m.id
            """
        ) { row in
            PersonHistory.Review(
                message: try row.value(0), meaning: try row.value(1), rule: try row.value(2),
                version: try row.value(3), dueAt: try row.value(4), decidedAt: try row.value(5),
                decidedBy: try row.value(6), decision: try row.value(7))
        }
    }
}
