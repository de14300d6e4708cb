import Foundation
import Postgres

/// What is kept how long; raw values stand in `retention.kind`.
package enum RetentionKind: String, Sendable, CaseIterable, Codable {
    /// Words of texts and notes.
    case words
    /// Columns of lists.
    case uploads
    /// Names and numbers of people.
    case contacts
    /// What closed requests say.
    case requests
    /// Webhooks as received.
    case raw
}

/// How long an organisation keeps things; the only type that writes `retention`.
///
/// Without a setting a kind is kept for ever. Stops never expire.
package struct Retention: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Days by kind.
    package func settings(organisation: Int32) async throws -> [RetentionKind: Int] {
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                "SELECT kind, days FROM retention WHERE organisation_id = \(organisation)"
            ) { row in (try row.value(0) as String, Int(try row.value(1) as Int32)) }
        }
        return Dictionary(
            rows.compactMap { kind, days in RetentionKind(rawValue: kind).map { ($0, days) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Sets or, with nil, lifts a limit; a line in the ledger says what held before.
    ///
    /// - Throws: ``InvalidInput`` unless it is 1 to 36,500 days.
    package func set(
        _ kind: RetentionKind, days: Int?, organisation: Int32, by member: UUID?
    ) async throws {
        if let days, !(1...36_500).contains(days) {
            throw InvalidInput("A limit is 1 to 36500 days; leave it out to keep for ever.")
        }
        let before = try await settings(organisation: organisation)[kind]
        try await database.transaction(organisation: organisation) { connection in
            if let days {
                try await connection.execute(
                    """
                    INSERT INTO retention (organisation_id, kind, days, set_by)
                    VALUES (\(organisation), \(kind.rawValue), \(Int32(days)), \(member))
                    ON CONFLICT (organisation_id, kind) DO UPDATE SET days = EXCLUDED.days,
                        set_by = EXCLUDED.set_by, set_at = clock_timestamp()
                    """)
            } else {
                try await connection.execute(
                    """
                    DELETE FROM retention
                    WHERE organisation_id = \(organisation) AND kind = \(kind.rawValue)
                    """)
            }
            var details = [
                "setting": "retention", "kind": kind.rawValue,
                "old": before.map(String.init) ?? "for ever",
                "new": days.map(String.init) ?? "for ever",
            ]
            details["member"] = member?.text
            try await SettingChanges.record(organisation, details, on: connection)
        }
    }
}
