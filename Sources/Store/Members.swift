import Foundation
import Postgres

/// What a person may do; raw values stand in `member.role`.
package enum Role: String, Sendable, CaseIterable, Codable {
    case owner, organiser, compliance, lead, texter
}

/// A person of an organisation.
package struct Member: Sendable, Equatable, Codable {
    package var organisation: Int32
    package var id: UUID
    package var name: String
    package var email: String?
    /// E.164, for sign-in codes.
    package var number: String?
    package var role: Role
    package var language: String
    package var deactivatedAt: Date?

    static let columns: SQL = """
        organisation_id, id, name, email, number, role, language, deactivated_at
        """

    init(row: borrowing Row) throws {
        organisation = try row.value(0)
        id = try row.value(1)
        name = try row.value(2)
        email = try row.value(3)
        number = try row.value(4)
        role = Role(rawValue: try row.value(5)) ?? .texter
        language = try row.value(6)
        deactivatedAt = try row.value(7)
    }
}

/// People of an organisation; writes `member`.
package struct Members: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Adds a person, with a line in the ledger.
    ///
    /// - Parameter number: E.164.
    /// - Throws: ``InvalidInput`` for an empty name, no way to sign in, or a taken address.
    package func add(
        organisation: Int32, name: String, email: String? = nil, number: String? = nil,
        role: Role, language: String = "en"
    ) async throws -> Member {
        let name = try nonEmpty(name, "The member needs a name.")
        guard email != nil || number != nil else {
            throw InvalidInput("Give an email address or a number, by which the member signs in.")
        }
        if let email, !email.contains("@") || email.contains(where: \.isWhitespace) {
            throw InvalidInput("\(email) is not an email address.")
        }
        let id = UUID.v7()
        return try await refusingDuplicates(
            "A member with that email address or number exists already; see 'member list'."
        ) {
            try await database.transaction(organisation: organisation) { connection in
                let member = try await connection.first(
                    """
                    INSERT INTO member (organisation_id, id, name, email, number, role, language)
                    VALUES (\(organisation), \(id), \(name), \(email?.lowercased()), \(number),
                        \(role.rawValue), \(language))
                    RETURNING \(Member.columns)
                    """, decode: Member.init(row:))!
                try await SettingChanges.record(
                    organisation,
                    [
                        "setting": "member added", "member": id.text,
                        "role": role.rawValue,
                    ], on: connection)
                return member
            }
        }
    }

    /// Everybody, deactivated ones included, in the order they came.
    package func list(organisation: Int32) async throws -> [Member] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(Member.columns) FROM member
                WHERE organisation_id = \(organisation) ORDER BY id
                """, decode: Member.init(row:))
        }
    }
}
