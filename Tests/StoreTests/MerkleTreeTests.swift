import Secrets
import Testing

@testable import Store

/// Vectors of Certificate Transparency's public test suite (RFC 6962, whose trees RFC 9162 keeps).
@Suite struct MerkleTreeTests {
    static let entries: [[UInt8]] = [
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ].map { [UInt8](hex: $0)! }

    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    let leaves = (0..<21).map { MerkleTree.leafHash([UInt8($0)]) }

    @Test(arguments: 0...8)
    func `roots are those of the public vectors`(size: Int) {
        let leaves = Self.entries[..<size].map(MerkleTree.leafHash)

        #expect(MerkleTree.root(leaves).hex == Self.roots[size])
    }

    @Test func `every leaf of every tree is proven, and only at its place`() {
        for size in 1...leaves.count {
            let root = MerkleTree.root(leaves[..<size])
            for index in 0..<size {
                let proof = MerkleTree.inclusionProof(of: index, in: leaves[..<size])
                func verify(_ leaf: [UInt8], _ place: Int, _ size: Int, _ proof: [[UInt8]]) -> Bool
                {
                    MerkleTree.verifyInclusion(
                        of: leaf, at: place, size: size, proof: proof, root: root)
                }

                #expect(verify(leaves[index], index, size, proof))
                #expect(!verify(MerkleTree.leafHash([255]), index, size, proof))
                #expect(!verify(leaves[index], index, size, proof + [root]))
                if size > 1 {
                    #expect(!verify(leaves[index], (index + 1) % size, size, proof))
                    #expect(!verify(leaves[index], index, size, Array(proof.dropLast())))
                }
            }
        }
    }

    @Test func `every tree is proven to begin with every smaller one`() {
        for size in 1...leaves.count {
            let root = MerkleTree.root(leaves[..<size])
            for first in 1...size {
                let start = MerkleTree.root(leaves[..<first])
                let proof = MerkleTree.consistencyProof(from: first, in: leaves[..<size])
                func verify(_ start: [UInt8], _ proof: [[UInt8]]) -> Bool {
                    MerkleTree.verifyConsistency(
                        first: start, firstSize: first, second: root, secondSize: size,
                        proof: proof)
                }

                #expect(verify(start, proof))
                #expect(!verify(MerkleTree.leafHash([254]), proof))
                #expect(!verify(start, proof + [root]))
                if !proof.isEmpty { #expect(!verify(start, Array(proof.dropLast()))) }
            }
        }
    }
}
