import Foundation
import Postgres

/// Stops that somebody wants to take back; the only type that writes `undo`.
///
/// One person asks with a reason, another one decides. What is undone stays in the log: taking back
/// is a new line. A stop after the asking wins.
package struct Undos: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// What came of asking.
    package enum Asked: Sendable, Equatable {
        case asked(UUID)
        /// The person has not stopped, so there is nothing to take back.
        case notStopped
        /// Somebody has asked already.
        case already
        case reasonMissing
    }

    /// What came of a decision.
    package enum Decided: Sendable, Equatable {
        case granted, declined
        /// Whoever asked cannot be the second person, nor decline alone.
        case needsAnother
        /// The person said stop again since; that stop holds.
        case overtaken
        /// Decided already, or never there.
        case gone
    }

    /// One that waits for a second person.
    package struct Waiting: Sendable {
        package var id: UUID
        package var contact: UUID
        package var name, ending: String?
        package var stopLine: Int
        package var stoppedAt: Date
        package var source: String?
        package var reason: String
        package var askedBy: UUID
        package var asker: String
        package var askedAt: Date
    }

    /// Asks to take a person's last stop back, with a line in the log.
    package func ask(
        _ contact: UUID, reason: String?, by visitor: Visitor
    ) async throws -> Asked {
        guard let reason, !reason.isEmpty else { return .reasonMissing }
        let (house, id) = (visitor.organisation, UUID.v7())
        return try await database.transaction(organisation: house) { connection in
            guard let stop = try await Self.lastStop(contact, house, on: connection) else {
                return .notStopped
            }
            let isNew = try await connection.execute(
                """
                INSERT INTO undo (organisation_id, id, contact_id, reason, asked_by)
                VALUES (\(house), \(id), \(contact), \(reason), \(visitor.id))
                ON CONFLICT DO NOTHING
                """)
            guard isNew == 1 else { return .already }
            try await Ledger.append(
                house, .undo, contact: contact,
                details: [
                    "step": "asked", "undoes": "\(stop)", "reason": reason,
                    "member": visitor.id.text,
                ], on: connection)
            return .asked(id)
        }
    }

    /// Those that wait, the oldest first.
    package func waiting(organisation: Int32) async throws -> [Waiting] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT r.id, r.contact_id, c.name, right(c.number, 3), l.seq, l.at,
                    l.entry::jsonb #>> '{details,source}', r.reason, r.asked_by, u.name, r.asked_at
                FROM undo r
                JOIN contact c ON c.organisation_id = r.organisation_id AND c.id = r.contact_id
                JOIN LATERAL (
                    SELECT * FROM ledger WHERE organisation_id = r.organisation_id
                        AND contact_id = r.contact_id AND kind = 'stop' AND at <= r.asked_at
                    ORDER BY seq DESC LIMIT 1
                ) l ON true
                JOIN member u ON u.organisation_id = r.organisation_id AND u.id = r.asked_by
                WHERE r.organisation_id = \(organisation) AND r.decided_at IS NULL
                ORDER BY r.asked_at LIMIT 200
                """
            ) { row in
                Waiting(
                    id: try row.value(0), contact: try row.value(1), name: try row.value(2),
                    ending: try row.value(3), stopLine: try row.value(4),
                    stoppedAt: try row.value(5), source: try row.value(6),
                    reason: try row.value(7), askedBy: try row.value(8), asker: try row.value(9),
                    askedAt: try row.value(10))
            }
        }
    }

    /// The second person's word. Locks the person, then the request, then the chain's head.
    package func decide(
        _ id: UUID, grants: Bool, by visitor: Visitor
    ) async throws -> Decided {
        let house = visitor.organisation
        return try await database.transaction(organisation: house) { connection in
            guard let open = try await Self.find(id, house, on: connection) else { return .gone }
            if open.askedBy == visitor.id { return .needsAnother }
            let person = ContactKey(organisation: house, id: open.contact)
            _ = try await ContactRows.lock([person], on: connection)
            let stop = try await Self.lastStop(
                open.contact, house, before: open.askedAt, on: connection)
            let outcome: Decided = !grants ? .declined : stop == nil ? .overtaken : .granted
            let isOurs = try await connection.execute(
                """
                UPDATE undo SET decided_by = \(visitor.id), decided_at = clock_timestamp(),
                    approved = \(outcome == .granted)
                WHERE organisation_id = \(house) AND id = \(id) AND decided_at IS NULL
                """)
            guard isOurs == 1 else { return .gone }
            if outcome == .granted { _ = try await OptOuts.lift(person, on: connection) }
            try await Self.write(open, outcome, stop, visitor, on: connection)
            return outcome
        }
    }

    private struct Open: Sendable {
        var contact, askedBy: UUID
        var reason: String
        var askedAt: Date
    }

    private static func find(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Open? {
        try await connection.first(
            """
            SELECT contact_id, asked_by, reason, asked_at FROM undo
            WHERE organisation_id = \(organisation) AND id = \(id) AND decided_at IS NULL
            """
        ) { row in
            Open(
                contact: try row.value(0), askedBy: try row.value(1), reason: try row.value(2),
                askedAt: try row.value(3))
        }
    }

    /// The line of the stop that holds; nil if the person may be texted, or said stop after
    /// `moment`.
    private static func lastStop(
        _ contact: UUID, _ organisation: Int32, before moment: Date = .distantFuture,
        on connection: Connection
    ) async throws -> Int? {
        try await connection.first(
            """
            SELECT l.seq FROM contact c
            JOIN LATERAL (
                SELECT seq, kind, at FROM ledger
                WHERE organisation_id = c.organisation_id AND contact_id = c.id
                    AND kind IN ('stop', 'start', 'stop taken back')
                ORDER BY seq DESC LIMIT 1
            ) l ON l.kind = 'stop' AND l.at <= \(moment)
            WHERE c.organisation_id = \(organisation) AND c.id = \(contact)
                AND c.opted_out_at IS NOT NULL
            """
        ) { try $0.value(0) as Int }
    }

    private static func write(
        _ open: Open, _ outcome: Decided, _ stop: Int?, _ visitor: Visitor,
        on connection: Connection
    ) async throws {
        try await Ledger.append(
            visitor.organisation, outcome == .granted ? .start : .undo, contact: open.contact,
            details: [
                "source": "undo", "step": "\(outcome)", "undoes": stop.map(String.init) ?? "",
                "reason": open.reason, "asked_by": open.askedBy.text, "member": visitor.id.text,
            ], on: connection)
    }
}
