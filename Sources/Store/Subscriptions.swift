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

    /// Remembers the second of a mail, so that the next one waits its time.
    package func noteMail(member: UUID, organisation: Int32) async throws {
        let second = String(Int(Date().timeIntervalSince1970))
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET settings = settings || jsonb_build_object('mailed_at', \(second))
                WHERE organisation_id = \(organisation) AND id = \(member)
                """)
        }
    }

    /// Members who have people waiting since their last notice, over all organisations; marks
    /// them told, so that each round tells once.
    ///
    /// Needs a role that sees all organisations. `member.settings.told_at` remembers the second.
    package func takeDue(now: Date = Date()) async throws -> [Absentee] {
        let seconds = String(Int(now.timeIntervalSince1970))
        return try await database.transaction { connection in
            var due = try await connection.rows(
                """
                WITH due AS (
                    SELECT c.organisation_id, c.assignee_id, count(*) AS waiting,
                        min(p.name) AS person
                    FROM conversation c
                    JOIN contact p ON p.organisation_id = c.organisation_id
                        AND p.id = c.contact_id
                    JOIN member m ON m.organisation_id = c.organisation_id
                        AND m.id = c.assignee_id AND m.deactivated_at IS NULL
                    WHERE c.needs_reply_since IS NOT NULL AND c.last_inbound_at
                        > to_timestamp(coalesce((m.settings->>'told_at')::bigint, 0))
                    GROUP BY c.organisation_id, c.assignee_id
                    LIMIT 500
                )
                UPDATE member m
                SET settings = m.settings || jsonb_build_object('told_at', \(seconds))
                FROM due d WHERE m.organisation_id = d.organisation_id AND m.id = d.assignee_id
                RETURNING m.organisation_id, m.id, m.name, m.email, m.language, d.waiting,
                    CASE WHEN d.waiting = 1 THEN d.person END, m.settings
                """
            ) { row in
                Absentee(
                    organisation: try row.value(0), member: try row.value(1),
                    name: try row.value(2), email: try row.value(3), language: try row.value(4),
                    waiting: try row.value(5), person: try row.value(6),
                    settings: (try? (row.value(7) as JSONB).decode([String: String].self)) ?? [:])
            }
            for index in due.indices {
                due[index].browsers = try await connection.rows(
                    """
                    SELECT endpoint, public_key, secret FROM push_subscription
                    WHERE organisation_id = \(due[index].organisation)
                        AND member_id = \(due[index].member)
                    """
                ) { row in
                    PushBrowser(
                        endpoint: try row.value(0), publicKey: try row.value(1),
                        secret: try row.value(2))
                }
            }
            return due
        }
    }
}
