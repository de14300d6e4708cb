/// What is weighed in a reply: words, their neighbours, their parts, and what the rules said.
///
/// | written | weighed |
/// |---|---|
/// | `stop` | a word as understood (slips mended), or as written where it is not known |
/// | `@TEXTS` | a class of the grammar that the word belongs to |
/// | `%CEASE`, `%NO %MSG`, `%NO _ %MSG` | the part a word plays in any language, and two of them |
/// | `%NO * %MSG` | the parts of three words in a row; `*` plays none |
/// | `~‹un`, `~xt›` | three to five letters in a row; ‹ and › are the ends of the word |
/// | `no more`, `no more texts` | two and three words in a row; `^` and `$` are the ends |
/// | `no .. texts` | two words at most four apart |
/// | `#3` | how many words, in steps |
/// | `r:…`, `f:…`, `a:…`, `doubted`, `objection` | the rule, its family, its answer, its doubts |
///
/// No punctuation, case or space: they change no meaning. Each feature comes as its ``ReplyKey`` and
/// a closure that spells it, which only the making of weights calls.
struct ReplyFeatures {
    typealias Body = (_ key: UInt64, _ name: () -> String) -> Void

    /// The farthest that two words stand apart to be weighed together.
    private static let reach = 4

    private let reading: ReplyReading
    private let vocabulary: ReplyVocabulary
    /// The keys of the words' spellings.
    private let spellings: [UInt64]

    init(_ reading: ReplyReading, _ vocabulary: ReplyVocabulary) {
        self.reading = reading
        self.vocabulary = vocabulary
        spellings = reading.tokens.map { token in
            token.word > 0
                ? vocabulary.spellings[Int(token.word)]
                : ReplyKey.piece(reading.letters[token.letters])
        }
    }

    /// Calls `body` with each feature; the same one may come twice.
    func forEach(of finding: ReplyJudge.Finding?, _ body: Body) {
        for index in reading.tokens.indices { forEachOfWord(index, body) }
        forEachOfSeveral(body)
        Self.forEachOfRule(finding, body)
    }

    /// Calls `body` with the features of one word alone.
    func forEachOfWord(_ index: Int, _ body: Body) {
        let token = reading.tokens[index]
        let letters =
            token.word > 0 ? vocabulary.words[Int(token.word)][...] : reading.letters[token.letters]
        Self.forEach(of: letters, number: token.word, vocabulary, body)
    }

    /// Calls `body` with the features of a word of these letters.
    static func forEach(
        of letters: ArraySlice<UInt32>, number: Int32, _ vocabulary: ReplyVocabulary, _ body: Body
    ) {
        body(ReplyKey.feature(ReplyKey.piece(letters))) { ReplyWords.text(letters) }
        for kind in vocabulary.kinds[Int(number)] { body(ReplyKey.feature(kind.key)) { kind.name } }
        for part in vocabulary.parts[vocabulary.parts(of: number)] {
            body(ReplyKey.feature(part.key)) { part.name }
        }
        let framed = [0x2039] + letters + [0x203A]
        for start in framed.indices {
            var piece = ReplyKey.piece(CollectionOfOne(0x7E))
            for end in start..<min(start + 5, framed.count) {
                piece = ReplyKey.spelled(piece, framed[end])
                if end < start + 2 { continue }
                body(ReplyKey.feature(piece)) { "~" + ReplyWords.text(framed[start...end]) }
            }
        }
    }

    // MARK: Several words

    private static let first = ReplyVocabulary.Piece("^")
    private static let last = ReplyVocabulary.Piece("$")
    private static let within = ReplyVocabulary.Piece("..")
    private static let across = ReplyVocabulary.Piece("_")

    /// Calls `body` with what several words are together, and with how many there are.
    func forEachOfSeveral(_ body: Body) {
        let count = reading.tokens.count
        for index in 0...count {
            words(to: index, body)
            wordsAfter(index, body)
            parts(to: index, body)
        }
        let steps = "#\(Self.step(count))"
        body(ReplyKey.named(steps)) { steps }
    }

