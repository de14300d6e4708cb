/// Judges one reply, step by step, as the page *What a reply means* tells it.
struct ReplyJudge {
    /// A rule, and the words by which it was recognised.
    struct Finding {
        var rule: ReplyGrammar.Rule
        var words: String
        var action: Reply.Action
        /// Whether the message says something that speaks against a stop.
        var isDoubted = false
        /// What speaks against it, as a clause; empty if nothing does.
        var objection = ""

        /// Leaves the decision to a person, and says why.
        mutating func weaken(because objection: String) {
            action = .review
            self.objection = ", yet \(objection)"
        }

        mutating func weaken(by reason: Finding) {
            weaken(because: "“\(reason.words)” \(reason.rule.explanation)")
        }

        /// Takes the finding for nothing, as its objection says.
        mutating func dismiss() {
            rule = ReplyGrammar.Rule(
                id: "reversal.doubt", kind: .machine, meaning: .none, action: .none,
                explanation: rule.explanation, language: rule.language)
            action = .none
        }
    }

    let grammar: ReplyGrammar
    var reading: ReplyReading
    /// What a rule has found that is no stop; it holds where the stop is dismissed.
    var understood: Match?

    /// A rule that matched in a sentence, and where; most are never put in words.
    struct Match {
        /// Its number in ``ReplyGrammar/rules``.
        let rule: Int
        let range: Range<Int>
        /// Whether a word beside it turns it round.
        var isReversed = false
    }

    init(_ text: String, grammar: ReplyGrammar) {
        self.grammar = grammar
        reading = ReplyReading(text, grammar: grammar)
    }

    /// The finding that decides; nil if nothing was recognised.
    mutating func judge(lastSent: [String]) -> Finding? {
        switch read(lastSent: lastSent) {
        case .certain(let finding): finding
        case .open(let finding, let words): weigh(finding, words)
        }
    }

    /// What the rules alone say.
    enum Opinion {
        /// The whole message is of one kind: a keyword, a sign, what a telephone wrote.
        case certain(Finding)
        /// Sentences: what a rule found in them, if any, and the words, which are weighed.
        case open(Finding?, ReplyReading)
    }

    mutating func read(lastSent: [String]) -> Opinion {
        cut()
        if let reaction = takeReaction(), reading.tokens.isEmpty { return .certain(reaction) }
        if let quote = takeQuotes(lastSent), reading.tokens.isEmpty { return .certain(quote) }
        if let emoji = emojiAlone() { return .certain(emoji) }
        if let keyword = keyword() { return .certain(keyword) }
        dropIdleWords()
        let words = reading
        return .open(sentences(), words)
    }

    /// Lets all words weigh, those of the rules and those that no rule knows: ``ReplyEvidence``.
    ///
    /// A stop that a rule is certain of is shown to a person unless all else in it speaks against it. A
    /// keyword is never weighed.
    private func weigh(_ found: Finding?, _ words: ReplyReading) -> Finding? {
        let score = grammar.evidence.score(words, found)
        guard var finding = found else {
            return score < ReplyEvidence.likely
                ? nil : evidence(in: words, score < ReplyEvidence.certainAlone ? .review : .act)
        }
        // A rule that understood something else is doubted only by words that speak against it.
        guard finding.rule.meaning == .optOut else {
            return score < ReplyEvidence.contrary ? finding : evidence(in: words, .review)
        }
        let isCertain = finding.action == .act
        if score < (isCertain ? ReplyEvidence.overruled : ReplyEvidence.likely) {
            return dismissed(finding)
        }
        if isCertain {
            if score < ReplyEvidence.doubtful { finding.weaken(because: Self.elsewhere) }
        } else if score >= ReplyEvidence.certain {
            finding.action = .act
            finding.objection = ""
        }
        return finding
    }

    private static let elsewhere = "its other words speak of something else"

