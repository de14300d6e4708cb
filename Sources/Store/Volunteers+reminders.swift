import Foundation
import Postgres

/// Somebody who asked at the door to be told when they can begin, and now can.
package struct Reminder: Sendable {
    package var id: UUID
    package var organisation: Int32
    package var organisationName: String
    /// E.164, or an e-mail address.
    package var login: String
    package var language: String
    /// The campaign that is open: the one they asked at, or the next once that is over.
    package var campaign: UUID
    package var campaignName: String
    package var code: String
    package var isNext: Bool
    /// How many more its organisers want now; nil for any number.
    package var places: Int?

    package var isEmail: Bool { login.contains("@") }
}

extension Volunteers {
    /// Not now: this long is left in peace who could have begun at once.
    package static let later: TimeInterval = 3 * 3600

    /// Reminders that may leave, over all organisations, the longest-waiting first.
    ///
    /// Needs a role that sees all organisations. Whether people of that campaign are awake is the
    /// caller's to ask. Who joined meanwhile is left out; a place is kept for half an hour for each
    /// who was told.
    package func dueReminders(now: Date, limit: Int = 500) async throws -> [Reminder] {
        try await database.transaction { connection in
            try await connection.rows(
                """
                SELECT r.id, r.organisation_id, o.name, r.login, r.language, c.id, c.name, c.code,
                    c.id <> r.campaign_id,
                    c.texters_max - (SELECT count(*) FROM participation p
                        WHERE p.organisation_id = c.organisation_id AND p.campaign_id = c.id
                            AND p.last_at > now() - interval '10 minutes')
                    - (SELECT count(*) FROM join_request t
                        WHERE t.organisation_id = c.organisation_id AND t.campaign_id = c.id
                            AND t.kind = 'reminder' AND t.told_at > now() - interval '30 minutes')
                FROM join_request r
                JOIN organisation o ON o.id = r.organisation_id
                JOIN campaign asked ON asked.organisation_id = r.organisation_id
                    AND asked.id = r.campaign_id
                CROSS JOIN LATERAL (
                    SELECT * FROM campaign c
                    WHERE c.organisation_id = r.organisation_id AND c.state = 'live'
                        AND c.code IS NOT NULL AND (c.id = r.campaign_id
                            OR asked.state IN ('finished', 'ended') AND c.launched_at > r.created_at)
                        AND EXISTS (SELECT FROM lane a
                            WHERE a.organisation_id = c.organisation_id AND a.campaign_id = c.id
                                AND a.next_position <= a.size)
                    ORDER BY c.launched_at, c.id LIMIT 1) c
                WHERE r.kind = 'reminder' AND r.told_at IS NULL AND r.due_at <= \(now)
                    AND NOT EXISTS (SELECT FROM member m JOIN participation p
                        ON p.organisation_id = m.organisation_id AND p.member_id = m.id
                        WHERE m.organisation_id = r.organisation_id
                            AND (m.email = r.login OR m.number = r.login)
                            AND p.campaign_id = c.id AND p.last_at > r.created_at)
                ORDER BY r.created_at, r.id LIMIT \(limit)
                """
            ) { row in
                Reminder(
                    id: try row.value(0), organisation: try row.value(1),
                    organisationName: try row.value(2), login: try row.value(3),
                    language: try row.value(4), campaign: try row.value(5),
                    campaignName: try row.value(6), code: try row.value(7),
                    isNext: try row.value(8), places: try row.value(9))
            }
        }
    }

    /// Takes a reminder on itself: of several processes that see it, one gets it.
    package func claim(_ reminder: Reminder) async throws -> Bool {
        try await database.transaction(organisation: reminder.organisation) {
            try await Self.claim(reminder, on: $0)
        }
    }

    static func claim(_ reminder: Reminder, on connection: Connection) async throws -> Bool {
        try await connection.execute(
            """
            UPDATE join_request SET told_at = now()
            WHERE organisation_id = \(reminder.organisation) AND id = \(reminder.id)
                AND told_at IS NULL
            """) == 1
    }

    /// Gives one back that could not be told, to be tried again after a while.
    package func giveBack(_ reminder: Reminder, until due: Date) async throws {
        try await database.transaction(organisation: reminder.organisation) { connection in
            try await connection.execute(
                """
                UPDATE join_request SET told_at = NULL, due_at = \(due)
                WHERE organisation_id = \(reminder.organisation) AND id = \(reminder.id)
                """)
        }
    }

    /// Forgets the addresses of those who were told a day ago, and of those whom nothing came for in
    /// half a year. Needs a role that sees all organisations.
    package func forgetReminders(now: Date) async throws {
        try await database.transaction { connection in
            try await connection.execute(
                """
                DELETE FROM join_request WHERE kind = 'reminder'
                    AND (told_at < \(now) - interval '1 day'
                        OR told_at IS NULL AND created_at < \(now) - interval '180 days')
                """)
        }
    }
}

extension SignInCodes {
    /// Claims a reminder and writes its text, in one transaction: it is told once or still waits.
    ///
    /// - Returns: false if another process has it, or nobody can be told there: no number to text
    ///   from, or they said stop since.
    package func remind(_ reminder: Reminder, body: String) async throws -> Bool {
        try await database.transaction(organisation: reminder.organisation) { connection in
            guard try await Volunteers.claim(reminder, on: connection) else { return false }
            return try await write(
                organisation: reminder.organisation, number: reminder.login, body: body, pool: nil,
                isNotice: true, on: connection)
        }
    }
}
