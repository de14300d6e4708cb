/// A reply as numbered words, ready for the patterns.
struct ReplyReading {
    struct Token {
        var word: Int32
        var boundary: ReplyWords.Boundary
        var opensQuote: Bool
        var closesQuote: Bool
        /// Range of letters, for explanations and keyword spellings.
        var letters: Range<Int>
        /// Taken by an aside or an earlier rule.
        var isTaken = false
    }

    private let grammar: ReplyGrammar
    private(set) var letters: [UInt32]
    /// The words as they were written, before any were joined or cut.
    private let written: [ReplyWords.Word]
    var tokens: [Token] = []

    init(_ text: String, grammar: ReplyGrammar) {
        self.grammar = grammar
        var folded: [UInt32] = []
        folded.reserveCapacity(text.utf8.count + 8)
        ReplyFolding.fold(text, into: &folded)
        let scanned = ReplyWords(folded: Self.withoutQuotedLines(folded))
        letters = scanned.letters
        written = scanned.words
        tokens.reserveCapacity(scanned.words.count + 4)
        for word in scanned.words { append(word) }
        joinSingleLetters()
        joinPhoneNumbers()
        joinLoneWords()
        mergePhrases()
    }

    /// Tokens as they were written, words apart, ideographs together.
    func spelling(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        for token in tokens[range] {
            for place in token.letters {
                let isStart = place == token.letters.lowerBound || isStart(place)
                if isStart, !text.isEmpty, ReplyFolding.kind(letters[place]) != .ideograph {
                    text.append(" ")
                }
                if let scalar = Unicode.Scalar(letters[place]) { text.append(scalar) }
            }
        }
        return String(text)
    }

    /// Whether a written word begins at this letter.
    private func isStart(_ place: Int) -> Bool {
        var (low, high) = (0, written.count)
        while low < high {
            let middle = (low + high) / 2
            if written[middle].start < place { low = middle + 1 } else { high = middle }
        }
        return low < written.count && written[low].start == place
    }

    // MARK: Known words

    private mutating func append(_ word: ReplyWords.Word) {
        let range = word.start..<word.end
        let number = letters[range].withUnsafeBufferPointer { grammar.lexicon.find($0) }
        guard number == 0 else { return append(number, word) }
        let spelling = Array(letters[range])
        let parts = Self.split(spelling)
        guard parts.count == 1 else {
            let numbers = parts.map { grammar.lexicon.find($0) }
            return append(numbers, lengths: parts.map(\.count), word)
        }
        let numbers = guess(parts[0])
        let lengths = numbers.map { grammar.lexicon.words[Int($0)].count }
        append(numbers, lengths: numbers.count == 1 ? [range.count] : lengths, word)
    }

    /// Appends the parts of one written word; an apostrophe between them belongs to none.
    private mutating func append(_ numbers: [Int32], lengths: [Int], _ word: ReplyWords.Word) {
        var part = word
        for (index, number) in numbers.enumerated() {
            let isLast = index == numbers.count - 1
            part.start = isLast ? max(word.end - lengths[index], word.start) : part.start
            part.end = isLast ? word.end : min(part.start + lengths[index], word.end)
            append(number, part)
            part.start = part.end
            part.boundary = .none
            part.opensQuote = false
        }
    }

    private mutating func append(_ number: Int32, _ word: ReplyWords.Word) {
        tokens.append(
            Token(
                word: number, boundary: word.boundary, opensQuote: word.opensQuote,
                closesQuote: word.closesQuote, letters: word.start..<word.end))
    }

    /// Separates elisions (`m'envoyer`, `dell'elenco`); drops other apostrophes (`don't`).
    static func split(_ word: [UInt32]) -> [[UInt32]] {
        guard let mark = word.firstIndex(of: 0x27) else { return [word] }
        let head = Array(word[..<mark])
        let tail = Array(word[(mark + 1)...])
        if elisions.contains(head), tail.count > 1, !tail.contains(0x27) {
            return [head + [0x27], tail]
        }
        // The Welsh article leans on the word before it: stopio'r.
        if tail == article, head.count > 2 { return [head, article] }
        // he'll, we're and she'd without their mark are other words.
        if contracted.contains(head), auxiliaries.contains(tail) { return [head] }
        if tail == possessive, !copulas.contains(head) { return [head, possessive] }
        return [word.filter { $0 != 0x27 }]
    }

    private static func spellings(_ text: String) -> Set<[UInt32]> {
        Set(text.split(separator: " ").map { $0.unicodeScalars.map(\.value) })
    }
    private static let elisions = spellings("l d j m n s t c qu dell all nell un sull dall")
    private static let possessive: [UInt32] = [0x73]
    private static let article: [UInt32] = [0x72]
    private static let copulas = spellings("who what that it there let how where here he she")
    private static let contracted = spellings("he she we")
    private static let auxiliaries = spellings("ll re d")

