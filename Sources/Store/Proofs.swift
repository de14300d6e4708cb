import Foundation
import Postgres
import Secrets

/// What a proven address is for.
package struct ProofDetails: Codable, Sendable, Equatable {
    package var name: String
    /// An e-mail address in lower case, or a number in E.164.
    package var login: String
    package var language: String
    /// The campaign whose link was opened; nil at a later sign-in.
    package var campaign: UUID?

    package init(name: String, login: String, language: String, campaign: UUID?) {
        self.name = name
        self.login = login
        self.language = language
        self.campaign = campaign
    }

    package var isEmail: Bool { login.contains("@") }
}

/// Single-use secrets that prove an address; the only type that writes `proof`.
package struct Proofs: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Tries allowed for one code: 5 of 10^6.
    package static let triesMax: Int16 = 5
    /// Life of a code and of a link.
    package static let lifetime: TimeInterval = 15 * 60

    /// What came of a code.
    package enum Answer: Sendable {
        case right(ProofDetails)
        case wrong(triesLeft: Int)
        /// Too old, used, tried too often, or never there.
        case gone
    }

    /// Makes a six-digit code for an address.
    ///
    /// - Returns: the proof's id, which the form carries, and the code, which the message carries.
    package func makeCode(
        organisation: Int32, _ details: ProofDetails
    ) async throws -> (id: UUID, code: String) {
        let id = UUID.v7()
        let code = Token.digits(6)
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO proof (organisation_id, id, kind, secret_hash, details, expires_at)
                VALUES (\(organisation), \(id), 'code', \(Self.hash(code, id)),
                    \(try JSONB(encoding: details)), \(Date(timeIntervalSinceNow: Self.lifetime)))
                """)
        }
        return (id, code)
    }

    /// What an unused proof is for, to send its code again or to show where it went.
    package func details(organisation: Int32, id: UUID) async throws -> ProofDetails? {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT details FROM proof WHERE organisation_id = \(organisation) AND id = \(id)
                    AND used_at IS NULL AND expires_at > now()
                """
            ) { row in try (row.value(0) as JSONB).decode(ProofDetails.self) }
        }
    }

    /// Tries a code; the right one is spent.
    package func spend(organisation: Int32, id: UUID, code: String) async throws -> Answer {
        let hash = Self.hash(code.filter(\.isNumber), id)
        return try await database.transaction(organisation: organisation) { connection in
            // The count and the comparison in one statement: parallel guesses are counted all.
            let found = try await connection.first(
                """
                UPDATE proof SET tries = tries + 1,
                    used_at = CASE WHEN secret_hash = \(hash) THEN now() END
                WHERE organisation_id = \(organisation) AND id = \(id) AND kind = 'code'
                    AND used_at IS NULL AND expires_at > now() AND tries < \(Self.triesMax)
                RETURNING used_at IS NOT NULL, tries, details
                """
            ) { row in
                (
                    isRight: try row.value(0) as Bool, tries: try row.value(1) as Int16,
                    details: try (row.value(2) as JSONB).decode(ProofDetails.self)
                )
            }
            guard let found else { return .gone }
            if found.isRight { return .right(found.details) }
            let left = Int(Self.triesMax - found.tries)
            return left > 0 ? .wrong(triesLeft: left) : .gone
        }
    }

    /// The id salts the hash: equal codes of two people do not look equal.
    private static func hash(_ code: String, _ id: UUID) -> [UInt8] {
        SHA256.hash(id.bytes + Array(code.utf8))
    }
}
