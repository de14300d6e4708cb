import Foundation
import Postgres

/// A person within an organisation.
package struct ContactKey: Sendable, Hashable {
    package var organisation: Int32
    package var id: UUID

    package init(organisation: Int32, id: UUID) {
        self.organisation = organisation
        self.id = id
    }
}

/// What the lock of a person's row tells.
package struct LockedContact: Sendable {
    package var number: String?
    package var optedOutAt: Date?
    package var wrongNumberAt: Date?
    package var zoneSet: Int16
    package var name: String?
}

/// People's rows as attempts and stops order themselves on them.
package enum ContactRows {
    /// Locks people in one order for the rest of the transaction and reads what holds.
    ///
    /// - Throws: ``PostgresError`` if a row is missing: without the right policy a locking select
    ///   returns fewer rows in silence.
    package static func lock(
        _ people: [ContactKey], on connection: Connection
    ) async throws -> [ContactKey: LockedContact] {
        let wanted = Array(Set(people))
        guard !wanted.isEmpty else { return [:] }
        let rows = try await connection.rows(
            """
            SELECT c.organisation_id, c.id, c.number, c.opted_out_at, c.wrong_number_at, c.zone_set,
                c.name
            FROM contact c
            WHERE (c.organisation_id, c.id) IN (
                SELECT o, id FROM unnest(\(wanted.map(\.organisation)), \(wanted.map(\.id)))
                    AS w(o, id))
            ORDER BY c.organisation_id, c.id FOR NO KEY UPDATE OF c
            """
        ) { row in
            (
                ContactKey(organisation: try row.value(0), id: try row.value(1)),
                LockedContact(
                    number: try row.value(2), optedOutAt: try row.value(3),
                    wrongNumberAt: try row.value(4), zoneSet: try row.value(5),
                    name: try row.value(6))
            )
        }
        guard rows.count == wanted.count else {
            throw PostgresError(
                .statement,
                "\(wanted.count) contacts asked, \(rows.count) locked: nothing is changed.")
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// The rows of numbers, made for those who never were on a list.
    ///
    /// Someone erased who writes again gets a new row that keeps their stop: the keyed hash tells.
    /// - Parameter strangers: numbers with what is known of them; duplicates are allowed.
    package static func findOrCreate(
        _ strangers: [Stranger], on connection: Connection
    ) async throws -> [NumberKey: UUID] {
        guard !strangers.isEmpty else { return [:] }
        let known = try await find(strangers, on: connection)
        // One order for all, so that two webhook batches that meet new people cannot deadlock.
        let missing = Set(strangers).filter { known[$0.key] == nil }
            .sorted { ($0.organisation, $0.number) < ($1.organisation, $1.number) }
        guard !missing.isEmpty else { return known }
        _ = try await connection.execute(
            """
            INSERT INTO contact (organisation_id, id, number, number_hash, country, zone_set,
                zone_source, opted_out_at)
            SELECT t.o, t.id, t.number, t.hash, t.country, t.zone_set, 'number',
                (SELECT e.opted_out_at FROM contact e
                 WHERE e.organisation_id = t.o AND e.number_hash = t.hash AND e.number IS NULL)
            FROM unnest(\(missing.map(\.organisation)), \(missing.map { _ in UUID.v7() }),
                \(missing.map(\.number)), \(missing.map(\.numberHash)), \(missing.map(\.country)),
                \(missing.map(\.zoneSet))) WITH ORDINALITY
                AS t(o, id, number, hash, country, zone_set, place)
            ORDER BY t.place
            ON CONFLICT DO NOTHING
            """)
        return try await find(strangers, on: connection)
    }

    private static func find(
        _ strangers: [Stranger], on connection: Connection
    ) async throws -> [NumberKey: UUID] {
        let rows = try await connection.rows(
            """
            SELECT c.organisation_id, c.number, c.id
            FROM unnest(\(strangers.map(\.organisation)), \(strangers.map(\.number)))
                AS w(o, number)
            JOIN contact c ON c.organisation_id = w.o AND c.number = w.number
            """
        ) { row in
            (
                NumberKey(organisation: try row.value(0), number: try row.value(1)),
                try row.value(2) as UUID
            )
        }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }
}

/// A number within an organisation.
package struct NumberKey: Sendable, Hashable {
    package var organisation: Int32
    package var number: String
}

/// Somebody who texts us, as the number alone tells.
package struct Stranger: Sendable, Hashable {
    package var organisation: Int32
    /// E.164.
    package var number: String
    /// HMAC-SHA256 under the installation's key.
    package var numberHash: [UInt8]
    package var country: String?
    package var zoneSet: Int16

    var key: NumberKey { NumberKey(organisation: organisation, number: number) }
}
