/// How much the words of a reply speak for a stop.
///
/// A logistic regression over ``ReplyFeatures``, made by `ReplyEvidenceTests` from the labelled
/// replies of the fixtures. What the rules say is one of its features, so that it learns how far to
/// trust each. Source of the idea: dismissals are an open class, which one can score but not list.
struct ReplyEvidence: Sendable {
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
    private let weights: [Int]

    /// Natural logarithm of the odds that the reply asks us to stop; each feature counts once.
    func score(
        _ reading: ReplyReading, _ finding: ReplyJudge.Finding?, grammar: ReplyGrammar
    ) -> Float {
        var sum = bias
        var seen = [UInt64](repeating: 0, count: keys.count / 64 + 1)
        var features = ReplyFeatures(reading, finding, grammar: grammar)
        features.forEach { name in
            guard let slot = slot(name) else { return }
            let bit = UInt64(1) << UInt64(slot & 63)
            if seen[slot >> 6] & bit == 0 {
                seen[slot >> 6] |= bit
                sum += weights[slot]
            }
        }
        return Float(sum) / 100
    }

    /// The words that speak most for a stop, at most three, in their order.
    func strongest(_ reading: ReplyReading, grammar: ReplyGrammar) -> [String] {
        var features = ReplyFeatures(reading, nil, grammar: grammar)
        let weighed = reading.tokens.indices.map { index -> Int in
            var sum = 0
            features.forEachOfWord(index) { name in sum += slot(name).map { weights[$0] } ?? 0 }
            return sum
        }
        let order = weighed.indices.filter { weighed[$0] > 0 }.sorted { weighed[$0] > weighed[$1] }
        return order.prefix(3).sorted().map {
            ReplyWords.text(reading.letters[reading.tokens[$0].letters])
        }
    }

    private func slot(_ name: [UInt32]) -> Int? {
        let key = Self.key(name)
        var slot = Int(truncatingIfNeeded: key) & (keys.count - 1)
        while keys[slot] != key {
            if keys[slot] == 0 { return nil }
            slot = (slot + 1) & (keys.count - 1)
        }
        return slot
    }

    /// FNV-1a over the letters, never 0.
    private static func key(_ name: [UInt32]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for letter in name { hash = (hash ^ UInt64(letter)) &* 0x100_0000_01B3 }
        hash ^= hash >> 31
        return hash == 0 ? 1 : hash
    }

    /// Reads a table of lines `feature`, tab, weight in hundredths; `<bias>` is the first.
    ///
    /// - Throws: ``ReplyTableError`` for a line that is not so.
    init(table: [UInt8]) throws {
        let lines = table.split(separator: 0x0A)
        var size = 1024
        while size < lines.count * 2 { size *= 2 }
        var keys = [UInt64](repeating: 0, count: size)
        var weights = [Int](repeating: 0, count: size)
        var bias = 0
        for line in lines where line.first != 0x23 || line.dropFirst().first != 0x20 {
            guard let tab = line.firstIndex(of: 0x09),
                let hundredths = Self.integer(line[(tab + 1)...])
            else {
                let text = String(decoding: line, as: UTF8.self)
                throw ReplyTableError(line: text, problem: "no feature and weight")
            }
            let name = String(decoding: line[..<tab], as: UTF8.self).unicodeScalars.map(\.value)
            if name == ReplyLexicon.biasMark {
                bias = hundredths
                continue
            }
            let key = Self.key(name)
            var slot = Int(truncatingIfNeeded: key) & (size - 1)
            while keys[slot] != 0 { slot = (slot + 1) & (size - 1) }
            keys[slot] = key
            weights[slot] = hundredths
        }
        self.keys = keys
        self.weights = weights
        self.bias = bias
    }

    private static func integer(_ digits: ArraySlice<UInt8>) -> Int? {
        let isNegative = digits.first == 0x2D
        var value = 0
        for digit in isNegative ? digits.dropFirst() : digits {
            guard 0x30...0x39 ~= digit else { return nil }
            value = value * 10 + Int(digit) - 0x30
        }
        return isNegative ? -value : value
    }
}
