/// Reads the lines of the reply tables.
struct ReplyTableReader {
    private(set) var lexicon = ReplyLexicon()
    private(set) var rules: [ReplyGrammar.Rule] = []
    private(set) var patterns: [(ReplyPattern, rule: Int)] = []
    private(set) var keywords: [[UInt32]: Int] = [:]
    private(set) var classes: [String: Set<Int32>] = [:]
    /// Phrases that are read as one word, by their first word, the longest first.
    private(set) var merges: [Int32: [(phrase: [Int32], word: Int32)]] = [:]
    /// Words that play a part in any language, and the classes whose words do: `plays`, `role`.
    private(set) var played: [String: Set<Int32>] = [:]
    private(set) var playing: [String: Set<String>] = [:]
    private var macros: [String: ReplyPattern] = [:]
    private var language = ""
    private var languageName = ""
    /// The languages whose words have roles.
    private var languages: [String] = []

    mutating func read(_ table: String) throws {
        var logical: [String] = []
        for line in table.split(separator: "\n").map(String.init) {
            let text = line.prefix { $0 != "#" }
            if text.allSatisfy({ $0 == " " }) { continue }
            if text.hasPrefix("    "), let last = logical.popLast() {
                logical.append(last + " " + text.drop { $0 == " " })
            } else {
                logical.append(String(text))
            }
        }
        for line in logical { try read(line: line) }
    }

    private mutating func read(line: String) throws {
        if line.hasPrefix("  ") {
            guard !rules.isEmpty else { throw ReplyTableError(line: line, problem: "no rule") }
            for line in try perLanguage(line) {
                patterns.append((try parse(line), rule: rules.count - 1))
            }
            return
        }
        let words = line.split(separator: " ")
        let rest = words.dropFirst()
        switch words[0] {
        case "language":
            language = String(words[1])
            languageName = rest.dropFirst().joined(separator: " ")
        case "class":
            let name = String(words[1])
            guard ReplyPatternParser.isClass(words[1]) else {
                throw ReplyTableError(line: line, problem: "a class name in small letters")
            }
            classes[name, default: []].formUnion(try rest.dropFirst().flatMap { try one($0, line) })
        case "role":
            let name = Self.role("\(words[1])", of: language)
            classes[name, default: []].formUnion(try rest.dropFirst().flatMap { try one($0, line) })
            if !languages.contains(language) { languages.append(language) }
            playing["\(words[1])", default: []].insert(name)
        case "plays": try plays(rest, line)
        case "let":
            let parts = line.split(separator: "=", maxSplits: 1)
            macros[String(words[1])] = try parse(String(parts[1]))
        case "merge": try merge(line)
        case "slips": for word in rest { lexicon.forgiveSlips(of: number(word)) }
        case "inside": for word in rest { lexicon.findInside(number(word)) }
        case "rude": for word in rest { lexicon.addRude(number(word)) }
        case "guard": for word in rest { lexicon.addGuard(String(word)) }
        case "keyword": try keyword(line)
        case "swaps": for word in rest { swaps(of: word) }
        case "rule", "first", "aside", "doubt", "machine", "cut": try rule(line)
        default: throw ReplyTableError(line: line, problem: "an unknown first word")
        }
    }

    // MARK: Roles

    private static func role(_ name: String, of language: String) -> String {
        "\(language.uppercased())_\(name)"
    }

    /// A pattern over roles (`%NO ~2 %WANT`), once for each language that has them all.
    private func perLanguage(_ line: String) throws -> [String] {
        guard line.contains("%") else { return [line] }
        let names = line.split(whereSeparator: { " ()|?!<".contains($0) }).filter {
            $0.first == "%"
        }
        let able = languages.filter { language in
            names.allSatisfy { classes[Self.role("\($0.dropFirst())", of: language)] != nil }
        }
        guard !able.isEmpty else { throw ReplyTableError(line: line, problem: "an unknown role") }
        return able.map { line.replacing("%", with: "\($0.uppercased())_") }
    }

    /// `plays NO no never NEGATOR`: words and classes of a language that has no roles of its own.
    private mutating func plays(_ rest: ArraySlice<Substring>, _ line: String) throws {
        guard let role = rest.first.map(String.init) else {
            throw ReplyTableError(line: line, problem: "no role")
        }
        for piece in rest.dropFirst() {
            if ReplyPatternParser.isClass(piece) {
                playing[role, default: []].insert(String(piece))
            } else {
                played[role, default: []].formUnion(try one(piece, line))
            }
        }
    }

    /// `merge dont = do not | don t`
    private mutating func merge(_ line: String) throws {
        let parts = line.split(separator: "=", maxSplits: 1)
        let target = number(parts[0].split(separator: " ")[1])
        for phrase in parts[1].split(separator: "|") {
            let sequence = phrase.split(separator: " ").flatMap { numbers($0) }
            guard !sequence.isEmpty else {
                throw ReplyTableError(line: line, problem: "nothing to merge")
            }
            merges[sequence[0], default: []].append((sequence, target))
        }
    }

