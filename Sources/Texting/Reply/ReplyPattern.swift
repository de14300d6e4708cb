/// One way of saying something, as the tables write it, before it is made quick.
///
/// `word` and `CLASS` take one word each; `( a | b c )` chooses; a trailing `?` makes optional;
/// `~3` skips up to three words, `-3` too but within one clause, `_` exactly one; `^` and `$` are the start and end of a clause,
/// `^^` and `$$` those of the message, each past words that say nothing (FILL); `!x` and `<!x`
/// refuse a following and a preceding word; `@name` stands for a pattern defined with `let`.
indirect enum ReplyPattern {
    case leaf(Leaf)
    case sequence([ReplyPattern])
    case choice([ReplyPattern])
    case optional(ReplyPattern)
    case gap(Int)
    case closeGap(Int)
    case any
    case edge(Edge)
    case notAhead(Leaf)
    case notBehind(Leaf)

    enum Edge: Int32 { case clauseStart, clauseEnd, messageStart, messageEnd }

    /// The words one place may hold.
    struct Leaf: Hashable {
        var classes: Set<String> = []
        var words: Set<Int32> = []
    }
}

/// What is wrong with a line of the reply tables.
struct ReplyTableError: Error, CustomStringConvertible {
    let line: String
    let problem: String

    var description: String { "Reply table: \(problem) in “\(line)”; mend the table." }
}

/// Reads the pattern notation.
struct ReplyPatternParser {
    private let pieces: [Substring]
    private let line: String
    private var index = 0
    /// Turns a written word into the numbers of its words; most are one.
    private let numbers: (Substring) -> [Int32]
    private let macros: [String: ReplyPattern]

    init(
        _ line: String, macros: [String: ReplyPattern],
        numbers: @escaping (Substring) -> [Int32]
    ) {
        self.line = line
        let spaced = line.replacing("(", with: " ( ").replacing("|", with: " | ")
            .replacing(")?", with: " )? ").replacing(")", with: " ) ").replacing(") ?", with: ")?")
            .replacing(")  ?", with: ")?")
        pieces = spaced.split(separator: " ")
        self.macros = macros
        self.numbers = numbers
    }

    mutating func parse() throws -> ReplyPattern {
        let pattern = try choice()
        guard index == pieces.count else { throw failure("a bracket too many") }
        return pattern
    }

    private mutating func choice() throws -> ReplyPattern {
        var options = [try sequence()]
        while index < pieces.count, pieces[index] == "|" {
            index += 1
            options.append(try sequence())
        }
        return options.count == 1 ? options[0] : Self.merged(options)
    }

    private mutating func sequence() throws -> ReplyPattern {
        var items: [ReplyPattern] = []
        while index < pieces.count, pieces[index] != "|", !pieces[index].hasPrefix(")") {
            items.append(try item())
        }
        if items.isEmpty { throw failure("nothing between two bars") }
        return items.count == 1 ? items[0] : .sequence(items)
    }

    private mutating func item() throws -> ReplyPattern {
        var piece = pieces[index]
        index += 1
        if piece == "(" {
            let group = try choice()
            guard index < pieces.count else { throw failure("an open bracket") }
            let close = pieces[index]
            index += 1
            return close == ")?" ? .optional(group) : group
        }
        if piece.count > 1, piece.last == "?" {
            piece.removeLast()
            return .optional(try single(piece))
        }
        return try single(piece)
    }

    private func single(_ piece: Substring) throws -> ReplyPattern {
        switch piece {
        case "^": return .edge(.clauseStart)
        case "$": return .edge(.clauseEnd)
        case "^^": return .edge(.messageStart)
        case "$$": return .edge(.messageEnd)
        case "_": return .any
        default: break
        }
        if piece.first == "~", let length = Int(piece.dropFirst()) { return .gap(length) }
        if piece.first == "-", let length = Int(piece.dropFirst()) { return .closeGap(length) }
        if piece.hasPrefix("<!") { return .notBehind(try leaf(piece.dropFirst(2))) }
        if piece.first == "!", piece.count > 1 { return .notAhead(try leaf(piece.dropFirst())) }
        return try word(piece)
    }

    private func word(_ piece: Substring) throws -> ReplyPattern {
        if piece.first == "@" {
            guard let macro = macros[String(piece.dropFirst())] else {
                throw failure("an unknown name \(piece)")
            }
            return macro
        }
        if Self.isClass(piece) { return .leaf(.init(classes: [String(piece)])) }
        let found = numbers(piece)
        guard !found.isEmpty else { throw failure("no word in \(piece)") }
        let leaves = found.map { ReplyPattern.leaf(.init(words: [$0])) }
        return leaves.count == 1 ? leaves[0] : .sequence(leaves)
    }

    private func leaf(_ piece: Substring) throws -> ReplyPattern.Leaf {
        guard case .leaf(let leaf) = try word(piece) else {
            throw failure("\(piece) is not one word or class")
        }
        return leaf
    }

    static func isClass(_ piece: Substring) -> Bool {
        piece.count > 1
            && piece.utf8.allSatisfy { 0x41...0x5A ~= $0 || $0 == 0x5F || 0x30...0x39 ~= $0 }
            && piece.utf8.contains { 0x41...0x5A ~= $0 }
    }

    /// A choice between single words is one leaf.
    private static func merged(_ options: [ReplyPattern]) -> ReplyPattern {
        var union = ReplyPattern.Leaf()
        for option in options {
            guard case .leaf(let leaf) = option else { return .choice(options) }
            union.classes.formUnion(leaf.classes)
            union.words.formUnion(leaf.words)
        }
        return .leaf(union)
    }

    private func failure(_ problem: String) -> ReplyTableError {
        ReplyTableError(line: line, problem: problem)
    }
}
