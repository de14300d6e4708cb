import Foundation
import Postgres
import Secrets

/// Who looks at a page: a member as a signed-in browser shows them.
package struct Visitor: Sendable {
    package var organisation: Int32
    package var organisationName: String
    /// ISO 3166 alpha-2, most usual first.
    package var countries: [String]
    package var id: UUID
    package var name: String
    /// Raw value of the role, as in `member.role`.
    package var role: String
    package var language: String
    /// Unlocked by the reply lesson.
    package var mayWriteFreely: Bool
    package var provenAt: Date?
    package var settings: [String: String]
    /// How they proved who they are.
    package var strength: SignInStrength

    init(row: borrowing Row) throws {
        organisation = try row.value(0)
        organisationName = try row.value(1)
        countries = try row.value(2)
        id = try row.value(3)
        name = try row.value(4)
        role = try row.value(5)
        language = try row.value(6)
        mayWriteFreely = try row.value(7)
        provenAt = try row.value(8)
        settings = (try? (row.value(9) as JSONB).decode([String: String].self)) ?? [:]
        strength = SignInStrength(rawValue: try row.value(11)) ?? .code
    }
}

/// How somebody proved who they are; raw values stand in `sign_in.strength`.
package enum SignInStrength: String, Sendable {
    /// By a code or link that went to their address: enough to text and to answer.
    case code
    /// By a link that the operator made on the machine itself.
    case link
    /// By password and, where the role asks for it, second factor.
    case full
}

/// A browser in which a member is signed in.
package struct SignedInBrowser: Sendable {
    package var id: UUID
    package var userAgent: String?
    package var createdAt: Date
    package var seenAt: Date
    /// Whether it is the one that asks.
    package var isThisOne: Bool
}

/// Browsers that are signed in; the only type that writes `sign_in`.
///
/// A token is 256 random bits in a cookie; the table holds its SHA-256 only, so that whoever reads
/// the database cannot become anybody.
package struct SignIns: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Absolute end of a sign-in.
    package static let lifetime: TimeInterval = 7 * 24 * 3600

    /// Signs a member in.
    ///
    /// - Returns: the cookie's value, base64url.
    package func begin(
        organisation: Int32, member: UUID, userAgent: String?, strength: SignInStrength = .code
    ) async throws -> String {
        let token = Token.random(bytes: 32)
        let expires = Date(timeIntervalSinceNow: Self.lifetime)
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO sign_in (token_hash, organisation_id, member_id, user_agent, expires_at,
                    strength)
                VALUES (\(SHA256.hash(token)), \(organisation), \(member),
                    \(userAgent.map { String($0.prefix(200)) }), \(expires),
                    \(strength.rawValue))
                """)
        }
        return token.base64URL
    }

    /// Who knocks with that cookie; nil for an unknown, ended or idle sign-in.
    package func visitor(token: String) async throws -> Visitor? {
        guard let bytes = [UInt8](base64URL: token), bytes.count == 32 else { return nil }
        let hash = SHA256.hash(bytes)
        let found = try await database.first(
            """
            SELECT organisation_id, organisation_name, countries, member_id, name, role, language,
                free_text, proven_at, settings, seen_at, strength
            FROM find_visitor(\(hash))
            """
        ) { row in (visitor: try Visitor(row: row), seenAt: try row.value(10) as Date) }
        guard let found else { return nil }
        // Once a minute is enough to know who is idle.
        if found.seenAt < Date(timeIntervalSinceNow: -60) {
            try await touch(hash, organisation: found.visitor.organisation)
        }
        return found.visitor
    }

    /// Ends one sign-in.
    package func end(token: String, organisation: Int32) async throws {
        guard let bytes = [UInt8](base64URL: token) else { return }
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                DELETE FROM sign_in
                WHERE token_hash = \(SHA256.hash(bytes)) AND organisation_id = \(organisation)
                """)
        }
    }

    /// Ends all sign-ins of a member but, where given, the one that asks.
    package func endAll(
        organisation: Int32, member: UUID, except token: String? = nil
    ) async throws {
        let kept = token.flatMap { [UInt8](base64URL: $0) }.map(SHA256.hash) ?? []
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                DELETE FROM sign_in WHERE organisation_id = \(organisation)
                    AND member_id = \(member) AND token_hash <> \(kept)
                """)
        }
    }

    /// The browsers of a member that are signed in, the one used last first.
    package func list(
        organisation: Int32, member: UUID, token: String? = nil
    ) async throws -> [SignedInBrowser] {
        let own = token.flatMap { [UInt8](base64URL: $0) }.map(SHA256.hash) ?? []
        return try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT id, user_agent, created_at, seen_at, token_hash = \(own) FROM sign_in
                WHERE organisation_id = \(organisation) AND member_id = \(member)
                    AND expires_at > now()
                ORDER BY seen_at DESC LIMIT 100
                """
            ) { row in
                SignedInBrowser(
                    id: try row.value(0), userAgent: try row.value(1),
                    createdAt: try row.value(2), seenAt: try row.value(3),
                    isThisOne: try row.value(4))
            }
        }
    }

    /// Ends one of a member's sign-ins by its id.
    package func end(id: UUID, organisation: Int32, member: UUID) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                DELETE FROM sign_in WHERE organisation_id = \(organisation)
                    AND member_id = \(member) AND id = \(id)
                """)
        }
    }

    /// How many browsers a member is signed in with.
    package func count(organisation: Int32, member: UUID) async throws -> Int {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT count(*) FROM sign_in WHERE organisation_id = \(organisation)
                    AND member_id = \(member) AND expires_at > now()
                """
            ) { row in try row.value(0) as Int } ?? 0
        }
    }

    private func touch(_ hash: [UInt8], organisation: Int32) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE sign_in SET seen_at = now()
                WHERE token_hash = \(hash) AND organisation_id = \(organisation)
                """)
        }
    }
}
