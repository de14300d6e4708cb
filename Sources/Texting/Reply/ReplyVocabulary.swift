/// What is weighed of each known word, and the parts it plays, in the order of the words' numbers.
final class ReplyVocabulary: Sendable {
    /// A feature or a piece of one: its name, and the number that stands for it.
    struct Piece: Sendable {
        let name: String
        let key: UInt64

        init(_ name: String) {
            self.name = name
            key = ReplyKey.piece(name.unicodeScalars.lazy.map(\.value))
        }
    }

    let words: [[UInt32]]
    /// The key of each word's spelling.
    let spellings: [UInt64]
    /// The classes of each word as `@NAME`, sorted.
    let kinds: [[Piece]]
    /// Where the parts of each word stand in ``parts``.
    private let played: [Range<Int>]
    /// Parts in any language as `%ROLE`, word after word; the first three are the ends of a reply
    /// and, for three in a row, a word that plays none.
    let parts: [Piece]

    static let start = 0..<1
    static let end = 1..<2
    static let none = 2..<3

    init(_ lexicon: ReplyLexicon, classes: [String: Set<Int32>], roles: [String: Set<Int32>]) {
        words = lexicon.words
        spellings = words.map { ReplyKey.piece($0) }
        kinds = Self.pieces(classes, mark: "@", count: words.count)
        var parts = ["^", "$", "*"].map(Piece.init)
        var played: [Range<Int>] = []
        for pieces in Self.pieces(roles, mark: "%", count: words.count) {
            played.append(parts.count..<(parts.count + pieces.count))
            parts += pieces
        }
        self.parts = parts
        self.played = played
    }

    private static func pieces(
        _ sets: [String: Set<Int32>], mark: String, count: Int
    ) -> [[Piece]] {
        var pieces: [[Piece]] = Array(repeating: [], count: count)
        for name in sets.keys.sorted() {
            let piece = Piece(mark + name)
            for word in sets[name] ?? [] { pieces[Int(word)].append(piece) }
        }
        return pieces
    }

    /// The parts a word plays, as places in ``parts``.
    @inline(__always) func parts(of word: Int32) -> Range<Int> { played[Int(word)] }
}

/// Numbers that stand for features, so that no letters are copied while a reply is weighed.
///
/// A feature's name is one or more pieces between spaces. Each piece is hashed by its letters, once
/// for words of the tables, and the hashes are folded in order.
enum ReplyKey {
    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    /// FNV-1a over the letters.
    @inline(__always) static func piece(_ letters: some Sequence<UInt32>) -> UInt64 {
        letters.reduce(seed, spelled)
    }

    @inline(__always) static func spelled(_ hash: UInt64, _ letter: UInt32) -> UInt64 {
        (hash ^ UInt64(letter)) &* 0x100_0000_01B3
    }

    /// The key of a feature of one piece.
    @inline(__always) static func feature(_ piece: UInt64) -> UInt64 { joined(seed, piece) }

    /// The key of what `key` stands for, a space, and `piece`.
    @inline(__always) static func joined(_ key: UInt64, _ piece: UInt64) -> UInt64 {
        let mixed = (key ^ piece) &* 0x9E37_79B9_7F4A_7C15
        return mixed ^ mixed >> 31
    }

    /// What the table of weights keeps of a key. Of a million features without a weight some
    /// hundred and ten meet one of the 482,000 that have one, and are weighed as that.
    @inline(__always) static func short(_ key: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: key)
    }

    /// The key of the feature with this name.
    static func named(_ name: String) -> UInt64 {
        name.unicodeScalars.split(separator: " ").reduce(seed) { key, piece in
            joined(key, self.piece(piece.lazy.map(\.value)))
        }
    }
}
