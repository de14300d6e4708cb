import Foundation
import Postgres
import Secrets

/// The Merkle tree of RFC 9162 over one organisation's ledger, with roots of complete subtrees kept
/// in `ledger_node` from 2^10 lines up, so that a proof reads some two thousand lines, not all.
///
/// The only type that writes `ledger_node`. The nodes prove nothing by themselves: a false one gives
/// a root or a proof that fails.
struct LedgerTree: Sendable {
    let organisation: Int32
    let connection: Connection
    /// Leaves of the smallest kept node.
    static let block = 1 << 10
    static let blockLevel: Int16 = 10

    /// The root over the first `size` lines.
    func root(_ size: Int) async throws -> [UInt8] {
        guard size > 0 else { return SHA256.hash([]) }
        return try await hash(of: 0..<size)
    }

    /// The path from line `index` (from 0) to the root over `size` lines (§2.1.3.1).
    func inclusion(of index: Int, size: Int) async throws -> [[UInt8]] {
        try await path(index, 0..<size)
    }

    /// What shows that the tree over `old` lines is a beginning of the one over `size` (§2.1.4.1).
    func consistency(from old: Int, to size: Int) async throws -> [[UInt8]] {
        guard old > 0, old < size else { return [] }
        return try await subproof(old, 0..<size, isWhole: true)
    }

    /// Keeps the roots of all complete blocks and of what is built of them; quick where all is kept.
    func keepNodes(upTo size: Int) async throws {
        let known =
            try await connection.first(
                """
                SELECT coalesce(max(position) + 1, 0) FROM ledger_node
                WHERE organisation_id = \(organisation) AND level = \(Self.blockLevel)
                """
            ) { try $0.value(0) as Int } ?? 0
        guard size / Self.block > known else { return }
        for position in known..<(size / Self.block) {
            let from = position * Self.block
            var tree = MerkleAccumulator()
            for leaf in try await leaves(from..<(from + Self.block)) { tree.append(leaf) }
            try await keep(Self.blockLevel, position, tree.root)
        }
    }

    /// A node, and its parent where it is a right child.
    private func keep(_ level: Int16, _ position: Int, _ hash: [UInt8]) async throws {
        try await connection.execute(
            """
            INSERT INTO ledger_node (organisation_id, level, position, hash)
            VALUES (\(organisation), \(level), \(position), \(hash)) ON CONFLICT DO NOTHING
            """)
        guard position & 1 == 1, let left = try await node(level, position - 1) else { return }
        try await keep(level + 1, position >> 1, MerkleTree.nodeHash(left, hash))
    }

    private func node(_ level: Int16, _ position: Int) async throws -> [UInt8]? {
        try await connection.first(
            """
            SELECT hash FROM ledger_node WHERE organisation_id = \(organisation)
                AND level = \(level) AND position = \(position)
            """
        ) { try $0.value(0) as [UInt8] }
    }

    /// Hashes of lines, from 0.
    private func leaves(_ range: Range<Int>) async throws -> [[UInt8]] {
        let found = try await connection.rows(
            """
            SELECT hash FROM ledger WHERE organisation_id = \(organisation)
                AND seq > \(range.lowerBound) AND seq <= \(range.upperBound) ORDER BY seq
            """
        ) { try $0.value(0) as [UInt8] }
        guard found.count == range.count else {
            throw InvalidInput(
                "Lines of the ledger are missing between \(range.lowerBound + 1) and "
                    + "\(range.upperBound); run 'barnstorm audit verify'.")
        }
        return found
    }

    /// The root over a subtree, from a kept node where there is one.
    private func hash(of range: Range<Int>) async throws -> [UInt8] {
        if range.count <= Self.block { return MerkleTree.root(try await leaves(range)) }
        if range.count & (range.count - 1) == 0 {
            let level = Int16(range.count.trailingZeroBitCount)
            if let kept = try await node(level, range.lowerBound >> Int(level)) { return kept }
        }
        let (left, right) = Self.halves(range)
        return MerkleTree.nodeHash(try await hash(of: left), try await hash(of: right))
    }

    private func path(_ index: Int, _ range: Range<Int>) async throws -> [[UInt8]] {
        if range.count <= Self.block {
            let leaves = try await leaves(range)
            return MerkleTree.inclusionProof(of: index - range.lowerBound, in: leaves[...])
        }
        let (left, right) = Self.halves(range)
        return index < right.lowerBound
            ? try await path(index, left) + [try await hash(of: right)]
            : try await path(index, right) + [try await hash(of: left)]
    }

    private func subproof(
        _ old: Int, _ range: Range<Int>, isWhole: Bool
    ) async throws -> [[UInt8]] {
        if old == range.upperBound { return isWhole ? [] : [try await hash(of: range)] }
        let (left, right) = Self.halves(range)
        return old <= left.upperBound
            ? try await subproof(old, left, isWhole: isWhole) + [try await hash(of: right)]
            : try await subproof(old, right, isWhole: false) + [try await hash(of: left)]
    }

    /// Cut at the largest power of two below the size.
    private static func halves(_ range: Range<Int>) -> (Range<Int>, Range<Int>) {
        let size = 1 << (Int.bitWidth - 1 - (range.count - 1).leadingZeroBitCount)
        let middle = range.lowerBound + size
        return (range.lowerBound..<middle, middle..<range.upperBound)
    }
}
