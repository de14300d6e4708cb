/// What is weighed in a reply: words, their neighbours, their parts, and what the rules said.
///
/// | written | weighed |
/// |---|---|
/// | `stop` | a word as understood (slips mended), or as written where it is not known |
/// | `@TEXTS` | a class of the grammar that the word belongs to |
/// | `%CEASE`, `%NO %MSG`, `%NO _ %MSG` | the part a word plays in any language, and two of them |
/// | `unsu*` | the first four letters of a word without a class |
/// | `~‹un`, `~xt›` | three to five letters in a row; ‹ and › are the ends of the word |
/// | `no more`, `no _ texts` | two words in a row, two with one between; `^` and `$` are the ends |
/// | `#3` | how many words, in steps |
/// | `r:…`, `f:…`, `a:…`, `doubted`, `objection` | the rule, its family, its answer, its doubts |
///
/// No punctuation, case or space: they change no meaning.
struct ReplyFeatures {
    private let reading: ReplyReading
    private let finding: ReplyJudge.Finding?
    private let grammar: ReplyGrammar
    /// The feature being spelt.
    private var name: [UInt32] = []

    init(_ reading: ReplyReading, _ finding: ReplyJudge.Finding?, grammar: ReplyGrammar) {
        self.reading = reading
        self.finding = finding
        self.grammar = grammar
        name.reserveCapacity(64)
    }

    /// Calls `body` with the letters of each feature; the same one may come twice.
    mutating func forEach(_ body: ([UInt32]) -> Void) {
        for index in reading.tokens.indices {
            forEachOfWord(index, body)
            pair(index - 1, index, apart: false, body)
            pair(index - 2, index, apart: true, body)
        }
        let count = reading.tokens.count
        pair(count - 1, count, apart: false, body)
        pair(count - 2, count, apart: true, body)
        say("#\(Self.step(count))", body)
        forEachOfRule(body)
    }

    /// Calls `body` with the features of one word alone.
    mutating func forEachOfWord(_ index: Int, _ body: ([UInt32]) -> Void) {
        let word = reading.tokens[index].word
        name.removeAll(keepingCapacity: true)
        spell(index)
        body(name)
        let kinds = grammar.kinds[Int(word)]
        for kind in kinds { body(kind) }
        for part in grammar.parts[Int(word)] { body(part) }
        lettersInRow(body)
        if kinds.isEmpty, name.count > 4 {
            name.removeSubrange(4...)
            name.append(0x2A)
            body(name)
        }
    }

    /// Three to five letters in a row of the word in ``name``.
    private func lettersInRow(_ body: ([UInt32]) -> Void) {
        var part: [UInt32] = []
        part.reserveCapacity(8)
        let last = name.count + 1
        for length in 3...5 where length <= last + 1 {
            for start in 0...(last + 1 - length) {
                part.removeAll(keepingCapacity: true)
                part.append(0x7E)
                for place in start..<(start + length) {
                    part.append(place == 0 ? 0x2039 : place == last ? 0x203A : name[place - 1])
                }
                body(part)
            }
        }
    }

    /// Two words; places before the first and after the last are the ends.
    private mutating func pair(
        _ first: Int, _ second: Int, apart: Bool, _ body: ([UInt32]) -> Void
    ) {
        guard first >= -1 else { return }
        name.removeAll(keepingCapacity: true)
        spell(first)
        join(apart)
        spell(second)
        body(name)
        for one in parts(played: first) {
            for other in parts(played: second) {
                name.removeAll(keepingCapacity: true)
                name.append(contentsOf: one)
                join(apart)
                name.append(contentsOf: other)
                body(name)
            }
        }
    }

    private mutating func join(_ apart: Bool) {
        name.append(0x20)
        if apart {
            name.append(0x5F)
            name.append(0x20)
        }
    }

    /// The parts a word plays; the ends of the reply play themselves.
    private func parts(played index: Int) -> [[UInt32]] {
        guard reading.tokens.indices.contains(index) else { return index < 0 ? [[0x5E]] : [[0x24]] }
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
