import Secrets

/// The Merkle tree of RFC 9162 §2.1 over the ledger's lines, by leaf hashes alone.
///
/// An odd node is promoted, not doubled; leaves and nodes are hashed with different first bytes,
/// so that neither can pass for the other. Pure: it reads no database, so that a verifier outside
/// this house can copy it.
package enum MerkleTree {
    package typealias Hash = [UInt8]

    /// SHA-256(0x00 || entry).
    package static func leafHash(_ entry: [UInt8]) -> Hash { SHA256.hash([0] + entry) }

    /// SHA-256(0x01 || left || right).
    package static func nodeHash(_ left: Hash, _ right: Hash) -> Hash {
        SHA256.hash([1] + left + right)
    }

    /// The root over all leaves; of none it is the hash of nothing.
    package static func root(_ leaves: some Collection<Hash>) -> Hash {
        var tree = MerkleAccumulator()
        for leaf in leaves { tree.append(leaf) }
        return tree.root
    }

    /// The hashes that lead from leaf `index` (from 0) to the root of all `leaves`, nearest first
    /// (§2.1.3.1).
    package static func inclusionProof(of index: Int, in leaves: ArraySlice<Hash>) -> [Hash] {
        guard leaves.count > 1 else { return [] }
        let middle = leaves.startIndex + split(leaves.count)
        if index < middle - leaves.startIndex {
            return inclusionProof(of: index, in: leaves[..<middle]) + [root(leaves[middle...])]
        }
        return inclusionProof(of: index - (middle - leaves.startIndex), in: leaves[middle...])
            + [root(leaves[..<middle])]
    }

    /// Whether `proof` shows that `leaf` stands at `index` in the tree of `size` leaves with that
    /// root (§2.1.3.2).
    package static func verifyInclusion(
        of leaf: Hash, at index: Int, size: Int, proof: [Hash], root: Hash
    ) -> Bool {
        guard index >= 0, index < size else { return false }
        var (node, last) = (index, size - 1)
        var hash = leaf
        for step in proof {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                hash = nodeHash(step, hash)
                while node & 1 == 0, node > 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                hash = nodeHash(hash, step)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        return last == 0 && constantTimeEquals(hash, root)
    }

    /// The hashes that show that the tree of the first `size` leaves is a beginning of all
    /// (§2.1.4.1).
    package static func consistencyProof(from size: Int, in leaves: ArraySlice<Hash>) -> [Hash] {
        guard size > 0, size < leaves.count else { return [] }
        return subproof(size, leaves, isWhole: true)
    }

    private static func subproof(
        _ size: Int, _ leaves: ArraySlice<Hash>, isWhole: Bool
    ) -> [Hash] {
        if size == leaves.count { return isWhole ? [] : [root(leaves)] }
        let middle = split(leaves.count)
        let cut = leaves.startIndex + middle
        if size <= middle {
            return subproof(size, leaves[..<cut], isWhole: isWhole) + [root(leaves[cut...])]
        }
        return subproof(size - middle, leaves[cut...], isWhole: false) + [root(leaves[..<cut])]
    }

    /// Whether the tree with root `second` and `secondSize` leaves begins with the one of `first`
    /// (§2.1.4.2).
    package static func verifyConsistency(
        first: Hash, firstSize: Int, second: Hash, secondSize: Int, proof: [Hash]
    ) -> Bool {
        guard firstSize > 0, firstSize <= secondSize else { return firstSize == 0 && proof.isEmpty }
        if firstSize == secondSize { return proof.isEmpty && constantTimeEquals(first, second) }
        // A first tree that is a power of two is itself the first node.
        var path = (firstSize & (firstSize - 1) == 0 ? [first] : []) + proof
        guard !path.isEmpty else { return false }
        var (node, last) = (firstSize - 1, secondSize - 1)
        while node & 1 == 1 { (node, last) = (node >> 1, last >> 1) }
        let start = path.removeFirst()
        var (old, new) = (start, start)
        for step in path {
            guard last > 0 else { return false }
            if node & 1 == 1 || node == last {
                (old, new) = (nodeHash(step, old), nodeHash(step, new))
                while node & 1 == 0, node > 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                new = nodeHash(new, step)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        return last == 0 && constantTimeEquals(old, first) && constantTimeEquals(new, second)
    }

    /// The largest power of two below `count`.
    private static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }
}

/// The root of a growing tree in memory that grows with its logarithm.
package struct MerkleAccumulator: Sendable {
    /// Roots of the complete subtrees, largest first, with their heights.
    private var peaks: [(height: Int, hash: MerkleTree.Hash)] = []
    package private(set) var size = 0

    package init() {}

    package mutating func append(_ leaf: MerkleTree.Hash) {
        size += 1
        var (height, hash) = (0, leaf)
        while let peak = peaks.last, peak.height == height {
            peaks.removeLast()
            hash = MerkleTree.nodeHash(peak.hash, hash)
            height += 1
        }
        peaks.append((height, hash))
    }

    package var root: MerkleTree.Hash {
        guard var hash = peaks.last?.hash else { return SHA256.hash([]) }
        for peak in peaks.dropLast().reversed() { hash = MerkleTree.nodeHash(peak.hash, hash) }
        return hash
    }
}