    /// What remains of a stop that the other words speak against. The net is wide: what slips through it
    /// was nothing.
    private func dismissed(_ finding: Finding) -> Finding? {
        if understood != nil || finding.rule.id.hasPrefix("net.") {
            return understood.map(self.finding)
        }
        var finding = finding
        if finding.objection.isEmpty { finding.weaken(because: Self.elsewhere) }
        finding.dismiss()
        return finding
    }

    /// What no rule has understood, though its words are those of people who want no texts.
    private func evidence(in reading: ReplyReading, _ action: Reply.Action) -> Finding? {
        guard !reading.tokens.isEmpty else { return nil }
        let rule = ReplyGrammar.Rule(
            id: "evidence.words", kind: .machine, meaning: .optOut, action: action,
            explanation: "are words of people who want no texts", language: "")
        let words = grammar.evidence.strongest(reading)
        return Finding(rule: rule, words: words.joined(separator: "”, “"), action: action)
    }

    // MARK: Words that are not the person's

    /// Leaves out effect suffixes and signatures.
    private mutating func cut() {
        var index = 0
        while index < reading.tokens.count {
            guard let (span, end) = cut(at: index) else {
                index += 1
                continue
            }
            var stop = end
            if span == .line {
                while stop < reading.tokens.count, reading.tokens[stop].boundary < .hard {
                    stop += 1
                }
            }
            if span == .rest { stop = reading.tokens.count }
            if stop < reading.tokens.count { reading.tokens[stop].boundary = .hard }
            reading.tokens.removeSubrange(index..<stop)
        }
    }

    /// What is to be cut from the word at `index` on, and where the pattern that says so ends.
    private func cut(at index: Int) -> (ReplyGrammar.Kind.Span, end: Int)? {
        let places = grammar.cuts.range(reading.tokens[index].word)
        guard !places.isEmpty else { return nil }
        let matcher = ReplyMatcher(reading, grammar: grammar)
        for place in places {
            let entry = grammar.cuts[place]
            if let end = matcher.match(entry, at: index), end > index,
                case .cut(let span) = grammar.rules[Int(entry.rule)].kind
            {
                return (span, end)
            }
        }
        return nil
    }

    /// `Liked “…”` and its cousins: the verb, a quotation, nothing else.
    private mutating func takeReaction() -> Finding? {
        let tokens = reading.tokens
        guard let open = tokens.firstIndex(where: \.opensQuote) else { return nil }
        let close = tokens.lastIndex(where: \.closesQuote).flatMap { $0 >= open ? $0 : nil }
        let end = (close ?? tokens.count - 1) + 1
        let frame = Array(tokens[..<open]) + Array(tokens[end...])
        let outer = frame.map { grammar.traits[Int($0.word)] }
        let isFrame = outer.prefix(open).allSatisfy { !$0.isDisjoint(with: [.reaction, .emoji]) }
        let isNamed = outer.contains { !$0.isDisjoint(with: [.reactionVerb, .emoji]) }
        guard isFrame, isNamed, open + (tokens.count - end) > 0 else { return nil }
        var stop = end
        while stop < tokens.count,
            !grammar.traits[Int(tokens[stop].word)].isDisjoint(with: [.reaction, .emoji])
        { stop += 1 }
        let said = reading.spelling(0..<max(open, 1))
        let isStop = outer.contains { !$0.isDisjoint(with: [.stopEmoji, .refusalEmoji]) }
        reading.tokens.removeSubrange(0..<stop)
        let rule = ReplyGrammar.Rule(
            id: isStop ? "reaction.refusal" : "reaction", kind: .machine,
            meaning: isStop ? .optOut : .none, action: isStop ? .review : .none,
            explanation: "is a reaction to a text, which the telephone wrote", language: "")
        return Finding(rule: rule, words: said, action: rule.action)
    }

