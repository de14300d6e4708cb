import Foundation
import Postgres
import Secrets

extension Cases {
    /// What people said in a request, opened; nil once they or their key are gone.
    package func facts(
        of request: UUID, organisation: Int32
    ) async throws -> NewRequest.Facts? {
        let sealed = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT f.subject_id, f.sealed, k.sealed_key
                FROM case_fact f JOIN subject_key k ON k.organisation_id = f.organisation_id
                    AND k.subject_id = f.subject_id
                WHERE f.organisation_id = \(organisation) AND f.request_id = \(request)
                ORDER BY f.id LIMIT 1
                """
            ) { row in
                (
                    try row.value(0) as UUID, try row.value(1) as [UInt8],
                    try row.value(2) as [UInt8]?
                )
            }
        }
        guard let (subject, fact, sealedKey) = sealed, let sealedKey, !fact.isEmpty else {
            return nil
        }
        let personal = try AESGCM.open(sealedKey, key: key, associatedData: subject.bytes)
        let bytes = try AESGCM.open(fact, key: personal, associatedData: subject.bytes)
        return try JSONB(bytes: Array(bytes.dropFirst(Self.saltCount))).decode(
            NewRequest.Facts.self)
    }

    private static let saltCount = 16

    /// Seals facts under the person's key, made now if they have none.
    ///
    /// - Returns: the commitment for the ledger: SHA-256 over a random salt and the facts' JSON.
    ///   The salt is sealed with the facts, so that nobody can try words against it.
    func seal(
        _ facts: NewRequest.Facts, subject: UUID, request: UUID?, _ organisation: Int32,
        on connection: Connection
    ) async throws -> [UInt8] {
        let personal = try await personalKey(subject, organisation, on: connection)
        let plain = Token.random(bytes: Self.saltCount) + (try JSONB(encoding: facts).bytes)
        let commitment = SHA256.hash(plain)
        let sealed = AESGCM.seal(plain, key: personal, associatedData: subject.bytes)
        try await connection.execute(
            """
            INSERT INTO case_fact (organisation_id, id, subject_id, request_id, sealed, commitment)
            VALUES (\(organisation), \(UUID.v7()), \(subject), \(request), \(sealed),
                \(commitment))
            """)
        return commitment
    }

    private func personalKey(
        _ subject: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [UInt8] {
        let fresh = Token.random(bytes: AESGCM.keyCount)
        let sealed = AESGCM.seal(fresh, key: key, associatedData: subject.bytes)
        try await connection.execute(
            """
            INSERT INTO subject_key (organisation_id, subject_id, sealed_key)
            VALUES (\(organisation), \(subject), \(sealed)) ON CONFLICT DO NOTHING
            """)
        let held = try await connection.first(
            """
            SELECT sealed_key FROM subject_key
            WHERE organisation_id = \(organisation) AND subject_id = \(subject)
            """
        ) { try $0.value(0) as [UInt8]? }
        guard let kept = held ?? nil else {
            throw InvalidInput(
                "This person was erased: nothing more is written about them under their name.")
        }
        return try AESGCM.open(kept, key: key, associatedData: subject.bytes)
    }
}