    /// `swaps list`: lsit and its like, two neighbouring letters swapped, are read as the word.
    private mutating func swaps(of word: Substring) {
        let target = number(word)
        var letters = Array(word)
        for index in letters.indices.dropLast() where letters[index] != letters[index + 1] {
            letters.swapAt(index, index + 1)
            let form = String(letters)
            letters.swapAt(index, index + 1)
            guard lexicon.find(form.unicodeScalars.map(\.value)) == 0 else { continue }
            let slip = lexicon.intern(form)
            merges[slip, default: []].append(([slip], target))
        }
    }

    /// `keyword opt_out act : stop | stop all | …`
    private mutating func keyword(_ line: String) throws {
        let parts = line.split(separator: ":", maxSplits: 1)
        let head = parts[0].split(separator: " ")
        guard parts.count == 2, head.count == 3,
            let meaning = Reply.Meaning(rawValue: "\(head[1])"),
            let action = Reply.Action(rawValue: "\(head[2])")
        else { throw ReplyTableError(line: line, problem: "no keyword : words") }
        for word in parts[1].split(separator: "|") {
            let scanned = ReplyWords("\(word)")
            let letters = scanned.letters.filter { $0 != 0x27 }
            guard keywords[letters] == nil else { continue }
            let spelling = scanned.words.map { scanned.spelling($0) }.joined(separator: "_")
            keywords[letters] = rules.count
            rules.append(
                .init(
                    id: "keyword.\(language).\(spelling)", kind: .plain, meaning: meaning,
                    action: action, explanation: "is a keyword", language: languageName))
        }
    }

    /// `rule ID MEANING ACTION : explanation`, `aside ID : …`, `cut words|line|rest ID : …`
    private mutating func rule(_ line: String) throws {
        let parts = line.split(separator: ":", maxSplits: 1)
        var head = parts[0].split(separator: " ")
        guard parts.count == 2 else { throw ReplyTableError(line: line, problem: "no explanation") }
        var kind = ReplyGrammar.Kind.plain
        var meaning = Reply.Meaning.none
        var action = Reply.Action.none
        switch head.removeFirst() {
        case "aside": kind = .aside
        case "machine": kind = .machine
        case "cut":
            let spans: [Substring: ReplyGrammar.Kind.Span] = [
                "words": .words, "line": .line, "rest": .rest,
            ]
            kind = .cut(spans[head.removeFirst()] ?? .words)
        case "first": kind = .first
        case "doubt": kind = .doubt
        default: break
        }
        if kind == .plain || kind == .first {
            guard head.count == 3, let said = Reply.Meaning(rawValue: String(head[1])),
                let done = Reply.Action(rawValue: String(head[2]))
            else { throw ReplyTableError(line: line, problem: "no id, meaning and action") }
            meaning = said
            action = done
        }
        rules.append(
            .init(
                id: String(head[0]), kind: kind, meaning: meaning, action: action,
                explanation: parts[1].drop { $0 == " " }.description, language: languageName))
    }

    private mutating func parse(_ text: String) throws -> ReplyPattern {
        // The parser asks for numbers while it reads; new words are known before it starts.
        for piece in text.split(whereSeparator: { " ()|?!<".contains($0) }) {
            if piece.first != "@", piece.first != "~", piece.first != "-",
                !ReplyPatternParser.isClass(piece)
            {
                _ = numbers(piece)
            }
        }
        let known = lexicon
        var parser = ReplyPatternParser(text, macros: macros) { piece in
            if piece == "<unknown>" { return [ReplyLexicon.unknown] }
            let scanned = ReplyWords(String(piece))
            return Self.keys(piece, scanned).map { known.find($0) }
        }
        return try parser.parse()
    }

    private mutating func numbers(_ piece: Substring) -> [Int32] {
        let scanned = ReplyWords(String(piece))
        return Self.keys(piece, scanned).map { key in
            lexicon.intern(String(String.UnicodeScalarView(key.compactMap(Unicode.Scalar.init))))
        }
    }

    /// The spellings under which a written word is kept: as the scanner of replies would find it.
    private static func keys(_ piece: Substring, _ scanned: ReplyWords) -> [[UInt32]] {
        if ReplyLexicon.marks.contains(String(piece)) { return [piece.unicodeScalars.map(\.value)] }
        if piece.last == "'" { return [piece.unicodeScalars.map(\.value)] }
        return scanned.words.flatMap {
            ReplyReading.split(Array(scanned.letters[$0.start..<$0.end]))
        }
    }

    private mutating func number(_ piece: Substring) -> Int32 { numbers(piece).first ?? 0 }

    private mutating func one(_ piece: Substring, _ line: String) throws -> [Int32] {
        let found = numbers(piece)
        guard found.count == 1 else {
            throw ReplyTableError(line: line, problem: "“\(piece)” is not one word")
        }
        return found
    }
}
