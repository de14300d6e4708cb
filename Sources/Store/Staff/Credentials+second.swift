import Foundation
import Postgres
import Secrets

extension Credentials {
    /// How many recovery codes somebody gets; each serves once.
    package static let recoveryCount = 8

    /// What an authenticator app is given.
    package struct Enrolment: Sendable {
        /// Base32 in groups of four, to be typed.
        package var groups: String
        /// `otpauth://…`, as a link and as the content of a QR code.
        package var address: String
    }

    /// Whether a member has confirmed a second factor.
    package func hasSecond(organisation: Int32, member: UUID) async throws -> Bool {
        try await stored(organisation, member)?.step != nil
    }

    /// The secret to be confirmed by ``confirm(_:organisation:member:at:)``: the same one until then.
    package func enrol(_ member: Member, organisationName: String) async throws -> Enrolment {
        let secret = try await pending(member)
        let text = TOTP.base32(secret)
        let groups = stride(from: 0, to: text.count, by: 4).map { start in
            String(text.dropFirst(start).prefix(4))
        }
        return Enrolment(
            groups: groups.joined(separator: " "),
            address: TOTP.address(
                secret: secret, issuer: "Barnstorm \(organisationName)",
                account: member.email ?? member.number ?? member.name))
    }

    /// Confirms the second factor by its first code.
    ///
    /// - Returns: recovery codes, shown once and never again; nil for a wrong code.
    package func confirm(
        _ code: String, organisation: Int32, member: UUID, at now: Date = Date()
    ) async throws -> [String]? {
        guard let (secret, _) = try await stored(organisation, member),
            let step = TOTP.verify(Self.digits(code), secret: secret, at: now)
        else { return nil }
        let codes = (0..<Self.recoveryCount).map { _ in
            TOTP.base32(Token.random(bytes: 10)).lowercased()
        }
        let hashes = codes.map { SHA256.hash(member.bytes + Array($0.utf8)) }
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET totp_step = \(step), recovery_hashes = \(hashes)
                WHERE organisation_id = \(organisation) AND id = \(member)
                """)
            try await SettingChanges.record(
                organisation, ["setting": "second factor confirmed", "member": member.text],
                on: connection)
        }
        return codes.map {
            "\($0.prefix(4))-\($0.dropFirst(4).prefix(4))-\($0.dropFirst(8).prefix(4))-\($0.suffix(4))"
        }
    }

    /// Whether a code of the app or a recovery code is right; either serves once.
    package func second(
        _ typed: String, organisation: Int32, member: UUID, at now: Date = Date()
    ) async throws -> Bool {
        guard let (secret, last) = try await stored(organisation, member), last != nil else {
            return false
        }
        if let step = TOTP.verify(Self.digits(typed), secret: secret, at: now, after: last) {
            return try await use(organisation, member, "totp_step = \(step)", "totp_step < \(step)")
        }
        let plain = typed.lowercased().filter { $0.isLetter || $0.isNumber }
        let hash = SHA256.hash(member.bytes + Array(plain.utf8))
        return try await use(
            organisation, member, "recovery_hashes = array_remove(recovery_hashes, \(hash))",
            "\(hash) = ANY(recovery_hashes)")
    }

    /// Takes the second factor away, so that it is set up anew at the next sign-in.
    package func forgetSecond(organisation: Int32, member: UUID, by actor: UUID?) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET totp_secret = NULL, totp_step = NULL, recovery_hashes = '{}'
                WHERE organisation_id = \(organisation) AND id = \(member)
                """)
            try await SettingChanges.record(
                organisation,
                [
                    "setting": "second factor removed", "member": member.text,
                    "by": actor?.text ?? "operator",
                ], on: connection)
        }
    }

    /// Comparison and use in one statement: of two browsers with one code one comes in.
    private func use(
        _ organisation: Int32, _ member: UUID, _ change: SQL, _ condition: SQL
    ) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET \(change)
                WHERE organisation_id = \(organisation) AND id = \(member) AND \(condition)
                """)
        } == 1
    }

    private func pending(_ member: Member) async throws -> [UInt8] {
        if let (secret, step) = try await stored(member.organisation, member.id), step == nil {
            return secret
        }
        let secret = TOTP.makeSecret()
        let sealed = seal(secret, member.id)
        try await database.transaction(organisation: member.organisation) { connection in
            try await connection.execute(
                """
                UPDATE member SET totp_secret = \(sealed), totp_step = NULL
                WHERE organisation_id = \(member.organisation) AND id = \(member.id)
                """)
        }
        return secret
    }

    private func stored(
        _ organisation: Int32, _ member: UUID
    ) async throws -> (secret: [UInt8], step: Int?)? {
        let found = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT totp_secret, totp_step FROM member
                WHERE organisation_id = \(organisation) AND id = \(member)
                    AND totp_secret IS NOT NULL
                """
            ) { row in (try row.value(0) as [UInt8], try row.value(1) as Int?) }
        }
        guard let (sealed, step) = found else { return nil }
        return (try open(sealed, member), step)
    }

    private static func digits(_ text: String) -> String { text.filter(\.isNumber) }
}
