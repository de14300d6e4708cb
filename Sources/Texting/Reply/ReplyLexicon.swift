/// The words the grammar knows, each a small number, and what a misspelt word may stand for.
///
/// Number 0 is any other word. Built once from the tables; safe to share, for it never changes.
struct ReplyLexicon: Sendable {
    static let unknown: Int32 = 0
    static let number: Int32 = 1
    static let phone: Int32 = 2
    static let url: Int32 = 3
    static let email: Int32 = 4
    static let emoji: Int32 = 5

    /// Spellings no reply can contain, for words that stand for a kind.
    static let marks = ["<number>", "<phone>", "<url>", "<email>", "<emoji>"]
    static let urlMark = Array("<url>".unicodeScalars.map(\.value))
    static let emailMark = Array("<email>".unicodeScalars.map(\.value))
    static let numberMark = Array("number".unicodeScalars.map(\.value))
    static let andMark = Array("and".unicodeScalars.map(\.value))

    /// All known words, in the order of their numbers.
    private(set) var words: [[UInt32]] = [[]]
    /// Open addressing, a power of two, at most half full; -1 is free.
    private var slots: [Int32] = Array(repeating: -1, count: 64)
    /// Real words that only look like slips of a known one.
    private(set) var guards: Set<[UInt32]> = []
    /// Known words by the hash of each of their forms with one letter left out.
    private var slips: [UInt64: [Int32]] = [:]
    /// Words that may be found inside a run without spaces.
    private var isPart: Set<Int32> = []
    /// Masked profanity is compared with these.
    private var rude: [Int32] = []
    /// Beginnings of words, written `escrib*` in the tables, by the hash of their letters.
    private var stems: [UInt64: Int32] = [:]
    private var stemLengths = (shortest: Int.max, longest: 0)

    init() { for mark in Self.marks { _ = intern(mark) } }

    /// The number of a word, which is added if new.
    mutating func intern(_ word: String) -> Int32 {
        let key = word.unicodeScalars.map(\.value)
        let known = key.withUnsafeBufferPointer { find($0) }
        if known > 0 { return known }
        if words.count * 2 > slots.count { grow() }
        words.append(key)
        let number = Int32(words.count - 1)
        place(number)
        if key.count > 4, key.last == Self.star { addStem(key.dropLast(), number) }
        return number
    }

    private mutating func addStem(_ stem: ArraySlice<UInt32>, _ number: Int32) {
        stems[stem.withUnsafeBufferPointer { Self.hash($0) }] = number
        stemLengths.shortest = min(stemLengths.shortest, stem.count)
        stemLengths.longest = max(stemLengths.longest, stem.count)
    }

    mutating func addGuard(_ word: String) { guards.insert(word.unicodeScalars.map(\.value)) }

    /// Lets slips of one letter stand for the word.
    mutating func forgiveSlips(of number: Int32) {
        let word = words[Int(number)]
        Self.forEachShorter(word) { slips[$0, default: []].append(number) }
    }

    /// Lets the word be found where spaces were left out.
    mutating func findInside(_ number: Int32) { isPart.insert(number) }

    mutating func addRude(_ number: Int32) { rude.append(number) }

    /// The number of exactly this word, 0 if unknown.
    @inline(__always) func find(_ word: UnsafeBufferPointer<UInt32>) -> Int32 {
        var slot = Int(truncatingIfNeeded: Self.hash(word)) & (slots.count - 1)
        while true {
            let number = slots[slot]
            if number < 0 { return 0 }
            let candidate = words[Int(number)]
            if candidate.count == word.count, candidate.elementsEqual(word) { return number }
            slot = (slot + 1) & (slots.count - 1)
        }
    }

    func find(_ word: [UInt32]) -> Int32 { word.withUnsafeBufferPointer { find($0) } }

    /// The spelling of a word.
    func spelling(_ number: Int32) -> String {
        String(String.UnicodeScalarView(words[Int(number)].compactMap(Unicode.Scalar.init)))
    }

    // MARK: Beginnings of words

    private static let star: UInt32 = 0x2A

