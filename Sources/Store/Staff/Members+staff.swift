import Foundation
import Postgres

/// A person as the list of people shows them.
package struct StaffRow: Sendable {
    package var member: Member
    /// When one of their browsers was last here; nil if none is signed in.
    package var seenAt: Date?
    package var browsers: Int
    /// An invitation of theirs that nobody has used yet, until when.
    package var invitedUntil: Date?
}

extension Role {
    /// Whose sign-in takes a password and a second factor: they see numbers, or steer what goes out.
    package var needsSecond: Bool { self == .owner || self == .organiser || self == .compliance }

    /// What somebody of this role may make others.
    package var mayGrant: [Role] {
        switch self {
        case .owner: Role.allCases
        case .organiser: [.lead, .texter]
        case .compliance, .lead, .texter: []
        }
    }
}

extension Members {
    /// People by name, with when they were last seen.
    ///
    /// - Parameters:
    ///   - search: part of a name or address; nil for everybody.
    ///   - offset: how many to leave out first.
    package func people(
        organisation: Int32, search: String? = nil, limit: Int = 50, offset: Int = 0
    ) async throws -> [StaffRow] {
        let pattern = search.map {
            "%" + $0.replacing("%", with: "").replacing("_", with: "") + "%"
        }
        return try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(Member.columns),
                    (SELECT max(s.seen_at) FROM sign_in s
                     WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id
                       AND s.expires_at > now()),
                    (SELECT count(*) FROM sign_in s
                     WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id
                       AND s.expires_at > now()),
                    (SELECT max(p.expires_at) FROM proof p
                     WHERE p.organisation_id = m.organisation_id AND p.member_id = m.id
                       AND p.kind = 'invitation' AND p.used_at IS NULL AND p.expires_at > now())
                FROM member m
                WHERE organisation_id = \(organisation) AND (\(pattern) IS NULL
                    OR name ILIKE \(pattern) OR email ILIKE \(pattern) OR number LIKE \(pattern))
                ORDER BY deactivated_at IS NOT NULL, array_position(
                    ARRAY['owner', 'organiser', 'compliance', 'lead', 'texter'], role), name, id
                LIMIT \(limit) OFFSET \(offset)
                """
            ) { row in
                StaffRow(
                    member: try Member(row: row), seenAt: try row.value(8),
                    browsers: try row.value(9), invitedUntil: try row.value(10))
            }
        }
    }

    /// What an organisation is called.
    package func organisationName(_ organisation: Int32) async throws -> String {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                "SELECT name FROM organisation WHERE id = \(organisation)"
            ) { row in try row.value(0) as String } ?? ""
        }
    }

    /// Whether campaigns of an organisation may text without a person's press.
    package func pacedAllowed(_ organisation: Int32) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                "SELECT paced_allowed FROM organisation WHERE id = \(organisation)"
            ) { row in try row.value(0) as Bool } ?? false
        }
    }

    /// Sets where sign-in codes and test texts of one's own go.
    ///
    /// - Parameter number: E.164; nil takes it away.
    /// - Throws: ``InvalidInput`` if somebody else has it.
    package func setNumber(
        _ number: String?, of member: UUID, organisation: Int32
    ) async throws {
        _ = try await refusingDuplicates("number_taken") {
            try await database.transaction(organisation: organisation) { connection in
                try await connection.execute(
                    """
                    UPDATE member SET number = \(number)
                    WHERE organisation_id = \(organisation) AND id = \(member)
                        AND (\(number) IS NOT NULL OR email IS NOT NULL)
                    """)
            }
        }
    }

    /// One person.
    package func find(_ id: UUID, organisation: Int32) async throws -> Member? {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.find(id, organisation, on: connection)
        }
    }

    static func find(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Member? {
        try await connection.first(
            """
            SELECT \(Member.columns) FROM member
            WHERE organisation_id = \(organisation) AND id = \(id)
            """, decode: Member.init(row:))
    }

    /// Makes somebody something else. Their browsers are signed out: a session never outlives the
    /// right it was given for (ASVS 7.2.4).
    ///
    /// - Throws: ``LastOwner``.
    package func setRole(
        _ role: Role, of member: UUID, organisation: Int32, by actor: UUID?
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.refuseLastOwner(member, organisation, unless: role, on: connection)
            let changed = try await connection.execute(
                """
                UPDATE member SET role = \(role.rawValue) WHERE organisation_id = \(organisation)
                    AND id = \(member) AND role <> \(role.rawValue)
                """)
            guard changed == 1 else { return }
            try await Self.signOut(member, organisation, on: connection)
            try await SettingChanges.record(
                organisation,
                [
                    "setting": "role", "member": member.text, "role": role.rawValue,
                    "by": actor?.text ?? "operator",
                ], on: connection)
        }
    }

    /// Shuts somebody out at once: their browsers are signed out, their links are void, the people
    /// they hold go back to their lanes and their conversations to the pool, all in one act.
    ///
    /// - Throws: ``LastOwner``.
    package func deactivate(_ member: UUID, organisation: Int32, by actor: UUID?) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.refuseLastOwner(member, organisation, on: connection)
            let changed = try await connection.execute(
                """
                UPDATE member SET deactivated_at = now(), present_until = NULL
                WHERE organisation_id = \(organisation) AND id = \(member)
                    AND deactivated_at IS NULL
                """)
            guard changed == 1 else { return }
            try await Self.signOut(member, organisation, on: connection)
            try await Draw.giveBackAll(member, organisation, on: connection)
            try await Conversations.giveBackAll(member, organisation, on: connection)
            try await SettingChanges.record(
                organisation,
                [
                    "setting": "member deactivated", "member": member.text,
                    "by": actor?.text ?? "operator",
                ], on: connection)
        }
    }

    /// Lets somebody in again who was shut out; they sign in anew.
    package func reactivate(_ member: UUID, organisation: Int32, by actor: UUID?) async throws {
        try await database.transaction(organisation: organisation) { connection in
            let changed = try await connection.execute(
                """
                UPDATE member SET deactivated_at = NULL WHERE organisation_id = \(organisation)
                    AND id = \(member) AND deactivated_at IS NOT NULL
                """)
            guard changed == 1 else { return }
            try await SettingChanges.record(
                organisation,
                [
                    "setting": "member reactivated", "member": member.text,
                    "by": actor?.text ?? "operator",
                ], on: connection)
        }
    }

    private static func signOut(
        _ member: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        try await connection.execute(
            """
            DELETE FROM sign_in
            WHERE organisation_id = \(organisation) AND member_id = \(member)
            """)
        try await connection.execute(
            """
            DELETE FROM push_subscription
            WHERE organisation_id = \(organisation) AND member_id = \(member)
            """)
        try await connection.execute(
            """
            UPDATE proof SET used_at = now() WHERE organisation_id = \(organisation)
                AND member_id = \(member) AND used_at IS NULL
            """)
    }

    /// All owners are locked first, so that two cannot each remove the other.
    private static func refuseLastOwner(
        _ member: UUID, _ organisation: Int32, unless role: Role? = nil, on connection: Connection
    ) async throws {
        let owners = try await connection.rows(
            """
            SELECT id FROM member WHERE organisation_id = \(organisation) AND role = 'owner'
                AND deactivated_at IS NULL ORDER BY id FOR UPDATE
            """
        ) { row in try row.value(0) as UUID }
        if owners == [member], role != .owner { throw LastOwner() }
    }
}

/// Nobody would be left who may let people in.
package struct LastOwner: Error, CustomStringConvertible {
    package var description: String {
        "This is the only owner; make somebody else an owner first."
    }
}
