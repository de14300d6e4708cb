import Foundation
import Postgres
import Secrets

/// What staff sign in with: password, second factor, recovery codes; writes these columns of
/// `member`.
package struct Credentials: Sendable {
    let database: Database
    private let hasher: PasswordHasher
    private let key: [UInt8]
    private let decoy: Decoy

    /// Unit: characters. Source: ASVS 5.0, 6.2.1 and 6.2.9.
    package static let passwordMin = 15
    package static let passwordMax = 128

    /// - Parameter cost: log2 of scrypt's N; only tests give one.
    package init(database: Database, secret: InstallationSecret, cost: Int? = nil) {
        self.database = database
        hasher = cost.map { PasswordHasher(cost: $0) } ?? PasswordHasher()
        key = secret.key(.sealing)
        decoy = Decoy(hasher)
    }

    /// What came of a password.
    package enum Check: Sendable {
        case right(organisation: Int32, member: UUID)
        case wrong
        /// Too many people sign in just now; a later try may work.
        case busy
    }

    /// Whether login and password belong together. An unknown login takes as long as a known one.
    package func check(login: String, password: String) async throws -> Check {
        let candidates = try await Membership.withLogin(login, database: database)
        do {
            for (organisation, member) in candidates.prefix(3) {
                guard let stored = try await self.stored(password: organisation, member) else {
                    continue
                }
                return try await hasher.verify(password, against: stored)
                    ? .right(organisation: organisation, member: member) : .wrong
            }
            _ = try await hasher.verify(password, against: try await decoy.hash())
            return .wrong
        } catch is PasswordHasher.Busy {
            return .busy
        }
    }

    /// Sets a password.
    ///
    /// - Throws: ``PasswordRefusal``.
    package func setPassword(
        _ password: String, organisation: Int32, member: UUID
    ) async throws {
        try Self.refuseWeak(password)
        let hash: String
        do {
            hash = try await hasher.hash(password)
        } catch is PasswordHasher.Busy {
            throw PasswordRefusal.busy
        }
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET password = \(hash)
                WHERE organisation_id = \(organisation) AND id = \(member)
                """)
            try await SettingChanges.record(
                organisation, ["setting": "password set", "member": member.text], on: connection)
        }
    }

    /// Whether a member has a password.
    package func hasPassword(organisation: Int32, member: UUID) async throws -> Bool {
        try await stored(password: organisation, member) != nil
    }

    /// Whether that is a member's password.
    ///
    /// - Throws: ``PasswordRefusal/busy``.
    package func isPassword(
        _ password: String, organisation: Int32, member: UUID
    ) async throws -> Bool {
        guard let stored = try await stored(password: organisation, member) else { return false }
        do {
            return try await hasher.verify(password, against: stored)
        } catch is PasswordHasher.Busy {
            throw PasswordRefusal.busy
        }
    }

    /// Length alone: rules of composition make people write passwords down (NIST SP 800-63B).
    package static func refuseWeak(_ password: String) throws(PasswordRefusal) {
        guard password.count >= passwordMin else { throw PasswordRefusal.short }
        guard password.count <= passwordMax else { throw PasswordRefusal.long }
        let folded = password.lowercased()
        let isRun = Set(folded).count < 5
        let isCommon = ["password", "qwertyuiop", "1234567890", "barnstorm"].contains { word in
            folded.replacing(word, with: "").count < 6
        }
        guard !isRun, !isCommon else { throw PasswordRefusal.common }
    }

    private func stored(password organisation: Int32, _ member: UUID) async throws -> String? {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT password FROM member
                WHERE organisation_id = \(organisation) AND id = \(member)
                """
            ) { row in try row.value(0) as String? } ?? nil
        }
    }

    func seal(_ secret: [UInt8], _ member: UUID) -> [UInt8] {
        AESGCM.seal(secret, key: key, associatedData: member.bytes)
    }

    func open(_ sealed: [UInt8], _ member: UUID) throws -> [UInt8] {
        try AESGCM.open(sealed, key: key, associatedData: member.bytes)
    }
}

/// Why a password was not taken.
package enum PasswordRefusal: String, Error, CustomStringConvertible {
    case short, long, common
    /// Too many hashes wait; a later try may work.
    case busy

    package var description: String {
        switch self {
        case .short:
            "The password is too short; take \(Credentials.passwordMin) characters or more."
        case .long: "The password is too long; \(Credentials.passwordMax) characters are enough."
        case .common:
            "The password is easily guessed; take a few words that do not belong together."
        case .busy: "Many people are signing in; try again in a minute."
        }
    }
}

/// A hash that no password has, made once, to spend the same time on who is not there.
private actor Decoy {
    private let hasher: PasswordHasher
    private var stored: String?

    init(_ hasher: PasswordHasher) { self.hasher = hasher }

    func hash() async throws -> String {
        if let stored { return stored }
        let made = try await hasher.hash(Token.random(bytes: 16).hex)
        stored = made
        return made
    }
}
