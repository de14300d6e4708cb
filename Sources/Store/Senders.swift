import Foundation
import Postgres
import Secrets

/// A number we text from, as organisers see it.
package struct Sender: Sendable, Equatable, Codable {
    package var organisation: Int32
    package var id: UUID
    package var account: Int32
    package var number: String
    package var pool: String
    /// Segments per second, the unit in which carriers count.
    package var segmentsPerSecond: Float
    /// Segments a day in `capZone`; `nil`: no cap of its own.
    package var dailyCap: Int32?
    package var capZone: String
    /// The provider's pool object, e.g. a messaging service id.
    package var service: String?
    package var country: String?
    package var registration: [String: String]
    package var registrationExpiresAt: Date?
    package var retiredAt: Date?
    package var quarantinedAt: Date?

    static let columns: SQL = """
        organisation_id, id, account_id, number, pool, segments_per_second, daily_cap, cap_zone,
        service, country, registration, registration_expires_at, retired_at, quarantined_at
        """

    init(row: borrowing Row) throws {
        organisation = try row.value(0)
        id = try row.value(1)
        account = try row.value(2)
        number = try row.value(3)
        pool = try row.value(4)
        segmentsPerSecond = try row.value(5)
        dailyCap = try row.value(6)
        capZone = try row.value(7)
        service = try row.value(8)
        country = try row.value(9)
        let registered: JSONB = try row.value(10)
        registration = (try? registered.decode([String: String].self)) ?? [:]
        registrationExpiresAt = try row.value(11)
        retiredAt = try row.value(12)
        quarantinedAt = try row.value(13)
    }
}

/// What a new number needs.
package struct NewSender: Sendable {
    package var account: Int32
    /// E.164, or a short code or name as the provider wants it.
    package var number: String
    package var pool = "default"
    package var segmentsPerSecond: Float = 1
    package var dailyCap: Int32?
    package var capZone = "America/Los_Angeles"
    package var service: String?
    package var country: String?
    package var registration: [String: String] = [:]
    package var registrationExpiresAt: Date?

    package init(account: Int32, number: String) {
        self.account = account
        self.number = number
    }
}

