import Foundation
import Postgres
import Secrets

/// Whom a link lets in.
package struct StaffLink: Sendable {
    package enum Kind: String, Sendable {
        /// Handed to somebody new, who proves their address or chooses a password by it.
        case invitation
        /// Made by the operator of the machine for somebody who is here already.
        case link
    }

    package var kind: Kind
    package var organisation: Int32
    package var organisationName: String
    package var proof: UUID
    package var member: Member
}

/// Links that let staff in, and the pause between password and second factor; writes `proof`.
///
/// A link holds 128 random bits of which the table has the SHA-256 only. Opening it does nothing;
/// the form on its page spends it, so that a mail scanner does not burn it.
package struct StaffLinks: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Life of an invitation.
    package static let invitationLife: TimeInterval = 3 * 24 * 3600
    /// Life of a link made on the machine itself.
    package static let linkLife: TimeInterval = 24 * 3600
    /// How long the second factor may take.
    private static let halfLife: TimeInterval = 10 * 60

    /// Makes a link for a member; older ones of that kind no longer serve.
    ///
    /// - Returns: what stands at the end of the address.
    package func make(
        _ kind: StaffLink.Kind, organisation: Int32, member: UUID
    ) async throws -> String {
        let token = Token.random(bytes: 16)
        let life = kind == .link ? Self.linkLife : Self.invitationLife
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE proof SET used_at = now() WHERE organisation_id = \(organisation)
                    AND member_id = \(member) AND kind = \(kind.rawValue) AND used_at IS NULL
                """)
            try await connection.execute(
                """
                INSERT INTO proof (organisation_id, id, kind, secret_hash, member_id, expires_at)
                VALUES (\(organisation), \(UUID.v7()), \(kind.rawValue), \(SHA256.hash(token)),
                    \(member), \(Date(timeIntervalSinceNow: life)))
                """)
            try await SettingChanges.record(
                organisation, ["setting": "\(kind.rawValue) made", "member": member.text],
                on: connection)
        }
        return token.base64URL
    }

    /// What a link is for, as long as nobody has used it.
    package func look(_ token: String) async throws -> StaffLink? {
        guard let bytes = [UInt8](base64URL: token), bytes.count == 16 else { return nil }
        let door = try await database.first(
            "SELECT organisation_id, id FROM find_proof(\(SHA256.hash(bytes)))"
        ) { row in (try row.value(0) as Int32, try row.value(1) as UUID) }
        guard let (organisation, proof) = door else { return nil }
        return try await database.transaction(organisation: organisation) { connection in
            let found = try await connection.first(
                """
                SELECT p.kind, o.name, p.member_id FROM proof p
                JOIN organisation o ON o.id = p.organisation_id
                WHERE p.organisation_id = \(organisation) AND p.id = \(proof)
                    AND p.kind IN ('link', 'invitation')
                """
            ) { row in
                (
                    kind: StaffLink.Kind(rawValue: try row.value(0)) ?? .invitation,
                    name: try row.value(1) as String, member: try row.value(2) as UUID
                )
            }
            guard let found,
                let member = try await Members.find(found.member, organisation, on: connection),
                member.deactivatedAt == nil
            else { return nil }
            return StaffLink(
                kind: found.kind, organisation: organisation, organisationName: found.name,
                proof: proof, member: member)
        }
    }

    /// Uses a link up.
    ///
    /// - Returns: whether it was still unused: of two who press at once one comes in.
    package func spend(_ link: StaffLink) async throws -> Bool {
        try await database.transaction(organisation: link.organisation) { connection in
            let spent = try await connection.execute(
                """
                UPDATE proof SET used_at = now() WHERE organisation_id = \(link.organisation)
                    AND id = \(link.proof) AND used_at IS NULL AND expires_at > now()
                """)
            guard spent == 1 else { return false }
            try await connection.execute(
                """
                UPDATE member SET proven_at = coalesce(proven_at, now())
                WHERE organisation_id = \(link.organisation) AND id = \(link.member.id)
                """)
            return true
        }
    }

    /// Notes that the password was right; the second factor is asked at an address with this id.
    package func makeHalf(organisation: Int32, member: UUID) async throws -> UUID {
        // Random in all its bits, unlike a version 7: who has it may try codes.
        let id = UUID()
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO proof (organisation_id, id, kind, secret_hash, member_id, expires_at)
                VALUES (\(organisation), \(id), 'half', \([UInt8]()), \(member),
                    \(Date(timeIntervalSinceNow: Self.halfLife)))
                """)
        }
        return id
    }

    /// Who gave the right password; nil once it is too long ago, used, or tried too often.
    ///
    /// - Parameter counts: whether this is a try of the second factor.
    package func half(
        organisation: Int32, id: UUID, counts: Bool = false
    ) async throws -> Member? {
        try await database.transaction(organisation: organisation) { connection in
            let member = try await connection.first(
                """
                UPDATE proof SET tries = tries + \(Int16(counts ? 1 : 0))
                WHERE organisation_id = \(organisation) AND id = \(id) AND kind = 'half'
                    AND used_at IS NULL AND expires_at > now() AND tries < \(Proofs.triesMax)
                RETURNING member_id
                """
            ) { row in try row.value(0) as UUID }
            guard let member else { return nil }
            return try await Members.find(member, organisation, on: connection)
        }
    }

    /// Ends the pause: the second factor was right.
    package func endHalf(organisation: Int32, id: UUID) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE proof SET used_at = now()
                WHERE organisation_id = \(organisation) AND id = \(id)
                """)
        }
    }
}