    /// What an unknown spelling most likely stands for; `[0]` if nothing.
    private func guess(_ word: [UInt32]) -> [Int32] {
        let known = grammar.lexicon.find(word)
        if known > 0 { return [known] }
        if word.count == 1, ReplyFolding.kind(word[0]) == .emoji { return [ReplyLexicon.emoji] }
        if word.allSatisfy({ ReplyFolding.kind($0) == .digit }) {
            return [word.count >= 7 ? ReplyLexicon.phone : ReplyLexicon.number]
        }
        let plain = word.filter { !ReplySpelling.isMask($0) }
        if plain.count < word.count {
            let unmasked = grammar.lexicon.unmasked(word)
            if unmasked > 0 { return [unmasked] }
        }
        if let exact = respelled(word) { return [exact] }
        let bare = plain.count < word.count ? grammar.lexicon.find(plain) : 0
        if bare > 0 { return [bare] }
        guard word.count >= 5, word.count <= 40 else { return [grammar.lexicon.stem(of: word)] }
        let slip = word.count <= 20 ? grammar.lexicon.slip(word) : 0
        if slip > 0 { return [slip] }
        let stem = grammar.lexicon.stem(of: word)
        if stem > 0 { return [stem] }
        return word.count >= 6 ? grammar.lexicon.cut(word) ?? [0] : [0]
    }

    /// Stretched letters, digits for letters, letters of another alphabet that look Latin.
    private func respelled(_ word: [UInt32]) -> Int32? {
        for length in [1, 2] {
            if let calm = ReplySpelling.calmed(word, to: length) {
                let number = grammar.lexicon.find(calm)
                if number > 0 { return number }
            }
        }
        if word.contains(where: { $0 < 0x3A || $0 == 0x40 }), word.contains(where: { $0 >= 0x61 }) {
            for one: UInt32 in [0x69, 0x6C] {
                let number = grammar.lexicon.find(ReplySpelling.lettered(word, one: one))
                if number > 0 { return number }
            }
        }
        if let latin = ReplySpelling.latinised(word) {
            let number = grammar.lexicon.find(latin)
            if number > 0 { return number }
        }
        return nil
    }

    // MARK: Words that belong together

    /// `S T O P` and `S.T.O.P.` are one word, where that word is known.
    private mutating func joinSingleLetters() {
        var start = 0
        while start < tokens.count {
            var end = start
            while end < tokens.count, tokens[end].letters.count == 1,
                0x61...0x7A ~= letters[tokens[end].letters.lowerBound]
            { end += 1 }
            if end - start >= 3 {
                let word = tokens[start..<end].map { letters[$0.letters.lowerBound] }
                let number = grammar.lexicon.find(word)
                if number > 0 {
                    tokens[start].word = number
                    tokens[start].letters =
                        tokens[start].letters.lowerBound..<tokens[end - 1].letters.upperBound
                    tokens.removeSubrange((start + 1)..<end)
                    end = start + 1
                }
            }
            start = max(end, start + 1)
        }
    }

    /// `555 010 4477` is one telephone number.
    private mutating func joinPhoneNumbers() {
        var start = 0
        while start < tokens.count {
            var end = start
            var digits = 0
            while end < tokens.count,
                tokens[end].word == ReplyLexicon.number || tokens[end].word == ReplyLexicon.phone,
                end == start || tokens[end].boundary < .hard
            {
                digits += tokens[end].letters.count
                end += 1
            }
            if end - start > 1, digits >= 7 {
                tokens[start].word = ReplyLexicon.phone
                tokens.removeSubrange((start + 1)..<end)
                end = start + 1
            }
            start = max(end, start + 1)
        }
    }

    /// `Stop. The. Cuts.` is one sentence: three and more sentences of one word each.
    private mutating func joinLoneWords() {
        var start = 0
        while start < tokens.count {
            var end = start
            while end < tokens.count, tokens[end].boundary == .hard,
                end + 1 == tokens.count || tokens[end + 1].boundary == .hard
            { end += 1 }
            if end - start >= 3 {
                for index in (start + 1)..<end { tokens[index].boundary = .none }
            }
            start = max(end, start + 1)
        }
    }

    /// `do not` is *dont*, `thank you` is *thanks*: the tables say which.
    private mutating func mergePhrases() {
        var index = 0
        while index < tokens.count {
            let merge = grammar.merges[tokens[index].word]?.first { phrase, _ in
                index + phrase.count <= tokens.count
                    && phrase.indices.allSatisfy { place in
                        tokens[index + place].word == phrase[place]
                            && (place == 0 || tokens[index + place].boundary < .soft)
                    }
            }
            if let merge {
                let last = index + merge.phrase.count - 1
                tokens[index].word = merge.word
                tokens[index].closesQuote = tokens[last].closesQuote
                tokens[index].letters =
                    tokens[index].letters.lowerBound..<tokens[last].letters.upperBound
                tokens.removeSubrange((index + 1)..<(last + 1))
            }
            index += 1
        }
    }

    // MARK: Lines that are not the person's

    /// Without lines quoted as in mail, and without what follows a `--` line.
    ///
    /// A lone `>stop` quotes nothing; a text of one such line of few letters is a slip of the key.
    private static func withoutQuotedLines(_ folded: [UInt32]) -> ArraySlice<UInt32> {
        let bare = folded.drop { $0 == 0x20 || $0 == 0x0A }
        guard bare.contains(0x0A) || bare.first == 0x3E else { return folded[...] }
        if bare.first == 0x3E, bare.count <= 16 { return bare.dropFirst() }
        var output: [UInt32] = []
        for line in folded.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let text = line.drop { $0 == 0x20 }
            if text.first == 0x3E { continue }
            var bare = Array(text)
            while bare.last == 0x20 { bare.removeLast() }
            if bare == [0x2D, 0x2D] { break }
            output.append(contentsOf: line)
            output.append(0x0A)
        }
        return output[...]
    }
}
