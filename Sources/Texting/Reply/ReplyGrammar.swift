/// The reply tables, read once: words, keywords and patterns of all languages.
///
/// A table is lines of text in `Resources/reply/`; the notation is explained in ``ReplyPattern``
/// and at the head of `english.txt`. Languages share their word classes, so that a sentence that
/// mixes two of them is understood as well.
final class ReplyGrammar: Sendable {
    /// What is done where a pattern is found.
    enum Kind: Equatable {
        /// Words that are not the person's: effects, signatures. They are left out.
        case cut(Span)
        /// The whole message was made by a machine.
        case machine
        /// Talk about something else; its words ask nothing of us.
        case aside
        /// Says what the person asks, and takes its words before asides do.
        case first
        /// Says that a stop elsewhere in the message may not be one: a person decides.
        case doubt
        case plain

        enum Span { case words, line, rest }
    }

    struct Rule {
        let id: String
        let kind: Kind
        let meaning: Reply.Meaning
        let action: Reply.Action
        /// Completes “…” as a sentence.
        let explanation: String
        let language: String
    }

    /// Where a pattern begins in ``program``, and whose it is.
    struct Entry {
        let start: Int32
        let rule: Int32
    }

    /// Patterns by the word they can begin with, word after word.
    struct Entries {
        private let entries: [Entry]
        private let ends: [Int32]

        /// Those that `isWanted`, in the order of `all`.
        fileprivate init(_ all: [[Entry]], where isWanted: (Entry) -> Bool) {
            var entries: [Entry] = []
            ends = all.map { list in
                entries += list.filter(isWanted)
                return Int32(entries.count)
            }
            self.entries = entries
        }

        /// Where those of `word` stand.
        @inline(__always) func range(_ word: Int32) -> Range<Int> {
            (word == 0 ? 0 : Int(ends[Int(word) - 1]))..<Int(ends[Int(word)])
        }

        subscript(place: Int) -> Entry { entries[place] }
    }

    let lexicon: ReplyLexicon
    let program: ReplyProgram
    let rules: [Rule]
    /// Patterns by what is done where they are found.
    let cuts: Entries
    let firsts: Entries
    let asides: Entries
    let doubts: Entries
    /// What is sought in sentences: machines and plain rules.
    let entries: Entries
    /// Rules of whole messages by their letters without spaces.
    let keywords: ReplyKeywordTable

    /// What the code itself asks about a word.
    struct Trait: OptionSet {
        let rawValue: UInt16
        /// Says nothing at the edge of a clause: *hi, ok, thanks*.
        static let filler = Trait(rawValue: 1)
        /// Says nothing at the end of a clause: *now, again*.
        static let tail = Trait(rawValue: 2)
        /// Says nothing anywhere: *please, bloody*.
        static let dropped = Trait(rawValue: 4)
        /// Joins two clauses: *and, but*.
        static let joiner = Trait(rawValue: 8)
        /// Belongs to what telephones write about a reaction: *liked, to, from*.
        static let reaction = Trait(rawValue: 16)
        /// Names a reaction.
        static let reactionVerb = Trait(rawValue: 32)
        static let emoji = Trait(rawValue: 64)
        /// An emoji that alone means stop.
        static let stopEmoji = Trait(rawValue: 128)
        /// An emoji that alone may mean stop.
        static let refusalEmoji = Trait(rawValue: 256)
        /// *fuck* and *hell* after *the*.
        static let oath = Trait(rawValue: 512)
        static let the = Trait(rawValue: 1024)
        /// A word of our footers: *reply, text, stop*.
        static let footer = Trait(rawValue: 2048)

        /// Turns the next word round: *no*, *nicht*.
        static let negator = Trait(rawValue: 4096)
        /// Turns round a request that follows in its clause: *not, never, wouldn't, nicht*.
        static let reverser = Trait(rawValue: 8192)

        /// Makes a *not* before a request speak of being able: *I cannot unsubscribe*.
        static let ability = Trait(rawValue: 16384)

        /// The classes of the tables that give each trait.
        static let classes: [(String, Trait)] = [
            ("FILL", .filler), ("TAIL", .tail), ("DROP", .dropped), ("CONJ", .joiner),
            ("REACT", .reaction), ("REACTVERB", [.reaction, .reactionVerb]),
            ("STOPEMOJI", .stopEmoji), ("MAYBEEMOJI", .refusalEmoji), ("OATH", .oath),
            ("THE", .the), ("FOOTER", .footer), ("NEGATOR", .negator), ("REVERSER", .reverser),
            ("ABILITY", .ability),
        ]
    }

    /// Traits by the number of the word.
    let traits: [Trait]

    let vocabulary: ReplyVocabulary

    let evidence: ReplyEvidence

