/// A folded text cut into words, with the boundaries between them.
struct ReplyWords {
    /// How a word stands to the one before it.
    enum Boundary: UInt8, Comparable {
        /// A space, a hyphen, nothing.
        case none
        /// A comma, a dash, a bracket, a quote.
        case soft
        /// The end of a sentence or line.
        case hard

        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    struct Word {
        /// Range in ``letters``.
        var start: Int
        var end: Int
        var boundary: Boundary
        /// Whether a quotation mark stands right before or after it.
        var opensQuote = false
        var closesQuote = false
    }

    private(set) var letters: [UInt32] = []
    private(set) var words: [Word] = []
    private var boundary = Boundary.hard
    private var isAfterQuote = false

    init(_ text: String) {
        var folded: [UInt32] = []
        folded.reserveCapacity(text.utf8.count + 8)
        ReplyFolding.fold(text, into: &folded)
        self.init(folded: folded[...])
    }

    init(folded: ArraySlice<UInt32>) {
        letters.reserveCapacity(folded.count + 8)
        words.reserveCapacity(folded.count / 4 + 4)
        folded.withUnsafeBufferPointer { scan($0) }
    }

    private mutating func scan(_ text: UnsafeBufferPointer<UInt32>) {
        var index = 0
        while index < text.count {
            let value = text[index]
            switch ReplyFolding.kind(value) {
            case .letter, .digit:
                index = address(text, index) ?? word(text, index)
                continue
            case .ideograph, .emoji:
                // ♀ and ♂ only colour the emoji before them.
                if value != 0x2640, value != 0x2642 { add(text[index...index]) }
            case .newline: boundary = .hard
            case .full: raise(full(text, index))
            case .soft: raise(.soft)
            case .quote:
                raise(.soft)
                if !words.isEmpty { words[words.count - 1].closesQuote = true }
                isAfterQuote = true
            case .other:
                if let next = symbol(text, index) {
                    index = next
                    continue
                }
            case .space, .apostrophe: break
            }
            index += 1
        }
    }

    private mutating func raise(_ to: Boundary) { boundary = max(boundary, to) }

    private mutating func add(_ slice: Slice<UnsafeBufferPointer<UInt32>>) {
        let start = letters.count
        letters.append(contentsOf: slice)
        words.append(
            Word(start: start, end: letters.count, boundary: boundary, opensQuote: isAfterQuote))
        boundary = .none
        isAfterQuote = false
    }

    /// A full stop inside `S.T.O.P`, `555.0100` or an ellipsis ends no sentence.
    private func full(_ text: UnsafeBufferPointer<UInt32>, _ index: Int) -> Boundary {
        guard text[index] == 0x2E else { return .hard }
        let after = index + 1 < text.count ? text[index + 1] : 0x20
        if after == 0x2E || index > 0 && text[index - 1] == 0x2E { return .soft }
        let kind = ReplyFolding.kind(after)
        guard kind == .letter || kind == .digit else { return .hard }
        return isSingle(text, index - 1, -1) || isSingle(text, index + 1, 1) ? .none : .hard
    }

    /// Whether the run of letters or digits that begins here is one letter, or digits.
    private func isSingle(
        _ text: UnsafeBufferPointer<UInt32>, _ index: Int, _ step: Int
    ) -> Bool {
        guard text.indices.contains(index) else { return false }
        if ReplyFolding.kind(text[index]) == .digit { return true }
        let next = index + step
        return !text.indices.contains(next) || ReplyFolding.kind(text[next]) != .letter
    }

    /// Skips a web or mail address as one word, `<url>` or `<email>`.
    private mutating func address(_ text: UnsafeBufferPointer<UInt32>, _ index: Int) -> Int? {
        let http: [UInt32] = [0x68, 0x74, 0x74, 0x70]
        let www: [UInt32] = [0x77, 0x77, 0x77, 0x2E]
        let rest = text[index...]
        var end = index
        var hasAt = false
        var hasDot = false
        if rest.starts(with: http) || rest.starts(with: www) {
            while end < text.count, text[end] != 0x20, text[end] != 0x0A { end += 1 }
        } else {
            while end < text.count, isAddress(text[end]) {
                hasAt = hasAt || text[end] == 0x40
                hasDot = hasDot || hasAt && text[end] == 0x2E
                end += 1
            }
            guard hasDot else { return nil }
        }
        let start = letters.count
        letters.append(contentsOf: hasAt ? ReplyLexicon.emailMark : ReplyLexicon.urlMark)
        words.append(Word(start: start, end: letters.count, boundary: boundary))
        boundary = .none
        return end
    }

    @inline(__always) private func isAddress(_ value: UInt32) -> Bool {
        0x61...0x7A ~= value || 0x30...0x39 ~= value || value == 0x40 || value == 0x2E
            || value == 0x5F || value == 0x2D || value == 0x2B
    }

    /// A run of letters and digits, with the apostrophes and masks (`f**k`, `$top`) inside it.
    private mutating func word(_ text: UnsafeBufferPointer<UInt32>, _ start: Int) -> Int {
        var end = start + 1
        while end < text.count {
            let kind = ReplyFolding.kind(text[end])
            if kind == .letter || kind == .digit {
                end += 1
                continue
            }
            let isMask = isMask(text[end])
            let hasMore = end + 1 < text.count && continues(text[end + 1])
            guard kind == .apostrophe && hasMore || isMask else { break }
            end += 1
        }
        add(text[start..<end])
        return end
    }

    private func continues(_ value: UInt32) -> Bool { ReplyFolding.kind(value) == .letter }

    /// `*`, `$` and `@` stand for letters.
    @inline(__always) private func isMask(_ value: UInt32) -> Bool {
        value == 0x2A || value == 0x24 || value == 0x40
    }

    /// Symbols that people read as words: `#` is *number*, `&` is *and*, `$top` is *stop*.
    private mutating func symbol(_ text: UnsafeBufferPointer<UInt32>, _ index: Int) -> Int? {
        let after = index + 1 < text.count ? text[index + 1] : 0x20
        switch text[index] {
        case 0x2D:
            let isInside = index > 0 && text[index - 1] != 0x20 && after != 0x20 && after != 0x2D
            if !isInside || after == 0x0A { raise(.soft) }
            return nil
        case 0x24 where continues(after): return word(text, index)
        case 0x23 where !continues(after): add(ReplyLexicon.numberMark)
        case 0x26: add(ReplyLexicon.andMark)
        default: return nil
        }
        return index + 1
    }

    private mutating func add(_ mark: [UInt32]) {
        let start = letters.count
        letters.append(contentsOf: mark)
        words.append(Word(start: start, end: letters.count, boundary: boundary))
        boundary = .none
    }

    /// The folded spelling of one word.
    func spelling(_ word: Word) -> String { Self.text(letters[word.start..<word.end]) }

    static func text(_ letters: ArraySlice<UInt32>) -> String {
        var text = ""
        text.reserveCapacity(letters.count)
        for letter in letters {
            if let scalar = Unicode.Scalar(letter) { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}
