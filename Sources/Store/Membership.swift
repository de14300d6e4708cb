import Foundation
import Postgres

/// What pages need of members: letting people in, their own choices.
package enum Membership {
    /// Finds the member with that address, or makes a texter of somebody new.
    ///
    /// A name given again replaces a texter's; whoever may do more keeps theirs, because a join
    /// link is public.
    /// - Returns: nil for a member who was deactivated.
    static func admit(
        organisation: Int32, _ details: ProofDetails, isProven: Bool, on connection: Connection
    ) async throws -> UUID? {
        let email = details.isEmail ? details.login : nil
        let number = details.isEmail ? nil : details.login
        let found = try await connection.first(
            """
            SELECT id, deactivated_at IS NULL FROM member WHERE organisation_id = \(organisation)
                AND (email = \(email) OR number = \(number)) FOR UPDATE
            """
        ) { row in (id: try row.value(0) as UUID, isActive: try row.value(1) as Bool) }
        guard let found else {
            return try await connection.first(
                """
                INSERT INTO member
                    (organisation_id, id, name, email, number, role, language, proven_at)
                VALUES (\(organisation), \(UUID.v7()), \(details.name), \(email), \(number),
                    'texter', \(details.language), CASE WHEN \(isProven) THEN now() END)
                RETURNING id
                """
            ) { row in try row.value(0) as UUID }
        }
        guard found.isActive else { return nil }
        // Without proof nobody becomes somebody who is here already.
        guard isProven else { return nil }
        try await connection.execute(
            """
            UPDATE member SET proven_at = coalesce(proven_at, now()),
                name = CASE WHEN role = 'texter' AND \(details.name) <> ''
                    THEN \(details.name) ELSE name END,
                language = \(details.language)
            WHERE organisation_id = \(organisation) AND id = \(found.id)
            """)
        return found.id
    }

    /// The members, over all organisations, whom an address signs in.
    package static func withLogin(
        _ login: String, database: Database
    ) async throws -> [(organisation: Int32, member: UUID)] {
        try await database.rows(
            "SELECT organisation_id, member_id FROM find_members(\(login))"
        ) { row in (try row.value(0), try row.value(1)) }
    }

    /// The addresses at which a member can be told something; the number only once proven.
    package static func logins(
        organisation: Int32, member: UUID, database: Database
    ) async throws -> (email: String?, number: String?) {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT email, CASE WHEN proven_at IS NOT NULL THEN number END FROM member
                WHERE organisation_id = \(organisation) AND id = \(member)
                """
            ) { row in (email: try row.value(0), number: try row.value(1)) } ?? (nil, nil)
        }
    }

    /// Changes settings of a member's own: language, keys, lessons seen, notices.
    package static func set(
        _ settings: [String: String], language: String? = nil, organisation: Int32, member: UUID,
        database: Database
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET settings = settings || \(try JSONB(encoding: settings)),
                    language = coalesce(\(language), language)
                WHERE organisation_id = \(organisation) AND id = \(member)
                """)
        }
    }

    /// Unlocks words of one's own, after the reply lesson.
    package static func unlockFreeText(
        organisation: Int32, member: UUID, database: Database
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET free_text = true
                WHERE organisation_id = \(organisation) AND id = \(member) AND NOT free_text
                """)
        }
    }
}
