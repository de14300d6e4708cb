import Foundation
import Postgres

/// Texters to whom conversations can be handed by the team's name.
package struct Team: Sendable, Equatable {
    package var id: UUID
    package var name: String
    package var people: Int
    /// Conversations that wait in its queue.
    package var waiting: Int

    init(row: borrowing Row) throws {
        id = try row.value(0)
        name = try row.value(1)
        people = try row.value(2)
        waiting = try row.value(3)
    }
}

/// Somebody who is in a team, or could be.
package struct TeamPerson: Sendable {
    package var id: UUID
    package var name: String
    package var role: String
    package var isIn: Bool
}

/// Teams and who is in them; the only type that writes `team` and `team_member`.
///
/// A team's queue is what was handed to it and nobody who is here holds. Its texters see it beside
/// their own; those who lead see all queues.
package struct Teams: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// All teams, with how many wait for each.
    package func list(organisation: Int32) async throws -> [Team] {
        try await read("true", organisation)
    }

    /// Teams in which a member is.
    package func list(of member: UUID, organisation: Int32) async throws -> [Team] {
        try await read(
            """
            EXISTS (SELECT FROM team_member m WHERE m.organisation_id = t.organisation_id
                AND m.team_id = t.id AND m.member_id = \(member))
            """, organisation)
    }

    private func read(_ condition: SQL, _ organisation: Int32) async throws -> [Team] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT t.id, t.name,
                    (SELECT count(*) FROM team_member m JOIN member p
                        ON p.organisation_id = m.organisation_id AND p.id = m.member_id
                        AND p.deactivated_at IS NULL
                     WHERE m.organisation_id = t.organisation_id AND m.team_id = t.id),
                    (SELECT count(*) FROM conversation c
                     WHERE c.organisation_id = t.organisation_id AND c.team_id = t.id
                        AND c.needs_reply_since IS NOT NULL AND \(Desk.inPool))
                FROM team t
                WHERE t.organisation_id = \(organisation) AND t.retired_at IS NULL AND \(condition)
                ORDER BY lower(t.name), t.id LIMIT 100
                """, decode: Team.init(row:))
        }
    }

    /// Makes a team.
    ///
    /// - Throws: ``InvalidInput`` `team_no_name` or `team_taken`.
    package func add(_ name: String, organisation: Int32, by member: UUID) async throws -> UUID {
        let name = String(try nonEmpty(name, "team_no_name").prefix(60))
        let id = UUID.v7()
        return try await refusingDuplicates("team_taken") {
            try await database.transaction(organisation: organisation) { connection in
                try await connection.execute(
                    """
                    INSERT INTO team (organisation_id, id, name, created_by)
                    VALUES (\(organisation), \(id), \(name), \(member))
                    """)
                return id
            }
        }
    }

    /// Ends a team; what waited for it is everybody's.
    package func retire(_ id: UUID, organisation: Int32) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE team SET retired_at = coalesce(retired_at, now())
                WHERE organisation_id = \(organisation) AND id = \(id)
                """)
            try await Conversations.leave(team: id, organisation, on: connection)
        }
    }

    /// Members who may be in the team, those who are first.
    package func people(of id: UUID, organisation: Int32) async throws -> [TeamPerson] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT p.id, p.name, p.role, m.member_id IS NOT NULL
                FROM member p
                LEFT JOIN team_member m ON m.organisation_id = p.organisation_id
                    AND m.member_id = p.id AND m.team_id = \(id)
                WHERE p.organisation_id = \(organisation) AND p.deactivated_at IS NULL
                    AND p.role <> 'compliance'
                ORDER BY m.member_id IS NULL, lower(p.name), p.id LIMIT 500
                """
            ) { row in
                TeamPerson(
                    id: try row.value(0), name: try row.value(1), role: try row.value(2),
                    isIn: try row.value(3))
            }
        }
    }

    /// Puts somebody in the team, or takes them out.
    package func set(
        _ person: UUID, in id: UUID, _ isIn: Bool, organisation: Int32, by member: UUID
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            guard isIn else {
                try await connection.execute(
                    """
                    DELETE FROM team_member WHERE organisation_id = \(organisation)
                        AND team_id = \(id) AND member_id = \(person)
                    """)
                return
            }
            try await connection.execute(
                """
                INSERT INTO team_member (organisation_id, team_id, member_id, added_by)
                SELECT t.organisation_id, t.id, p.id, \(member) FROM team t
                JOIN member p ON p.organisation_id = t.organisation_id AND p.id = \(person)
                    AND p.deactivated_at IS NULL
                WHERE t.organisation_id = \(organisation) AND t.id = \(id)
                    AND t.retired_at IS NULL
                ON CONFLICT DO NOTHING
                """)
        }
    }
}

extension Conversations {
    /// Gives everything that was handed to a team to everybody; locks in the order of ids.
    static func leave(
        team: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        let theirs = try await connection.rows(
            """
            SELECT id FROM conversation
            WHERE organisation_id = \(organisation) AND team_id = \(team)
            ORDER BY id FOR NO KEY UPDATE
            """
        ) { row in try row.value(0) as UUID }
        try await connection.execute(
            """
            UPDATE conversation SET team_id = NULL
            WHERE organisation_id = \(organisation) AND id = ANY(\(theirs))
            """)
    }
}

extension Desk {
    /// Hands a conversation to a team, with the reason.
    ///
    /// - Returns: false if the visitor may not see it, or there is no such team.
    package func hand(
        _ id: UUID, toTeam team: UUID, reason: String, by visitor: Visitor
    ) async throws -> Bool {
        try await database.transaction(organisation: visitor.organisation) { connection in
            let isThere =
                try await connection.first(
                    """
                    SELECT true FROM team WHERE organisation_id = \(visitor.organisation)
                        AND id = \(team) AND retired_at IS NULL FOR KEY SHARE
                    """
                ) { row in try row.value(0) as Bool } ?? false
            guard isThere, try await Self.head(id, visitor, on: connection) != nil else {
                return false
            }
            try await Self.insertNote(reason, kind: "handed", id, visitor, on: connection)
            try await connection.execute(
                """
                UPDATE conversation SET team_id = \(team), assignee_id = NULL,
                    handed_reason = \(reason), done_at = NULL,
                    needs_reply_since = coalesce(needs_reply_since, clock_timestamp())
                WHERE organisation_id = \(visitor.organisation) AND id = \(id)
                """)
            return true
        }
    }

    /// Takes a tag off a conversation.
    package func untag(_ id: UUID, _ tag: String, by visitor: Visitor) async throws -> Bool {
        try await change(id, visitor) { connection in
            try await connection.execute(
                """
                UPDATE conversation SET tags = array_remove(tags, \(tag))
                WHERE organisation_id = \(visitor.organisation) AND id = \(id)
                """)
        }
    }
}