/// Numbers and their pools; writes all of `sender` but its lease and rate state.
package struct Senders: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Adds a number, with a line in the ledger.
    ///
    /// - Throws: ``InvalidInput`` for an impossible rate, cap or zone, an unknown account, or a
    ///   number which that account has already.
    package func add(_ sender: NewSender, organisation: Int32) async throws -> Sender {
        try await add([sender], organisation: organisation)[0]
    }

    /// Adds many numbers at once: all of them or none.
    package func add(_ senders: [NewSender], organisation: Int32) async throws -> [Sender] {
        for sender in senders { try Self.check(sender) }
        return try await refusingDuplicates(
            "One of these numbers is in use with that account already; see 'sender list'."
        ) {
            try await database.transaction(organisation: organisation) { connection in
                var added: [Sender] = []
                for sender in senders {
                    added.append(try await insert(sender, organisation, on: connection))
                }
                try await SettingChanges.record(
                    organisation,
                    [
                        "setting": "senders added", "count": "\(added.count)",
                        "pools": Set(added.map(\.pool)).sorted().joined(separator: ","),
                    ],
                    on: connection)
                return added
            }
        }
    }

    /// Numbers in the order they were added, retired ones only if asked for.
    package func list(
        organisation: Int32, pool: String? = nil, includingRetired: Bool = false
    ) async throws -> [Sender] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(Sender.columns) FROM sender
                WHERE organisation_id = \(organisation)
                    AND (\(pool) IS NULL OR pool = \(pool))
                    AND (\(includingRetired) OR retired_at IS NULL)
                ORDER BY id
                """, decode: Sender.init(row:))
        }
    }

    /// Renews a number's registration, with a line in the ledger that says what held before; texts
    /// that left until now keep the old one. Tokens stand in the line by their hash only.
    ///
    /// - Throws: ``InvalidInput`` if the organisation has no such number in use.
    package func register(
        number: String, facts: [String: String], expires: Date?, organisation: Int32
    ) async throws -> Sender {
        let written = try JSONB(encoding: facts)
        return try await database.transaction(organisation: organisation) { connection in
            let old = try await connection.first(
                """
                SELECT \(Sender.columns) FROM sender
                WHERE organisation_id = \(organisation) AND number = \(number)
                    AND retired_at IS NULL
                FOR NO KEY UPDATE
                """, decode: Sender.init(row:))
            guard let old else {
                throw InvalidInput("No number \(number) is in use; see 'barnstorm sender list'.")
            }
            let renewed = try await connection.first(
                """
                UPDATE sender SET registration = \(written), registration_expires_at = \(expires)
                WHERE organisation_id = \(organisation) AND id = \(old.id)
                RETURNING \(Sender.columns)
                """, decode: Sender.init(row:))
            try await SettingChanges.record(
                organisation,
                [
                    "setting": "sender registered", "sender": old.id.text,
                    "old": Self.told(old.registration, old.registrationExpiresAt),
                    "new": Self.told(facts, expires),
                ], on: connection)
            return renewed ?? old
        }
    }

    /// A registration for the ledger: `brand=B1, token=sha256:…, until 2027-01-31T00:00:00Z`.
    private static func told(_ facts: [String: String], _ expires: Date?) -> String {
        let pairs = facts.sorted { $0.key < $1.key }.map { name, value in
            let isSecret = name.lowercased() == "token"
            return "\(name)="
                + (isSecret ? "sha256:" + SHA256.hash(Array(value.utf8)).hex.prefix(16) : value)
        }
        return (pairs + (expires.map { ["until \($0.formatted(.iso8601))"] } ?? []))
            .joined(separator: ", ")
    }

    /// Takes a number out of its pool for good. What waits under it moves to another number of the
    /// pool, from which its threads go on, and say so.
    ///
    /// - Throws: ``InvalidInput`` if the organisation has no such number in use, or texts wait under
    ///   it and the pool has no other.
    package func retire(number: String, organisation: Int32) async throws -> Sender {
        try await database.transaction(organisation: organisation) { connection in
            let retired = try await connection.first(
                """
                UPDATE sender SET retired_at = now()
                WHERE organisation_id = \(organisation) AND number = \(number)
                    AND retired_at IS NULL
                RETURNING \(Sender.columns)
                """, decode: Sender.init(row:))
            guard let retired else {
                throw InvalidInput("No number \(number) is in use; see 'barnstorm sender list'.")
            }
            try await Self.moveWaiting(organisation: organisation, on: connection)
            let stuck = try await connection.first(
                """
                SELECT 1 FROM outbox
                WHERE organisation_id = \(organisation) AND sender_id = \(retired.id) LIMIT 1
                """
            ) { _ in true }
            guard stuck == nil else {
                throw InvalidInput(
                    "Texts wait under \(number) and pool \(retired.pool) has no other number; add "
                        + "one first.")
            }
            try await SettingChanges.record(
                organisation, ["setting": "sender retired", "sender": retired.id.text],
                on: connection)
            return retired
        }
    }

    /// Ends a number's quarantine after the provider's list was read back, with a line in the ledger.
    package func release(_ sender: Sender, readSince: Date, unexplained: Int) async throws {
        try await database.transaction(organisation: sender.organisation) { connection in
            let released = try await connection.execute(
                """
                UPDATE sender SET quarantined_at = NULL
                WHERE organisation_id = \(sender.organisation) AND id = \(sender.id)
                    AND quarantined_at = \(sender.quarantinedAt)
                """)
            guard released == 1 else {
                throw InvalidInput(
                    "\(sender.number) came into quarantine anew meanwhile; repeat the release.")
            }
            try await SettingChanges.record(
                sender.organisation,
                [
                    "setting": "sender released", "sender": sender.id.text,
                    "read_since": readSince.formatted(.iso8601), "unexplained": "\(unexplained)",
                ], on: connection)
        }
    }

    /// Moves what waits under retired numbers to the quickest number of the same pool: also what a
    /// worker puts back as unsent after its number was retired.
    ///
    /// - Returns: outbox rows moved.
    @discardableResult
    package static func moveWaiting(
        organisation: Int32, on connection: Connection
    ) async throws -> Int {
        try await connection.execute(
            """
            UPDATE outbox o SET sender_id = r.heir
            FROM (
                SELECT s.id, (SELECT h.id FROM sender h
                    WHERE h.organisation_id = s.organisation_id AND h.pool = s.pool
                        AND h.retired_at IS NULL
                    ORDER BY h.quarantined_at IS NOT NULL, h.segments_per_second DESC, h.id
                    LIMIT 1) AS heir
                FROM sender s
                WHERE s.organisation_id = \(organisation) AND s.retired_at IS NOT NULL
            ) r
            WHERE o.organisation_id = \(organisation) AND o.sender_id = r.id
                AND r.heir IS NOT NULL
            """)
    }

    private func insert(
        _ sender: NewSender, _ organisation: Int32, on connection: Connection
    ) async throws -> Sender {
        let added = try await connection.first(
            """
            INSERT INTO sender (organisation_id, id, account_id, number, pool,
                segments_per_second, daily_cap, cap_zone, service, country, registration,
                registration_expires_at)
            SELECT \(organisation), \(UUID.v7()), a.id, \(sender.number), \(sender.pool),
                \(sender.segmentsPerSecond), \(sender.dailyCap), \(sender.capZone),
                \(sender.service), \(sender.country),
                \(try JSONB(encoding: sender.registration)), \(sender.registrationExpiresAt)
            FROM account a
            WHERE a.id = \(sender.account)
                AND (a.organisation_id IS NULL OR a.organisation_id = \(organisation))
            RETURNING \(Sender.columns)
            """, decode: Sender.init(row:))
        guard let added else {
            throw InvalidInput(
                "There is no account \(sender.account); see 'barnstorm account list'.")
        }
        return added
    }

    private static func check(_ sender: NewSender) throws {
        _ = try nonEmpty(sender.number, "The sender needs a number.")
        _ = try nonEmpty(sender.pool, "The sender's pool needs a name.")
        guard sender.segmentsPerSecond > 0, sender.segmentsPerSecond.isFinite,
            sender.dailyCap ?? 1 > 0
        else {
            throw InvalidInput("A sender's rate and daily cap are more than 0 segments.")
        }
        guard TimeZone(identifier: sender.capZone) != nil else {
            throw InvalidInput(
                "\(sender.capZone) is no time zone; use a name such as Europe/London.")
        }
    }
}