    /// Copies of our own texts, and quotations that hold our footer.
    private mutating func takeQuotes(_ lastSent: [String]) -> Finding? {
        var isQuoted = [Bool](repeating: false, count: reading.tokens.count)
        for text in lastSent { mark(text, in: &isQuoted) }
        markFooter(in: &isQuoted)
        guard isQuoted.contains(true) else { return nil }
        reading.tokens = zip(reading.tokens, isQuoted).compactMap { $1 ? nil : $0 }
        if !reading.tokens.isEmpty { reading.tokens[0].boundary = .hard }
        let rule = ReplyGrammar.Rule(
            id: "quote.ours", kind: .machine, meaning: .none, action: .none,
            explanation: "repeats our own text", language: "")
        return Finding(rule: rule, words: "the text", action: .none)
    }

    /// Marks runs of six or more words that stand in `sent` in the same order.
    private func mark(_ sent: String, in isQuoted: inout [Bool]) {
        let ours = ReplyReading(sent, grammar: grammar)
        let theirs = reading.tokens
        var index = 0
        while index + 6 <= theirs.count {
            var longest = 0
            for start in ours.tokens.indices {
                var length = 0
                while index + length < theirs.count, start + length < ours.tokens.count,
                    reading.letters[theirs[index + length].letters].elementsEqual(
                        ours.letters[ours.tokens[start + length].letters])
                { length += 1 }
                longest = max(longest, length)
            }
            if longest >= 6 { for offset in 0..<longest { isQuoted[index + offset] = true } }
            index += max(longest >= 6 ? longest : 1, 1)
        }
    }

    /// Marks a quotation of five or more words that tells how to stop, as only we would write it.
    private func markFooter(in isQuoted: inout [Bool]) {
        let tokens = reading.tokens
        guard let open = tokens.firstIndex(where: \.opensQuote),
            let close = tokens.lastIndex(where: \.closesQuote), close - open >= 4
        else { return }
        let footers = tokens[open...close].filter {
            grammar.traits[Int($0.word)].contains(.footer)
        }
        if footers.count >= 2 { for index in open...close { isQuoted[index] = true } }
    }

    // MARK: Whole messages

    private func emojiAlone() -> Finding? {
        let traits = reading.tokens.map { grammar.traits[Int($0.word)] }
        guard traits.contains(where: { $0.contains(.emoji) }),
            traits.allSatisfy({ !$0.isDisjoint(with: [.emoji, .filler]) })
        else { return nil }
        let isStop = traits.contains { $0.contains(.stopEmoji) }
        guard isStop || traits.contains(where: { $0.contains(.refusalEmoji) }) else { return nil }
        let isPure = traits.allSatisfy { !$0.isDisjoint(with: [.stopEmoji, .refusalEmoji]) }
        let action = isStop && isPure ? Reply.Action.act : .review
        let rule = ReplyGrammar.Rule(
            id: isStop ? "emoji.stop" : "emoji.refusal", kind: .plain, meaning: .optOut,
            action: action, explanation: "is a sign for stop", language: "")
        return Finding(
            rule: rule, words: reading.spelling(0..<reading.tokens.count), action: action)
    }

    /// The whole message is a keyword, perhaps several times, among words that say nothing.
    private func keyword() -> Finding? {
        var keywords = ReplyKeywords(reading, grammar: grammar)
        return keywords.find()
    }

    // MARK: Sentences

    /// Takes out politeness and swearing, which stand anywhere and change nothing.
    private mutating func dropIdleWords() {
        var kept: [ReplyReading.Token] = []
        kept.reserveCapacity(reading.tokens.count)
        var boundary = ReplyWords.Boundary.none
        for token in reading.tokens {
            let trait = grammar.traits[Int(token.word)]
            let isOath =
                trait.contains(.oath) && token.boundary == .none
                && kept.last.map { grammar.traits[Int($0.word)].contains(.the) } ?? false
            if isOath {
                boundary = max(boundary, kept.removeLast().boundary)
            } else if trait.contains(.dropped) {
                boundary = max(boundary, token.boundary)
            } else {
                var token = token
                token.boundary = max(boundary, token.boundary)
                boundary = .none
                kept.append(token)
            }
        }
        reading.tokens = kept
    }
}
