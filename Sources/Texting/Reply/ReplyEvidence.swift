/// How much the words of a reply speak for a stop.
///
/// A logistic regression over ``ReplyFeatures``, made by `ReplyEvidenceTests` from the labelled
/// replies of the fixtures. What the rules say is one of its features, so that it learns how far to
/// trust each. Source of the idea: dismissals are an open class, which one can score but not list.
final class ReplyEvidence: Sendable {
    /// From here on a stop that a rule thinks likely is certain: seven to one.
    static let certain: Float = 2
    /// From here on a person is asked: two to three. Words alone, without a rule, never do more.
    static let likely: Float = -0.4
    /// From here on a person is asked although a rule has understood something else.
    static let contrary: Float = 1
    /// Below this a stop that a rule is certain of is shown to a person.
    static let doubtful: Float = 1

    /// Natural logarithm of the odds of a reply without features, in hundredths like all weights: whole
    /// numbers add up to the same sum in any order.
    private let bias: Int
    /// Open addressing, a power of two, at most half full; a key of 0 is free.
    private let keys: [UInt64]
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
            features.forEachOfWord(index) { key, _ in sum += slot(key).map { Int(weights[$0]) } ?? 0
            }
            return sum
        }
        let order = weighed.indices.filter { weighed[$0] > 0 }.sorted { weighed[$0] > weighed[$1] }
        return order.prefix(3).sorted().map {
            ReplyWords.text(reading.letters[reading.tokens[$0].letters])
        }
    }

    @inline(__always) private func range(_ word: Int32) -> Range<Int> {
        Int(ends[Int(word) - 1])..<Int(ends[Int(word)])
    }

    @inline(__always) private func slot(_ key: UInt64) -> Int? { Self.slot(key, keys) }

    @inline(__always) private static func slot(_ key: UInt64, _ keys: [UInt64]) -> Int? {
        var slot = Int(truncatingIfNeeded: key) & (keys.count - 1)
        while keys[slot] != key {
            if keys[slot] == 0 { return nil }
            slot = (slot + 1) & (keys.count - 1)
        }
        return slot
    }

    /// Reads a table of lines `feature`, tab, weight in hundredths; `<bias>` is the first.
    ///
    /// - Throws: ``ReplyTableError`` for a line that is not so.
    init(table: [UInt8], vocabulary: ReplyVocabulary) throws {
        let lines = table.split(separator: 0x0A)
        var size = 1024
        while size < lines.count * 2 { size *= 2 }
        var keys = [UInt64](repeating: 0, count: size)
        var weights = [Int16](repeating: 0, count: size)
        var bias = 0
        for line in lines where line.first != 0x23 || line.dropFirst().first != 0x20 {
            guard let tab = line.firstIndex(of: 0x09),
                let hundredths = Self.integer(line[(tab + 1)...])
            else {
                let text = String(decoding: line, as: UTF8.self)
                throw ReplyTableError(line: text, problem: "no feature and weight")
            }
            let name = String(decoding: line[..<tab], as: UTF8.self)
            if name == "<bias>" {
                bias = Int(hundredths)
                continue
            }
            let key = ReplyKey.named(name)
            var slot = Int(truncatingIfNeeded: key) & (size - 1)
            while keys[slot] != 0 { slot = (slot + 1) & (size - 1) }
            keys[slot] = key
            weights[slot] = hundredths
        }
        self.keys = keys
        self.weights = weights
        self.bias = bias
        self.vocabulary = vocabulary
        var own: [Int32] = []
        ends = vocabulary.words.indices.map { number in
            let letters = vocabulary.words[number][...]
            ReplyFeatures.forEach(of: letters, number: Int32(number), vocabulary) { key, _ in
                if let slot = Self.slot(key, keys) { own.append(Int32(slot)) }
            }
            return Int32(own.count)
        }
        self.own = own
    }

    private static func integer(_ digits: ArraySlice<UInt8>) -> Int16? {
        Int16(String(decoding: digits, as: UTF8.self))
    }
}
