import Foundation
import Postgres
import Secrets
import Synchronization

/// What the ledger keeps of an import's consents: how many, and a Merkle root (RFC 9162 §2.1.1).
///
/// A leaf is, in UTF-8, `number hash|row|source|wording|given at`, the hash in hexadecimal and the
/// instant as ISO 8601 in UTC or nothing, in the order of the file's rows. The number's hash outlives
/// erasure, so that one consent can be proven without the others and without the number.
struct ConsentRoot: Sendable {
    var count: Int
    var root: [UInt8]
}

extension Imports {
    /// Reads the leaves in the file's order, with memory that grows with the tree's height.
    func consentRoot(_ id: UUID, _ organisation: Int32) async throws -> ConsentRoot {
        let tree = Mutex((accumulator: MerkleAccumulator(), rest: [UInt8]()))
        let statement = """
            COPY (SELECT encode(sha256('\\x00'::bytea || convert_to(concat_ws('|',
                encode(m.number_hash, 'hex'), m.row_number, i.consent_source,
                coalesce(m.wording, i.consent_wording),
                coalesce(to_char(m.given_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')),
                'UTF8')), 'hex')
            FROM \(Self.table("merge", id).text) m, import i
            WHERE i.organisation_id = \(organisation) AND i.id = '\(id.text)'
            ORDER BY m.row_number) TO STDOUT
            """
        try await database.transaction(organisation: organisation) { connection in
            tree.withLock { $0 = (MerkleAccumulator(), []) }
            try await connection.copyOut(statement) { piece in
                tree.withLock { state in
                    for line in piece.split(separator: 0x0A) {
                        let text = String(decoding: line, as: UTF8.self)
                        if let leaf = [UInt8](hex: text) { state.accumulator.append(leaf) }
                    }
                }
            }
        }
        return tree.withLock {
            ConsentRoot(count: $0.accumulator.size, root: $0.accumulator.root)
        }
    }
}