    /// The two and three words that end at `last`; places before the first word and after the last
    /// word are the ends.
    private func words(to last: Int, _ body: Body) {
        let two = ReplyKey.joined(ReplyKey.feature(spelling(last - 1)), spelling(last))
        body(two) { "\(name(last - 1)) \(name(last))" }
        guard last > 0 else { return }
        let start = ReplyKey.feature(spelling(last - 2))
        let three = ReplyKey.joined(ReplyKey.joined(start, spelling(last - 1)), spelling(last))
        body(three) { "\(name(last - 2)) \(name(last - 1)) \(name(last))" }
    }

    /// A word with each of those that follow it within ``reach``.
    private func wordsAfter(_ one: Int, _ body: Body) {
        let last = min(one + Self.reach, reading.tokens.count - 1)
        guard one < last else { return }
        let key = ReplyKey.joined(ReplyKey.feature(spelling(one)), Self.within.key)
        for other in (one + 1)...last {
            body(ReplyKey.joined(key, spelling(other))) { "\(name(one)) .. \(name(other))" }
        }
    }

    @inline(__always) private func spelling(_ index: Int) -> UInt64 {
        index < 0
            ? Self.first.key : index < spellings.count ? spellings[index] : Self.last.key
    }

    private func name(_ index: Int) -> String {
        guard index >= 0 else { return Self.first.name }
        guard index < reading.tokens.count else { return Self.last.name }
        let token = reading.tokens[index]
        return ReplyWords.text(
            token.word > 0 ? vocabulary.words[Int(token.word)][...] : reading.letters[token.letters]
        )
    }

    /// The part of the word at `last` with those of the two before it.
    private func parts(to last: Int, _ body: Body) {
        let (ends, middles, starts) = (parts(last), parts(last - 1), parts(last - 2))
        for end in ends {
            let end = vocabulary.parts[end]
            for middle in middles {
                let middle = vocabulary.parts[middle]
                body(ReplyKey.joined(ReplyKey.feature(middle.key), end.key)) {
                    "\(middle.name) \(end.name)"
                }
            }
            for start in last > 0 ? starts : 0..<0 {
                let start = vocabulary.parts[start]
                let key = ReplyKey.joined(ReplyKey.feature(start.key), Self.across.key)
                body(ReplyKey.joined(key, end.key)) { "\(start.name) _ \(end.name)" }
            }
        }
        if last > 0 { threeParts(some(starts), some(middles), some(ends), body) }
    }

    private func threeParts(
        _ starts: Range<Int>, _ middles: Range<Int>, _ ends: Range<Int>, _ body: Body
    ) {
        for start in vocabulary.parts[starts] {
            for middle in vocabulary.parts[middles] {
                let key = ReplyKey.joined(ReplyKey.feature(start.key), middle.key)
                for end in vocabulary.parts[ends] {
                    body(ReplyKey.joined(key, end.key)) {
                        "\(start.name) \(middle.name) \(end.name)"
                    }
                }
            }
        }
    }

    private func some(_ parts: Range<Int>) -> Range<Int> {
        parts.isEmpty ? ReplyVocabulary.none : parts
    }

    /// The parts a word plays; the ends of the reply play themselves.
    private func parts(_ index: Int) -> Range<Int> {
        guard reading.tokens.indices.contains(index) else {
            return index < 0 ? ReplyVocabulary.start : ReplyVocabulary.end
        }
        return vocabulary.parts(of: reading.tokens[index].word)
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

    // MARK: What the rules said

    static func forEachOfRule(_ finding: ReplyJudge.Finding?, _ body: Body) {
        let id = finding?.rule.id ?? "none"
        let family = id.utf8.firstIndex(of: 0x2E) ?? id.endIndex
        let action = (finding?.action ?? .none).rawValue
        say("r:", id[...], "", body)
        say("f:", id[..<family], ":" + action, body)
        say("a:", (finding?.rule.meaning ?? .none).rawValue[...], ":" + action, body)
        if finding?.isDoubted == true { say("", "doubted", "", body) }
        if finding?.objection.isEmpty == false { say("", "objection", "", body) }
    }

    private static func say(_ head: String, _ text: Substring, _ tail: String, _ body: Body) {
        var piece = ReplyKey.piece(EmptyCollection())
        for letter in head.unicodeScalars { piece = ReplyKey.spelled(piece, letter.value) }
        for letter in text.unicodeScalars { piece = ReplyKey.spelled(piece, letter.value) }
        for letter in tail.unicodeScalars { piece = ReplyKey.spelled(piece, letter.value) }
        body(ReplyKey.feature(piece)) { head + text + tail }
    }
}
