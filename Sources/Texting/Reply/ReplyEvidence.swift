/// How much the words of a reply speak for a stop.
///
/// A logistic regression over ``ReplyFeatures``, made by `ReplyEvidenceTests` from the labelled
/// replies of the fixtures. What the rules say is one of its features, so that it learns how far to
/// trust each. Source of the idea: dismissals are an open class, which one can score but not list.
final class ReplyEvidence: Sendable {
    /// From here on a stop that a rule thinks likely is certain: twenty-six to one.
    static let certain: Float = 3.26
    /// From here on words are a certain stop though no rule knows them: twenty-eight to one.
    static let certainAlone: Float = 3.34
    /// From here on a person is asked: five to eight.
    static let likely: Float = -0.48
    /// From here on a person is asked although a rule has understood something else: nine to two.
    static let contrary: Float = 1.5
    /// Below this a stop that a rule is certain of is shown to a person: twenty-three to two.
    static let doubtful: Float = 2.44
    /// Below this it is taken for none: three to twenty.
    static let overruled: Float = -1.9

    /// Natural logarithm of the odds of a reply without features, in hundredths like all weights: whole
    /// numbers add up to the same sum in any order.
    private let bias: Int
    /// Open addressing, a power of two, at most half full; a weight of 0 is free.
    private let keys: [UInt32]
    private let weights: [Int16]
    private let vocabulary: ReplyVocabulary
    /// The slots of what each known word weighs alone, word after word: most of what is weighed.
    private let own: [Int32]
    /// Where those of each word end in ``own``.
    private let ends: [Int32]

    /// Natural logarithm of the odds that the reply asks us to stop; each feature counts once.
    func score(_ reading: ReplyReading, _ finding: ReplyJudge.Finding?) -> Float {
        let features = ReplyFeatures(reading, vocabulary)
        let sum = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: keys.count / 64) {
            seen -> Int in
            seen.initialize(repeating: 0)
            var sum = bias
            func add(_ slot: Int) {
                let bit = UInt64(1) << UInt64(slot & 63)
                if seen[slot >> 6] & bit == 0 {
                    seen[slot >> 6] |= bit
                    sum += Int(weights[slot])
                }
            }
            for (index, token) in reading.tokens.enumerated() {
                if token.word > 0 {
                    for slot in own[range(token.word)] { add(Int(slot)) }
                } else {
                    features.forEachOfWord(index) { key, _ in if let slot = slot(key) { add(slot) }
                    }
                }
            }
            features.forEachOfSeveral { key, _ in if let slot = slot(key) { add(slot) } }
            ReplyFeatures.forEachOfRule(finding) { key, _ in if let slot = slot(key) { add(slot) } }
            return sum
        }
        return Float(sum) / 100
    }

    /// The words that speak most for a stop, at most three, in their order.
    func strongest(_ reading: ReplyReading) -> [String] {
        let features = ReplyFeatures(reading, vocabulary)
        let weighed = reading.tokens.indices.map { index -> Int in
            var sum = 0
            features.forEachOfWord(index) { key, _ in sum += weight(key) }
            return sum
        }
        let order = weighed.indices.filter { weighed[$0] > 0 }.sorted { weighed[$0] > weighed[$1] }
        return order.prefix(3).sorted().map { reading.spelling($0..<($0 + 1)) }
    }

    @inline(__always) private func range(_ word: Int32) -> Range<Int> {
        Int(ends[Int(word) - 1])..<Int(ends[Int(word)])
    }

    /// In hundredths; 0 for a feature without a weight.
    func weight(_ key: UInt64) -> Int { slot(key).map { Int(weights[$0]) } ?? 0 }

    @inline(__always) private func slot(_ key: UInt64) -> Int? { Self.slot(key, keys, weights) }

    @inline(__always) private static func slot(
        _ key: UInt64, _ keys: [UInt32], _ weights: [Int16]
    ) -> Int? {
        let key = ReplyKey.short(key)
        var slot = Int(key) & (keys.count - 1)
        while weights[slot] != 0 {
            if keys[slot] == key { return slot }
            slot = (slot + 1) & (keys.count - 1)
        }
        return nil
    }

    /// - Throws: ``ReplyTableError`` for bytes that are no ``ReplyEvidenceTable``.
    init(table bytes: [UInt8], vocabulary: ReplyVocabulary) throws {
        let table = try ReplyEvidenceTable(bytes)
        let (keys, weights) = table.spread()
        self.keys = keys
        self.weights = weights
        bias = Int(table.bias)
        self.vocabulary = vocabulary
        var own: [Int32] = []
        ends = vocabulary.words.indices.map { number in
            let letters = vocabulary.words[number][...]
            ReplyFeatures.forEach(of: letters, number: Int32(number), vocabulary) { key, _ in
                if let slot = Self.slot(key, keys, weights) { own.append(Int32(slot)) }
            }
            return Int32(own.count)
        }
        self.own = own
    }
}
