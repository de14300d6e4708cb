import Foundation
import Postgres
import Secrets

/// Whether an organisation's log is what was written.
package struct LedgerCheck: Sendable {
    /// How many lines were read.
    package var lines: Int
    /// The Merkle root over them, as a signed head states it.
    package var root: [UInt8]
    /// What is wrong, a sentence each; at most a hundred.
    package var findings: [String]

    package var isSound: Bool { findings.isEmpty }
}

extension Ledger {
    /// Reads the whole log in order and compares every line with its hash, its predecessor, its
    /// columns and the chain's head; then stops with the people's rows, and signed heads with
    /// their roots.
    ///
    /// Memory stays flat: lines come in pages, the tree keeps one hash a level.
    package func check(_ organisation: Int32) async throws -> LedgerCheck {
        var walk = LedgerWalk(organisation: organisation)
        let heads = try await heads(organisation)
        while true {
            let page = try await lines(organisation: organisation, from: walk.next, limit: 1_000)
            for line in page { walk.step(line, heads: heads) }
            if page.count < 1_000 { break }
        }
        try await walk.finish(head: head(organisation), heads: heads)
        walk.findings += try await strayStops(organisation)
        return LedgerCheck(
            lines: walk.next - 1, root: walk.tree.root, findings: Array(walk.findings.prefix(100)))
    }

    private func head(_ organisation: Int32) async throws -> (seq: Int, hash: [UInt8])? {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                "SELECT seq, hash FROM chain_head WHERE organisation_id = \(organisation)"
            ) { (seq: try $0.value(0) as Int, hash: try $0.value(1) as [UInt8]) }
        }
    }

    /// Roots that were signed, by size.
    private func heads(_ organisation: Int32) async throws -> [Int: [UInt8]] {
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                "SELECT size, root FROM tree_head WHERE organisation_id = \(organisation)"
            ) { (try $0.value(0) as Int, try $0.value(1) as [UInt8]) }
        }
        return Dictionary(rows, uniquingKeysWith: { first, _ in first })
    }

    /// People whose row and last line disagree: somebody changed one without the other.
    private func strayStops(_ organisation: Int32) async throws -> [String] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                WITH said AS MATERIALIZED (
                    SELECT DISTINCT ON (contact_id) contact_id, kind FROM ledger
                    WHERE organisation_id = \(organisation) AND contact_id IS NOT NULL
                      AND kind IN ('stop', 'start', 'stop taken back')
                    ORDER BY contact_id, seq DESC
                )
                SELECT c.id, true FROM contact c
                LEFT JOIN said s ON s.contact_id = c.id
                WHERE c.organisation_id = \(organisation) AND c.opted_out_at IS NOT NULL
                  AND c.erased_at IS NULL AND coalesce(s.kind, '') <> 'stop'
                  AND NOT EXISTS (  -- erased and back: the stop came over from the blanked row
                      SELECT FROM contact e WHERE e.organisation_id = c.organisation_id
                        AND e.number_hash = c.number_hash AND e.number IS NULL
                        AND e.opted_out_at IS NOT NULL)
                UNION ALL
                SELECT c.id, false FROM said s
                JOIN contact c ON c.organisation_id = \(organisation) AND c.id = s.contact_id
                WHERE s.kind = 'stop' AND c.opted_out_at IS NULL AND c.erased_at IS NULL
                ORDER BY 1 LIMIT 100
                """
            ) { row in
                let id = try row.value(0) as UUID
                return try row.value(1)
                    ? "Contact \(id.text) has stopped, but the log has no line that says so."
                    : "Contact \(id.text) has a stop in the log that their row does not show."
            }
        }
    }
}

/// Goes along the chain and remembers what it needs.
private struct LedgerWalk {
    let organisation: Int32
    var next = 1
    var previous = SHA256.hash(Array("barnstorm ledger, version 1".utf8))
    var tree = MerkleAccumulator()
    var findings: [String] = []

    mutating func step(_ line: LedgerLine, heads: [Int: [UInt8]]) {
        if line.seq != next { findings.append("Line \(next) is missing before line \(line.seq).") }
        if MerkleTree.leafHash(Array(line.entry.utf8)) != line.hash {
            findings.append("Line \(line.seq) was changed: its words do not give its hash.")
        }
        if line.previous != previous {
            findings.append("Line \(line.seq) does not follow the line before it.")
        }
        if !agrees(line) {
            findings.append(
                "Line \(line.seq) says something else in its columns than in its words.")
        }
        previous = line.hash
        next = line.seq + 1
        tree.append(line.hash)
        if let root = heads[line.seq], root != tree.root {
            findings.append("The signed head of size \(line.seq) does not fit the lines before it.")
        }
    }

    mutating func finish(head: (seq: Int, hash: [UInt8])?, heads: [Int: [UInt8]]) {
        if head?.seq != next - 1 || head?.hash != previous {
            findings.append("The log ends at line \(next - 1), its head says \(head?.seq ?? 0).")
        }
        if let largest = heads.keys.max(), largest >= next {
            findings.append("A head over \(largest) lines was signed; only \(next - 1) are left.")
        }
    }

    /// Whether the hashed words name the same line as the columns beside them.
    private func agrees(_ line: LedgerLine) -> Bool {
        struct Entry: Decodable {
            var organisation: Int32
            var seq: Int
            var kind: String
            var contact: UUID?
            var prev: String
        }
        guard let entry = try? JSONB(bytes: Array(line.entry.utf8)).decode(Entry.self) else {
            return false
        }
        return entry.organisation == organisation && entry.seq == line.seq
            && entry.kind == line.kind && entry.contact == line.contact
            && entry.prev == line.previous.hex
    }
}
