/// The test for messages that are nothing but a keyword.
///
/// Compared are letters without spaces, so that `opt out`, `opt-out` and `OPTOUT` are one, and
/// so are `st op` and `stop`. Slips: one letter for short words if the keys are neighbours or the
/// letters swapped, two for keywords of nine letters and more.
struct ReplyKeywords {
    private let reading: ReplyReading
    private let grammar: ReplyGrammar
    private let traits: [ReplyGrammar.Trait]
    /// Letters without spaces, emoji and apostrophes: as written, and as understood (slips mended).
    private var written = Letters()
    private var squashed = Letters()

    /// Letters of words in a row, and where those of each word end.
    private struct Letters {
        private(set) var letters: [UInt32] = []
        private var ends = [0]
        private(set) lazy var hasRun = ReplySpelling.hasRun(letters)

        mutating func append(_ word: some Sequence<UInt32>) {
            letters.append(contentsOf: word)
            ends.append(letters.count)
        }

        subscript(range: Range<Int>) -> ArraySlice<UInt32> {
            letters[ends[range.lowerBound]..<ends[range.upperBound]]
        }
    }

    init(_ reading: ReplyReading, grammar: ReplyGrammar) {
        self.reading = reading
        self.grammar = grammar
        traits = reading.tokens.map { grammar.traits[Int($0.word)] }
    }

    /// Spells the words, once for all ranges that are tried.
    private mutating func spell() {
        for (index, token) in reading.tokens.enumerated() {
            let isEmoji = traits[index].contains(.emoji)
            let letters = isEmoji ? [] : reading.letters[token.letters]
            written.append(letters.lazy.filter { $0 != 0x27 })
            // Stems and marks such as <number> are no spellings.
            let isSpelt = token.word > 5 && !grammar.lexicon.isStem(token.word)
            squashed.append(
                isSpelt && !isEmoji ? grammar.lexicon.words[Int(token.word)][...] : letters)
        }
    }

    mutating func find() -> ReplyJudge.Finding? {
        guard reading.tokens.count <= 24, !reading.tokens.isEmpty else { return nil }
        spell()
        let idle: ReplyGrammar.Trait = [.filler, .dropped, .emoji]
        let all = reading.tokens.indices
        let lower = all.first { traits[$0].isDisjoint(with: idle) } ?? all.lowerBound
        let upper =
            all.last { traits[$0].isDisjoint(with: idle.union(.tail)) }.map { $0 + 1 }
            ?? all.upperBound
        let core = lower..<max(upper, lower)
        if all.count <= 16, let rule = known(all.lowerBound..<all.upperBound) {
            return finding(rule, all.lowerBound..<all.upperBound)
        }
        // “No pares” is the reverse of “pares”.
        let isNegated =
            lower > 0 && lower < all.upperBound && traits[lower - 1].contains(.negator)
            && reading.tokens[lower].boundary == .none
        if isNegated { return nil }
        for range in [core, lower..<all.upperBound, all.lowerBound..<upper] where range.count <= 16
        {
            if let rule = known(range) { return finding(rule, range) }
        }
        return repeated(core) ?? misspelt(core)
    }

    private func finding(_ rule: Int, _ range: Range<Int>) -> ReplyJudge.Finding {
        let rule = grammar.rules[rule]
        return .init(rule: rule, words: reading.spelling(range), action: rule.action)
    }

    /// The rule of the keyword that stands in `range`, as written or with its slips mended.
    private mutating func known(_ range: Range<Int>) -> Int? {
        let letters = written[range]
        if let rule = grammar.keywords[letters] ?? grammar.keywords[squashed[range]] { return rule }
        guard written.hasRun else { return nil }
        for length in [1, 2] {
            if let calm = ReplySpelling.calmed(Array(letters), to: length),
                let rule = grammar.keywords[calm[...]]
            {
                return rule
            }
        }
        return nil
    }

    /// `STOP STOP STOP`, `STOP. END. QUIT.`
    private mutating func repeated(_ range: Range<Int>) -> ReplyJudge.Finding? {
        var first: Int?
        for index in range {
            if !traits[index].isDisjoint(with: [.filler, .dropped, .emoji, .tail]) { continue }
            guard let rule = known(index..<(index + 1)),
                grammar.rules[rule].meaning == .optOut
            else { return nil }
            first = first ?? rule
        }
        return first.map { finding($0, range) }
    }

    private func misspelt(_ range: Range<Int>) -> ReplyJudge.Finding? {
        guard range.count <= 2 else { return nil }
        let word = Array(squashed[range])
        guard 3...20 ~= word.count, !grammar.lexicon.guards.contains(word) else { return nil }
        let isKnown = { (word: Int32) in word > 0 && !grammar.lexicon.isStem(word) }
        if range.allSatisfy({ isKnown(reading.tokens[$0].word) }) { return nil }
        let letters = ReplySpelling.letterSet(word)
        for slippery in grammar.slippery {
            let keyword = slippery.keyword
            let limit = keyword.count >= 9 ? 2 : 1
            guard abs(keyword.count - word.count) <= limit,
                (slippery.letters ^ letters).nonzeroBitCount <= 2 * limit
            else { continue }
            let distance = ReplySpelling.distance(word, keyword, limit: limit)
            guard distance <= limit else { continue }
            let isKeySlip = keyword.count > 4 || ReplySpelling.isKeySlip(word, keyword)
            guard keyword.count > 3 || isKeySlip else { continue }
            var finding = finding(slippery.rule, range)
            if !isKeySlip || keyword.count <= 3 { finding.action = .review }
            return finding
        }
        return nil
    }
}

/// The rules of keywords, found by letters that need not be copied.
struct ReplyKeywordTable: Sendable {
    private let keywords: [[UInt32]]
    /// Numbers of rules, in the order of ``keywords``.
    let rules: [Int]
    /// Open addressing, a power of two, at most half full; -1 is free.
    private var slots: [Int32]
    /// Letters of the longest keyword: what is longer is none.
    private let longest: Int

    init(_ table: [[UInt32]: Int]) {
        keywords = Array(table.keys)
        rules = Array(table.values)
        longest = keywords.map(\.count).max() ?? 0
        var size = 1024
        while size < keywords.count * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for (number, keyword) in keywords.enumerated() {
            var slot = Self.slot(keyword[...], size)
            while slots[slot] >= 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Int32(number)
        }
    }

    subscript(letters: ArraySlice<UInt32>) -> Int? {
        guard letters.count <= longest else { return nil }
        var slot = Self.slot(letters, slots.count)
        while slots[slot] >= 0 {
            let number = Int(slots[slot])
            if keywords[number].elementsEqual(letters) { return rules[number] }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func slot(_ letters: ArraySlice<UInt32>, _ size: Int) -> Int {
        Int(truncatingIfNeeded: ReplyKey.feature(ReplyKey.piece(letters))) & (size - 1)
    }
}
