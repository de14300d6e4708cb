import Foundation
import Postgres

/// A webhook as it reached us.
package struct RawWebhook: Sendable {
    /// Nil if no number of ours matched.
    package var organisation: Int32?
    /// Whose text it carries, so that erasing them finds it; nil if nobody's.
    package var contact: UUID?
    package var account: Int32
    package var isInbound: Bool
    package var contentType: String?
    package var target: String
    /// At most 64 KiB.
    package var body: [UInt8]
    /// Why it is kept, for what could not be applied: a person sees these.
    package var note: String?

    package init(
        organisation: Int32? = nil, account: Int32, isInbound: Bool, contentType: String?,
        target: String, body: [UInt8], note: String? = nil
    ) {
        self.organisation = organisation
        self.account = account
        self.isInbound = isInbound
        self.contentType = contentType
        self.target = target
        self.body = body
        self.note = note
    }
}

/// What was seen and what is kept as received; writes `seen` and `inbound_raw`.
package struct Webhooks: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Takes keys that nobody took before; a key is taken with the transaction that applies it.
    ///
    /// - Returns: the places in `keys` that are new, without repetitions within `keys`.
    static func take(
        _ keys: [(account: Int32, key: String)], on connection: Connection
    ) async throws -> Set<Int> {
        guard !keys.isEmpty else { return [] }
        var places: [SeenKey: Int] = [:]
        for (place, key) in keys.enumerated() {
            let key = SeenKey(account: key.account, key: key.key)
            if places[key] == nil { places[key] = place }
        }
        // One order for all: two processes that got the same webhooks must not deadlock.
        let sorted = places.keys.sorted { ($0.account, $0.key) < ($1.account, $1.key) }
        let fresh = try await connection.rows(
            """
            INSERT INTO seen (account_id, key)
            SELECT a, k FROM unnest(\(sorted.map(\.account)), \(sorted.map(\.key)))
                WITH ORDINALITY AS t(a, k, place) ORDER BY place
            ON CONFLICT DO NOTHING RETURNING account_id, key
            """
        ) { SeenKey(account: try $0.value(0), key: try $0.value(1)) }
        return Set(fresh.compactMap { places[$0] })
    }

    /// Keeps webhooks as received, in the transaction that applies them.
    static func keep(_ webhooks: [RawWebhook], on connection: Connection) async throws {
        guard !webhooks.isEmpty else { return }
        _ = try await connection.execute(
            """
            INSERT INTO inbound_raw (organisation_id, id, account_id, kind, content_type, target,
                body, note, contact_id)
            SELECT * FROM unnest(\(webhooks.map(\.organisation)),
                \(webhooks.map { _ in UUID.v7() }), \(webhooks.map(\.account)),
                \(webhooks.map { $0.isInbound ? "inbound" : "status" }),
                \(webhooks.map(\.contentType)), \(webhooks.map(\.target)), \(webhooks.map(\.body)),
                \(webhooks.map(\.note)), \(webhooks.map(\.contact)))
            """)
    }

    /// Keeps one webhook that could not be applied, with the reason in its note.
    package func keep(_ webhook: RawWebhook) async throws {
        try await database.transaction { try await Self.keep([webhook], on: $0) }
    }

    /// Takes a turn that only one process may have, such as "look for lost texts at noon".
    ///
    /// - Returns: whether this process has it.
    package func takeTurn(account: Int32, _ turn: String) async throws -> Bool {
        try await database.execute(
            """
            INSERT INTO seen (account_id, key) VALUES (\(account), \("turn:" + turn))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    /// Numbers in use of an account.
    package func numbers(account: Int32) async throws -> [String] {
        try await database.rows(
            """
            SELECT number FROM sender WHERE account_id = \(account) AND retired_at IS NULL
            ORDER BY number
            """
        ) { try $0.value(0) as String }
    }

    /// Forgets keys older than a week, long after any provider's last retry.
    ///
    /// - Returns: how many.
    @discardableResult
    package func prune() async throws -> Int {
        try await database.execute("DELETE FROM seen WHERE at < now() - interval '7 days'")
    }

    private struct SeenKey: Hashable, Sendable {
        var account: Int32
        var key: String
    }
}