    /// The longest stem the word begins with, 0 if none: `escribiéndome` is `escrib*`.
    func stem(of word: [UInt32]) -> Int32 {
        let longest = min(word.count, stemLengths.longest)
        guard longest >= stemLengths.shortest else { return 0 }
        return word.withUnsafeBufferPointer { letters in
            for length in (stemLengths.shortest...longest).reversed() {
                let beginning = UnsafeBufferPointer(rebasing: letters[..<length])
                if let number = stems[Self.hash(beginning)] { return number }
            }
            return 0
        }
    }

    /// Whether the word is only the beginning of what was written.
    @inline(__always) func isStem(_ number: Int32) -> Bool {
        number > 5 && words[Int(number)].last == Self.star
    }

    /// For each stem the known words and the longer stems that begin with it.
    ///
    /// - Parameter native: the last word of the first table, English; its words are nobody's kin,
    ///   lest *politicians* be the Swedish police.
    func kin(after native: Int) -> [Int32: Set<Int32>] {
        var kin: [Int32: Set<Int32>] = [:]
        for (index, word) in words.enumerated() where index > native {
            let bare = word.last == Self.star ? Array(word.dropLast()) : word
            for length in stride(from: bare.count, to: 2, by: -1) {
                let beginning = bare[..<length].withUnsafeBufferPointer { Self.hash($0) }
                if let stem = stems[beginning] { kin[stem, default: []].insert(Int32(index)) }
            }
        }
        return kin
    }

    // MARK: Slips

    /// A known word one slip away: a letter missing, added, changed, or two swapped.
    ///
    /// Damerau-Levenshtein distance 1, found by comparing forms with one letter left out; real
    /// words in ``guards`` are never slips.
    func slip(_ word: [UInt32]) -> Int32 {
        if guards.contains(word) { return 0 }
        var best: Int32 = 0
        Self.forEachShorter(word) { hash in
            guard best == 0, let numbers = slips[hash] else { return }
            best =
                numbers.first {
                    ReplySpelling.distance(word, words[Int($0)], limit: 1) <= 1
                } ?? 0
        }
        return best
    }

    /// Calls `body` with the hash of the word and of each form with one letter left out.
    private static func forEachShorter(_ word: [UInt32], _ body: (UInt64) -> Void) {
        word.withUnsafeBufferPointer { letters in
            body(hash(letters))
            for left in letters.indices {
                var hash = Self.seed
                for index in letters.indices where index != left {
                    hash = Self.mix(hash, letters[index])
                }
                body(Self.finish(hash))
            }
        }
    }

    /// A profane word behind its mask: `f**k`, `sh*t`, `a$$`.
    func unmasked(_ word: [UInt32]) -> Int32 {
        rude.first { ReplySpelling.matches(mask: word[...], words[Int($0)][...]) } ?? 0
    }

    /// Cuts a run without spaces into known words, fewest first; nil if it cannot be done.
    func cut(_ run: [UInt32]) -> [Int32]? {
        guard run.count <= 40, !guards.contains(run) else { return nil }
        var best: [[Int32]?] = Array(repeating: nil, count: run.count + 1)
        best[0] = []
        for end in 1...run.count {
            for start in max(0, end - 14)..<end {
                guard let before = best[start] else { continue }
                if let known = best[end], known.count <= before.count + 1 { continue }
                let number = find(Array(run[start..<end]))
                if number > 0, isPart.contains(number) { best[end] = before + [number] }
            }
        }
        return best[run.count]
    }

    // MARK: Hashing

    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always) private static func mix(_ hash: UInt64, _ value: UInt32) -> UInt64 {
        (hash ^ UInt64(value)) &* 0x100_0000_01B3
    }

    @inline(__always) private static func finish(_ hash: UInt64) -> UInt64 { hash ^ hash >> 29 }

    @inline(__always) private static func hash(_ word: UnsafeBufferPointer<UInt32>) -> UInt64 {
        var hash = seed
        for value in word { hash = mix(hash, value) }
        return finish(hash)
    }

    private mutating func place(_ number: Int32) {
        let hash = words[Int(number)].withUnsafeBufferPointer { Self.hash($0) }
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = number
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 4)
        for number in words.indices.dropFirst() { place(Int32(number)) }
    }
}
