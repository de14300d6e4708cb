import Foundation
import Postgres
import Secrets

/// What shows one ledger line, or many, to somebody outside: the lines, a signed head, and proofs.
///
/// Verified by `ops/verify_bundle.py` with nothing but the bundle and the public key.
package struct ProofBundle: Sendable, Codable {
    /// One line with its path to the root.
    package struct Line: Sendable, Codable {
        package var seq: Int
        /// The exact text whose leaf hash stands in the tree.
        package var entry: String
        /// Hexadecimal, nearest first.
        package var path: [String]
    }

    /// An earlier head and the proof that the log only grew since.
    package struct Growth: Sendable, Codable {
        package var head: SignedHead
        package var proof: [String]
    }

    package var format = "barnstorm proof, version 1"
    package var head: SignedHead
    /// For people; the verifier takes the key that it is given.
    package var publicKey: String
    package var lines: [Line]
    package var earlier: [Growth]

    enum CodingKeys: String, CodingKey {
        case format, head, lines, earlier
        case publicKey = "public_key"
    }
}

extension LedgerHeads {
    /// Proves lines against a head that is signed now.
    ///
    /// - Parameter seqs: numbers of lines, from 1.
    /// - Throws: ``InvalidInput`` for a line that is not there.
    package func prove(_ seqs: [Int], organisation: Int32) async throws -> ProofBundle {
        let head = try await sign(organisation)
        guard !seqs.isEmpty, seqs.allSatisfy({ (1...max(1, head.size)).contains($0) }),
            head.size > 0
        else { throw InvalidInput("The log has lines 1 to \(head.size); give one of them.") }
        let key = publicKey.rawValue.hex
        return try await database.transaction(organisation: organisation) { connection in
            let tree = LedgerTree(organisation: organisation, connection: connection)
            var lines: [ProofBundle.Line] = []
            for seq in Set(seqs).sorted() {
                let entry = try await connection.first(
                    """
                    SELECT entry FROM ledger
                    WHERE organisation_id = \(organisation) AND seq = \(seq)
                    """
                ) { try $0.value(0) as String }
                guard let entry else { throw InvalidInput("Line \(seq) is missing.") }
                let path = try await tree.inclusion(of: seq - 1, size: head.size)
                lines.append(
                    ProofBundle.Line(seq: seq, entry: entry, path: path.map(\.hex)))
            }
            let earlier = try await Self.growth(to: head, tree, on: connection)
            return ProofBundle(head: head, publicKey: key, lines: lines, earlier: earlier)
        }
    }

    /// The last ten anchored heads, each with its proof of consistency. One that counts more lines
    /// than there are has none, and the verifier refuses: the log was cut off.
    private static func growth(
        to head: SignedHead, _ tree: LedgerTree, on connection: Connection
    ) async throws -> [ProofBundle.Growth] {
        let sizes = try await connection.rows(
            """
            SELECT size, root, signed_at, key_id, signature FROM tree_head
            WHERE organisation_id = \(head.organisation) AND anchored <> '[]'
              AND size > 0 ORDER BY signed_at DESC LIMIT 10
            """
        ) { row in
            SignedHead(
                organisation: head.organisation, size: try row.value(0),
                root: (try row.value(1) as [UInt8]).hex,
                signedAt: (try row.value(2) as Date).formatted(.iso8601),
                keyID: try row.value(3), signature: (try row.value(4) as [UInt8]).hex)
        }
        var earlier: [ProofBundle.Growth] = []
        for old in sizes {
            let proof = try await tree.consistency(from: old.size, to: head.size)
            earlier.append(ProofBundle.Growth(head: old, proof: proof.map(\.hex)))
        }
        return earlier
    }

    /// Lines that an event stands in: its number, or the id of a person, text, request, import or
    /// hold that a line names.
    package func lines(of event: String, organisation: Int32) async throws -> [Int] {
        if let seq = Int(event) { return [seq] }
        guard let id = UUID(uuidString: event) else {
            throw InvalidInput("\(event) is neither a line's number nor an id.")
        }
        return try await database.transaction(organisation: organisation) { connection in
            // A text's line is about its person, which has an index; others are few.
            try await connection.rows(
                """
                SELECT seq FROM ledger WHERE organisation_id = \(organisation)
                  AND contact_id = \(id)
                UNION
                SELECT l.seq FROM message m JOIN ledger l
                    ON l.organisation_id = m.organisation_id AND l.contact_id = m.contact_id
                    AND strpos(l.entry, \(id.text)) > 0
                WHERE m.organisation_id = \(organisation) AND m.id = \(id)
                UNION
                SELECT seq FROM ledger WHERE organisation_id = \(organisation)
                  AND kind IN ('import', 'request', 'hold', 'setting', 'export', 'undo', 'reveal')
                  AND strpos(entry, \(id.text)) > 0
                ORDER BY 1 LIMIT 1000
                """
            ) { try $0.value(0) as Int }
        }
    }
}
