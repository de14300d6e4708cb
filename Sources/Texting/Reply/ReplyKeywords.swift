/// The test for messages that are nothing but a keyword.
///
/// Compared are letters without spaces, so that `opt out`, `opt-out` and `OPTOUT` are one, and
/// so are `st op` and `stop`. Slips: one letter for short words if the keys are neighbours or the
/// letters swapped, two for keywords of nine letters and more.
struct ReplyKeywords {
    private let reading: ReplyReading
    private let grammar: ReplyGrammar
    private let traits: [ReplyGrammar.Trait]

    init(_ reading: ReplyReading, grammar: ReplyGrammar) {
        self.reading = reading
        self.grammar = grammar
        traits = reading.tokens.map { grammar.traits[Int($0.word)] }
    }

    func find() -> ReplyJudge.Finding? {
        guard reading.tokens.count <= 24, !reading.tokens.isEmpty else { return nil }
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
        return .init(rule: rule, words: spelling(range), action: rule.action)
    }

    /// The rule of the keyword that stands in `range`, as written or with its slips mended.
    private func known(_ range: Range<Int>) -> Int? {
        var written: [UInt32] = []
        for index in range where !traits[index].contains(.emoji) {
            written += reading.letters[reading.tokens[index].letters].filter { $0 != 0x27 }
        }
        if let rule = grammar.keywords[written] ?? grammar.keywords[squashed(range)] { return rule }
        for length in [1, 2] {
            if let calm = ReplySpelling.calmed(written, to: length),
                let rule = grammar.keywords[calm]
            {
                return rule
            }
        }
        return nil
    }

    private func spelling(_ range: Range<Int>) -> String {
        reading.tokens[range].map { ReplyWords.text(reading.letters[$0.letters]) }
            .joined(separator: " ")
    }

    /// Letters of the words as understood (slips mended), as written where they are not known.
    private func squashed(_ range: Range<Int>) -> [UInt32] {
        var output: [UInt32] = []
        for index in range where !traits[index].contains(.emoji) {
            let token = reading.tokens[index]
            let isKind = 1...5 ~= token.word
            output +=
                token.word == 0 || isKind || grammar.lexicon.isStem(token.word)
                ? Array(reading.letters[token.letters]) : grammar.lexicon.words[Int(token.word)]
        }
        return output
    }

    /// `STOP STOP STOP`, `STOP. END. QUIT.`
    private func repeated(_ range: Range<Int>) -> ReplyJudge.Finding? {
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
        let word = squashed(range)
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