    /// Phrases that are read as one word, by their first word, the longest first.
    let merges: [Int32: [(phrase: [Int32], word: Int32)]]
    /// Keywords that people misspell: Latin letters only, the shortest last.
    let slippery: [Slippery]

    struct Slippery {
        let keyword: [UInt32]
        /// One bit per letter that occurs; an edit changes two at most.
        let letters: UInt32
        let rule: Int
    }

    /// The grammar of all tables.
    static let shared: ReplyGrammar = {
        do {
            var tables: [String] = []
            for name in Resource.replyTables {
                tables.append(String(decoding: Resource.required(name), as: UTF8.self))
            }
            return try ReplyGrammar(
                tables: tables, evidence: Resource.required(Resource.replyEvidence))
        } catch {
            fatalError("\(error)")
        }
    }()

    /// - Throws: ``ReplyTableError`` for a line that cannot be read.
    init(tables: [String], evidence: [UInt8]) throws {
        var reader = ReplyTableReader()
        var native = 0
        for table in tables {
            try reader.read(table)
            if native == 0 { native = reader.lexicon.words.count - 1 }
        }
        lexicon = reader.lexicon
        rules = reader.rules
        keywords = ReplyKeywordTable(reader.keywords)
        merges = reader.merges.mapValues { $0.sorted { $0.phrase.count > $1.phrase.count } }
        let kin = lexicon.kin(after: native)
        let classes = reader.classes.mapValues { words in
            words.reduce(into: words) { $0.formUnion(kin[$1] ?? []) }
        }
        traits = Self.traits(lexicon, classes: classes)
        slippery = Self.slippery(reader)
        vocabulary = ReplyVocabulary(
            lexicon, classes: classes, roles: Self.roles(reader, classes: classes, kin: kin))
        self.evidence = try ReplyEvidence(table: evidence, vocabulary: vocabulary)
        var program = ReplyProgram(wordCount: lexicon.words.count, classes: classes, kin: kin)
        var entries: [[Entry]] = Array(repeating: [], count: lexicon.words.count)
        for (pattern, rule) in reader.patterns {
            let (start, first) = program.add(pattern)
            guard let first else {
                throw ReplyTableError(line: rules[rule].id, problem: "a pattern begins anywhere")
            }
            let entry = Entry(start: Int32(start), rule: Int32(rule))
            for word in first { entries[Int(word)].append(entry) }
        }
        self.program = program
        let kinds = rules.map(\.kind)
        let kind = { (entry: Entry) in kinds[Int(entry.rule)] }
        cuts = Entries(entries) { if case .cut = kind($0) { true } else { false } }
        firsts = Entries(entries) { kind($0) == .first }
        asides = Entries(entries) { kind($0) == .aside }
        doubts = Entries(entries) { kind($0) == .doubt }
        self.entries = Entries(entries) { kind($0) == .machine || kind($0) == .plain }
    }

    private static func traits(
        _ lexicon: ReplyLexicon, classes: [String: Set<Int32>]
    ) -> [Trait] {
        var traits: [Trait] = lexicon.words.map { word in
            word.count == 1 && ReplyFolding.kind(word[0]) == .emoji ? [.emoji, .filler] : []
        }
        traits[Int(ReplyLexicon.emoji)] = [.emoji, .filler]
        for (name, trait) in Trait.classes {
            for word in classes[name] ?? [] { traits[Int(word)].formUnion(trait) }
        }
        return traits
    }

    /// The words that play each part in any language.
    private static func roles(
        _ reader: ReplyTableReader, classes: [String: Set<Int32>], kin: [Int32: Set<Int32>]
    ) -> [String: Set<Int32>] {
        var played = reader.played.mapValues { words in
            words.reduce(into: words) { $0.formUnion(kin[$1] ?? []) }
        }
        for (role, names) in reader.playing {
            for name in names { played[role, default: []].formUnion(classes[name] ?? []) }
        }
        return played
    }

    private static func slippery(_ reader: ReplyTableReader) -> [Slippery] {
        let latin = reader.keywords.filter { keyword, rule in
            keyword.count >= 3 && keyword.allSatisfy { 0x61...0x7A ~= $0 }
                && reader.rules[rule].meaning == .optOut && reader.rules[rule].action == .act
                && !reader.rules[rule].id.contains("_")
        }
        let sorted = latin.sorted { ($1.key.count, $0.value) < ($0.key.count, $1.value) }
        return sorted.map {
            Slippery(keyword: $0.key, letters: ReplySpelling.letterSet($0.key), rule: $0.value)
        }
    }
}

extension Resource {
    /// The reply tables; the languages share classes, so all are read together.
    static let replyTables = [
        "english", "names", "spanish", "french", "german", "polish", "welsh", "portuguese",
        "italian", "others", "shared", "parts",
    ].map { "reply/\($0).txt" }

    /// What words speak for, made from labelled replies.
    static let replyEvidence = "reply/evidence.bin"
}
