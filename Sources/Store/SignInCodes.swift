import Foundation
import Postgres
import Secrets
import Texting

/// Sign-in codes on their way to our own people, through the same outbox as every text.
package struct SignInCodes: Sendable {
    let database: Database
    private let numberKey: [UInt8]

    /// - Parameter numberKey: keys the hash of numbers; see ``InstallationSecret``.
    package init(database: Database, numberKey: [UInt8]) {
        self.database = database
        self.numberKey = numberKey
    }

    /// Writes the text down and puts it before everything that waits.
    ///
    /// - Parameters:
    ///   - number: E.164.
    ///   - pool: whose senders are asked first; any other serves.
    /// - Returns: false if the organisation has no number to text from.
    package func send(
        organisation: Int32, number: String, body: String, pool: String?
    ) async throws -> Bool {
        try await write(
            organisation: organisation, number: number, body: body, pool: pool, isNotice: false)
    }

    /// Tells one of our own people something they asked to be told; not who said stop since.
    package func notify(organisation: Int32, number: String, body: String) async throws -> Bool {
        try await write(
            organisation: organisation, number: number, body: body, pool: nil, isNotice: true)
    }

    private func write(
        organisation: Int32, number: String, body: String, pool: String?, isNotice: Bool
    ) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            try await write(
                organisation: organisation, number: number, body: body, pool: pool,
                isNotice: isNotice, on: connection)
        }
    }

    func write(
        organisation: Int32, number: String, body: String, pool: String?, isNotice: Bool,
        on connection: Connection
    ) async throws -> Bool {
        let hash = HMAC.sha256(key: numberKey, Array(number.utf8))
        // The same number gets the same sender, so that codes arrive in one thread.
        let sender = try await connection.first(
            """
            SELECT id FROM sender
            WHERE organisation_id = \(organisation) AND retired_at IS NULL
            ORDER BY pool = coalesce(\(pool), pool) DESC, quarantined_at NULLS FIRST,
                sha256(id::text::bytea || \(hash))
            LIMIT 1
            """
        ) { row in try row.value(0) as UUID }
        guard let sender else { return false }
        let contact = try await Self.contact(organisation, number, hash, on: connection)
        if isNotice, try await Self.hasStopped(contact, organisation, on: connection) {
            return false
        }
        var message = NewMessage(
            organisation: organisation, kind: .code, contact: contact, body: body,
            segments: Int16(clamping: Measure(body).segments))
        message.sender = sender
        message.sendBefore = Date(timeIntervalSinceNow: Proofs.lifetime)
        _ = try await Messages.insert([message], on: connection)
        try await Outbox.add(
            [
                OutboxEntry(
                    organisation: organisation, sender: sender, kind: .code, campaign: nil,
                    zoneSet: message.zoneSet, messages: [message.id])
            ], on: connection)
        return true
    }

    /// A code is what somebody asks for this minute; a notice obeys a stop like any other text.
    private static func hasStopped(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Bool {
        try await connection.first(
            """
            SELECT opted_out_at IS NOT NULL FROM contact
            WHERE organisation_id = \(organisation) AND id = \(contact) FOR NO KEY UPDATE
            """
        ) { row in try row.value(0) as Bool } ?? true
    }

    private static func contact(
        _ organisation: Int32, _ number: String, _ hash: [UInt8], on connection: Connection
    ) async throws -> UUID {
        try await connection.execute(
            """
            INSERT INTO contact (organisation_id, id, number, number_hash)
            VALUES (\(organisation), \(UUID.v7()), \(number), \(hash)) ON CONFLICT DO NOTHING
            """)
        return try await connection.first(
            """
            SELECT id FROM contact
            WHERE organisation_id = \(organisation) AND number = \(number)
            """
        ) { row in try row.value(0) as UUID }!
    }
}
