/// Sentences: asides take their words, then rules are sought in what is left.
extension ReplyJudge {
    /// What the rules find in sentences, once asides have taken their words.
    mutating func sentences() -> Finding? {
        var matcher = ReplyMatcher(reading, grammar: grammar)
        var matches = take(matcher)
        matcher.take(reading.tokens)
        var machine: Match?
        var isReversed = false
        for index in reading.tokens.indices where !reading.tokens[index].isTaken {
            for place in grammar.entries.range(reading.tokens[index].word) {
                let entry = grammar.entries[place]
                guard let end = matcher.match(entry, at: index) else { continue }
                var match = Match(rule: Int(entry.rule), range: index..<end)
                if grammar.rules[match.rule].kind == .machine {
                    machine = match
                    continue
                }
                let reversal = reversal(of: match.rule, match.range)
                if reversal == .near { isReversed = true }
                match.isReversed = reversal != .none
                matches.append(match)
            }
        }
        understood = matches.filter { grammar.rules[$0.rule].meaning != .optOut }
            .min { rank($0) < rank($1) }
        let doubt = matches.isEmpty ? nil : doubt(matcher)
        let best = decide(matches, machine: machine, doubt: doubt)
        guard isReversed, var best, best.rule.meaning == .optOut, best.action == .review else {
            return best
        }
        best.weaken(because: Self.reversed)
        best.dismiss()
        return best
    }

    private static let reversed = "a word beside it turns it round"

    /// The first thing said that speaks against a stop, in words that asides have taken too.
    private func doubt(_ matcher: ReplyMatcher) -> Match? {
        for index in reading.tokens.indices {
            for place in grammar.doubts.range(reading.tokens[index].word) {
                let entry = grammar.doubts[place]
                if let end = matcher.match(entry, at: index, past: true) {
                    return Match(rule: Int(entry.rule), range: index..<end)
                }
            }
        }
        return nil
    }

    /// The finding that decides; what contradicts a stop leaves it to a person.
    private func decide(_ matches: [Match], machine: Match?, doubt: Match?) -> Finding? {
        guard let first = matches.min(by: { rank($0) < rank($1) }) else {
            return machine.map(finding)
        }
        var best = finding(first)
        best.isDoubted = doubt != nil
        guard best.rule.meaning == .optOut, best.action == .act else {
            if let machine { return finding(machine) }
            return best
        }
        let contrary = matches.first {
            let rule = grammar.rules[$0.rule]
            return rule.meaning == .optIn || rule.id.hasPrefix("reversal.")
        }
        if let reason = doubt ?? contrary ?? machine { best.weaken(by: finding(reason)) }
        return best
    }

    /// The match with the words it was recognised by.
    func finding(_ match: Match) -> Finding {
        let rule = grammar.rules[match.rule]
        var finding = Finding(rule: rule, words: reading.spelling(match.range), action: rule.action)
        if match.isReversed { finding.weaken(because: Self.reversed) }
        return finding
    }

    private enum Reversal { case none, far, near }

    /// Whether a word before a request turns it round (*I wouldn't dream of unsubscribing*), or,
    /// for removals, one in it or right after it (*löschen Sie mich nicht*).
    ///
    /// Right before it that is certain, but for *I can't unsubscribe*; farther off it may belong to
    /// something else, and a person decides.
    private func reversal(of number: Int, _ range: Range<Int>) -> Reversal {
        let rule = grammar.rules[number]
        guard rule.meaning == .optOut, rule.action == .act else { return .none }
        let trait = { index in grammar.traits[Int(reading.tokens[index].word)] }
        var index = range.lowerBound
        var isAbility = false
        while index > 0, range.lowerBound - index < 4, reading.tokens[index].boundary == .none {
            index -= 1
            if trait(index).contains(.joiner) { break }
            isAbility = isAbility || trait(index).contains(.ability)
            guard trait(index).contains(.reverser) else { continue }
            return isAbility || range.lowerBound - index > 3 ? .far : .near
        }
        guard rule.id == "grammar.removal" || rule.id == "grammar.unsubscribe" else { return .none }
        let after = range.upperBound
        let follows =
            after < reading.tokens.count && reading.tokens[after].boundary == .none
            && trait(after).contains(.reverser)
        return follows || range.contains { trait($0).contains(.reverser) } ? .far : .none
    }

    /// Lets asides, and what must be read before them, take their words.
    private mutating func take(_ matcher: ReplyMatcher) -> [Match] {
        var matches: [Match] = []
        take(grammar.firsts, matcher, into: &matches)
        take(grammar.asides, matcher, into: &matches)
        return matches
    }

    private mutating func take(
        _ entries: ReplyGrammar.Entries, _ matcher: ReplyMatcher, into matches: inout [Match]
    ) {
        for index in reading.tokens.indices where !reading.tokens[index].isTaken {
            for place in entries.range(reading.tokens[index].word) {
                let entry = entries[place]
                guard let end = matcher.match(entry, at: index),
                    !reading.tokens[index..<end].contains(where: \.isTaken)
                else { continue }
                for place in index..<end { reading.tokens[place].isTaken = true }
                matches.append(Match(rule: Int(entry.rule), range: index..<end))
                break
            }
        }
    }

    /// Smaller decides: a certain stop, then a likely one, before anything that would let texts go
    /// on; then certain findings before likely ones, each in the order of meanings.
    private func rank(_ match: Match) -> Int {
        let action = match.isReversed ? .review : grammar.rules[match.rule].action
        let certainty = action == .act ? 0 : action == .review ? 10 : 40
        switch grammar.rules[match.rule].meaning {
        case .optOut: return certainty
        case .wrongNumber: return certainty + 11
        case .help: return certainty + 12
        case .optIn: return certainty + 13
        case .none: return certainty + 14
        }
    }
}
