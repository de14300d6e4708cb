/// What is weighed in a reply: words, their neighbours, their parts, and what the rules said.
///
/// | written | weighed |
/// |---|---|
/// | `stop` | a word as understood (slips mended), or as written where it is not known |
/// | `@TEXTS` | a class of the grammar that the word belongs to |
/// | `%CEASE`, `%NO %MSG`, `%NO _ %MSG` | the part a word plays in any language, and two of them |
/// | `%NO * %MSG` | the parts of three words in a row; `*` plays none |
/// | `~‹un`, `~xt›` | three to five letters in a row; ‹ and › are the ends of the word |
/// | `no more`, `no .. texts` | two words in a row, two at most four apart; `^` and `$` are the ends |
/// | `#3` | how many words, in steps |
/// | `r:…`, `f:…`, `a:…`, `doubted`, `objection` | the rule, its family, its answer, its doubts |
///
/// No punctuation, case or space: they change no meaning.
struct ReplyFeatures {
    /// The farthest that two words stand apart to be weighed together.
    private static let reach = 4

    private let reading: ReplyReading
    private let finding: ReplyJudge.Finding?
    private let grammar: ReplyGrammar
    /// The feature being spelt.
    private var name: [UInt32] = []
    private var row: [UInt32] = []

    init(_ reading: ReplyReading, _ finding: ReplyJudge.Finding?, grammar: ReplyGrammar) {
        self.reading = reading
        self.finding = finding
        self.grammar = grammar
        name.reserveCapacity(64)
        row.reserveCapacity(8)
    }

    /// Calls `body` with the letters of each feature; the same one may come twice.
    mutating func forEach(_ body: ([UInt32]) -> Void) {
        let count = reading.tokens.count
        for index in 0...count {
            if index < count { forEachOfWord(index, body) }
            words(index - 1, index, body)
            wordsAfter(index, body)
            parts(index - 1, index, between: Self.beside, body)
            parts(index - 2, index, between: Self.across, body)
            threeParts(to: index, body)
        }
        say("#\(Self.step(count))", body)
        forEachOfRule(body)
    }

    /// Calls `body` with the features of one word alone.
    mutating func forEachOfWord(_ index: Int, _ body: ([UInt32]) -> Void) {
        let word = Int(reading.tokens[index].word)
        name.removeAll(keepingCapacity: true)
        spell(index)
        body(name)
        for kind in grammar.kinds[word] { body(kind) }
        for part in grammar.parts[word] { body(part) }
        lettersInRow(body)
    }

    /// Three to five letters in a row of the word in ``name``.
    private mutating func lettersInRow(_ body: ([UInt32]) -> Void) {
        let last = name.count + 1
        for length in 3...5 where length <= last + 1 {
            for start in 0...(last + 1 - length) {
                row.removeAll(keepingCapacity: true)
                row.append(0x7E)
                for place in start..<(start + length) {
                    row.append(place == 0 ? 0x2039 : place == last ? 0x203A : name[place - 1])
                }
                body(row)
            }
        }
    }

    // MARK: Several words

    private static let beside: [UInt32] = [0x20]
    private static let across: [UInt32] = [0x20, 0x5F, 0x20]
    private static let within: [UInt32] = [0x20, 0x2E, 0x2E, 0x20]
    private static let start: [[UInt32]] = [[0x5E]]
    private static let end: [[UInt32]] = [[0x24]]
    private static let noPart: [[UInt32]] = [[0x2A]]

    /// Two words in a row; places before the first and after the last are the ends.
    private mutating func words(_ first: Int, _ second: Int, _ body: ([UInt32]) -> Void) {
        name.removeAll(keepingCapacity: true)
        spell(first)
        name.append(0x20)
        spell(second)
        body(name)
    }

    /// A word with each of those that follow it within ``reach``.
    private mutating func wordsAfter(_ first: Int, _ body: ([UInt32]) -> Void) {
        let last = min(first + Self.reach, reading.tokens.count - 1)
        guard first < last else { return }
        name.removeAll(keepingCapacity: true)
        spell(first)
        name.append(contentsOf: Self.within)
        let length = name.count
        for second in (first + 1)...last {
            name.removeSubrange(length...)
            spell(second)
            body(name)
        }
    }

    /// The parts that two words play.
    private mutating func parts(
        _ first: Int, _ second: Int, between mark: [UInt32], _ body: ([UInt32]) -> Void
    ) {
        guard first >= -1 else { return }
        let others = parts(played: second)
        for one in parts(played: first) {
            name.removeAll(keepingCapacity: true)
            name.append(contentsOf: one)
            name.append(contentsOf: mark)
            let length = name.count
            for other in others {
                name.removeSubrange(length...)
                name.append(contentsOf: other)
                body(name)
            }
        }
    }

    /// The parts of the word at `last` and of the two before it.
    private mutating func threeParts(to last: Int, _ body: ([UInt32]) -> Void) {
        guard last >= 1 else { return }
        let ends = partsOrNone(last)
        let middles = partsOrNone(last - 1)
        for one in partsOrNone(last - 2) {
            for middle in middles {
                name.removeAll(keepingCapacity: true)
                name.append(contentsOf: one)
                name.append(0x20)
                name.append(contentsOf: middle)
                name.append(0x20)
                let length = name.count
                for end in ends {
                    name.removeSubrange(length...)
                    name.append(contentsOf: end)
                    body(name)
                }
            }
        }
    }

    private func partsOrNone(_ index: Int) -> [[UInt32]] {
        let parts = parts(played: index)
        return parts.isEmpty ? Self.noPart : parts
    }

    /// The parts a word plays; the ends of the reply play themselves.
    private func parts(played index: Int) -> [[UInt32]] {
        guard reading.tokens.indices.contains(index) else {
            return index < 0 ? Self.start : Self.end
        }
        return grammar.parts[Int(reading.tokens[index].word)]
    }

    private mutating func spell(_ index: Int) {
        guard index >= 0 else { return name.append(0x5E) }
        guard index < reading.tokens.count else { return name.append(0x24) }
        let token = reading.tokens[index]
        if token.word > 0 {
            name.append(contentsOf: grammar.lexicon.words[Int(token.word)])
        } else {
            name.append(contentsOf: reading.letters[token.letters])
        }
    }

    private mutating func forEachOfRule(_ body: ([UInt32]) -> Void) {
        let id = finding?.rule.id ?? "none"
        let action = finding?.action ?? .none
        say("r:" + id, body)
        say("f:\(id.prefix { $0 != "." }):\(action.rawValue)", body)
        say("a:\((finding?.rule.meaning ?? .none).rawValue):\(action.rawValue)", body)
        if finding?.isDoubted == true { say("doubted", body) }
        if finding?.objection.isEmpty == false { say("objection", body) }
    }

    private mutating func say(_ text: String, _ body: ([UInt32]) -> Void) {
        name.removeAll(keepingCapacity: true)
        for scalar in text.unicodeScalars { name.append(scalar.value) }
        body(name)
    }

    private static func step(_ count: Int) -> Int {
        switch count {
        case ..<5: count
        case ..<7: 5
        case ..<10: 7
        case ..<16: 10
        default: 16
        }
    }
}
