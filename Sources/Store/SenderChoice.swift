import Foundation

/// From which number of a pool a person is texted: the same one each time, each number in proportion
/// to its rate, and as few people as possible moved when a number comes or goes.
///
/// Weighted rendezvous hashing: everybody scores every number, the best score wins. With score
/// −w / ln(u) a number wins w / Σw of the people. Among numbers of equal weight the greatest u wins,
/// so only the winner of each weight needs a logarithm. Source: Schindelhauer and Schomaker, *Weighted
/// distributed hash tables*, SPAA 2005.
package struct SenderChoice: Sendable {
    private let groups: [(weight: Double, members: [(seed: UInt64, sender: UUID)])]

    /// - Parameter senders: ids with their weights, which are more than 0.
    package init(_ senders: [(id: UUID, weight: Double)]) {
        let byWeight = Dictionary(grouping: senders, by: \.weight)
        groups = byWeight.sorted { $0.key < $1.key }.map { weight, members in
            (
                weight,
                members.map { (seed: Self.mixed($0.id), sender: $0.id) }.sorted {
                    $0.seed < $1.seed
                }
            )
        }
    }

    /// The number for a person; `nil` if there is none at all.
    package func sender(for contact: UUID) -> UUID? {
        let person = Self.mixed(contact)
        var best: (score: Double, sender: UUID)?
        for group in groups {
            var top: (hash: UInt64, sender: UUID)?
            for member in group.members {
                let hash = Self.finished(member.seed ^ person)
                if hash >= top?.hash ?? 0 { top = (hash, member.sender) }
            }
            guard let top else { continue }
            // 53 bits, strictly between 0 and 1.
            let unit = (Double(top.hash >> 11) + 0.5) / 9_007_199_254_740_992
            let score = -group.weight / log(unit)
            if score > best?.score ?? -1 { best = (score, top.sender) }
        }
        return best?.sender
    }

    private static func mixed(_ id: UUID) -> UInt64 {
        let (high, low) = withUnsafeBytes(of: id.uuid) {
            (
                $0.loadUnaligned(as: UInt64.self),
                $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            )
        }
        return finished(high ^ finished(low))
    }

    /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of input moves every bit out.
    private static func finished(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
