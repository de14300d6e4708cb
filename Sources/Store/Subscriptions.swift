import Foundation
import Postgres
import Secrets

/// Somebody who waits to be told that people answered.
package struct Absentee: Sendable {
    package var organisation: Int32
    package var member: UUID
    package var name: String
    package var email: String?
    package var language: String
    /// How many people wait for them, and the first name of one if it is one.
    package var waiting: Int
    package var person: String?
    package var settings: [String: String]
    /// A number they have proven, E.164.
    package var number: String?
    /// Since when the first of them waits.
    package var since: Date
    package var browsers: [PushBrowser] = []
}

/// A browser that asked to be told, as RFC 8291 needs it.
package struct PushBrowser: Sendable {
    package var endpoint: String
    package var publicKey: [UInt8]
    package var secret: [UInt8]
}

/// Browsers that want to be told; the only type that writes `push_subscription`.
package struct Subscriptions: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Remembers a browser, for the member who uses it now.
    ///
    /// - Parameters:
    ///   - publicKey: the browser's P-256 point, base64url.
    ///   - secret: 16 octets, base64url.
    /// - Returns: false for what is no subscription.
    package func add(
        endpoint: String, publicKey: String, secret: String, organisation: Int32, member: UUID
    ) async throws -> Bool {
        guard endpoint.hasPrefix("https://"), endpoint.utf8.count <= 2048,
            let key = [UInt8](base64URL: publicKey), key.count == 65,
            let secret = [UInt8](base64URL: secret), secret.count == 16
        else { return false }
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO push_subscription
                    (organisation_id, id, member_id, endpoint, public_key, secret)
                VALUES (\(organisation), \(UUID.v7()), \(member), \(endpoint), \(key), \(secret))
                ON CONFLICT (organisation_id, endpoint) DO UPDATE SET member_id = \(member),
                    public_key = excluded.public_key, secret = excluded.secret
                """)
        }
        return true
    }

    /// Forgets a browser that is gone.
    package func forget(endpoint: String, organisation: Int32) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                DELETE FROM push_subscription
                WHERE organisation_id = \(organisation) AND endpoint = \(endpoint)
                """)
        }
    }

    /// Members who have people waiting since their last notice and look at no page, over all
    /// organisations, with the browsers that may tell them.
    ///
    /// Needs a role that sees all organisations. `member.settings.told_at` is the second of the last
    /// notice. Who can be told by no means is left out.
    package func due(limit: Int = 5_000) async throws -> [Absentee] {
        try await database.transaction { connection in
            var due = try await connection.rows(
                """
                SELECT m.organisation_id, m.id, m.name, m.email, m.language, w.waiting,
                    CASE WHEN w.waiting = 1 THEN w.person END, m.settings,
                    CASE WHEN m.proven_at IS NOT NULL THEN m.number END, w.since
                FROM (
                    SELECT c.organisation_id, c.assignee_id, count(*) AS waiting,
                        min(p.name) AS person, max(c.last_inbound_at) AS newest,
                        min(c.needs_reply_since) AS since
                    FROM conversation c
                    JOIN contact p ON p.organisation_id = c.organisation_id
                        AND p.id = c.contact_id
                    WHERE c.needs_reply_since IS NOT NULL AND c.assignee_id IS NOT NULL
                    GROUP BY c.organisation_id, c.assignee_id) w
                JOIN member m ON m.organisation_id = w.organisation_id AND m.id = w.assignee_id
                WHERE m.deactivated_at IS NULL AND NOT m.settings ? 'left'
                    AND coalesce(m.watched_until, '-infinity') < now()
                    AND w.newest > to_timestamp(coalesce((m.settings->>'told_at')::bigint, 0))
                    AND coalesce(m.settings->>'notices', '') <> 'off'
                    AND (m.email IS NOT NULL OR m.settings->>'notices' = 'text'
                        OR EXISTS (SELECT FROM push_subscription s
                            WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id))
                ORDER BY w.since LIMIT \(limit)
                """
            ) { row in
                Absentee(
                    organisation: try row.value(0), member: try row.value(1),
                    name: try row.value(2), email: try row.value(3), language: try row.value(4),
                    waiting: try row.value(5), person: try row.value(6),
                    settings: (try? (row.value(7) as JSONB).decode([String: String].self)) ?? [:],
                    number: try row.value(8), since: try row.value(9))
            }
            for index in due.indices {
                due[index].browsers = try await Self.browsers(of: due[index], on: connection)
            }
            return due
        }
    }

    /// Takes a notice on itself: of several processes that see the same person, one gets it.
    ///
    /// - Parameter channel: how they will be told: `push`, `text` or `mail`; its second is kept too.
    package func claim(
        _ absentee: Absentee, by channel: String, now: Date = Date()
    ) async throws -> Bool {
        let second = String(Int(now.timeIntervalSince1970))
        let news = try JSONB(encoding: ["told_at": second, "\(channel)_at": second])
        let taken = try await database.transaction(organisation: absentee.organisation) {
            try await $0.execute(
                """
                UPDATE member SET settings = settings || \(news)
                WHERE organisation_id = \(absentee.organisation) AND id = \(absentee.member)
                    AND settings->>'told_at' IS NOT DISTINCT FROM \(absentee.settings["told_at"])
                """)
        }
        return taken == 1
    }

    private static func browsers(
        of absentee: Absentee, on connection: Connection
    ) async throws -> [PushBrowser] {
        try await connection.rows(
            """
            SELECT endpoint, public_key, secret FROM push_subscription
            WHERE organisation_id = \(absentee.organisation) AND member_id = \(absentee.member)
            ORDER BY created_at DESC LIMIT 10
            """
        ) { row in
            PushBrowser(
                endpoint: try row.value(0), publicKey: try row.value(1), secret: try row.value(2))
        }
    }
}
