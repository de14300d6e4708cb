/// Reads a script into nodes, left to right, once.
struct TemplateParser {
    private let characters: [Character]
    private var index = 0

    init(_ source: String) { characters = Array(source) }

    /// What ended a run of nodes.
    private enum End: Equatable { case source, otherwise(Int), end(Int) }

    mutating func parse() throws(TemplateError) -> [Template.Node] {
        let (nodes, end) = try run()
        switch end {
        case .source: return nodes
        case .otherwise(let position): throw TemplateError(reason: .elseWithoutIf, at: position)
        case .end(let position): throw TemplateError(reason: .endWithoutIf, at: position)
        }
    }

    private mutating func run() throws(TemplateError) -> (nodes: [Template.Node], end: End) {
        var nodes: [Template.Node] = []
        var literal = ""
        while index < characters.count {
            let character = characters[index]
            let isDoubled = index + 1 < characters.count && characters[index + 1] == character
            switch character {
            case "{" where isDoubled, "}" where isDoubled:
                literal.append(character)
                index += 2
            case "}":
                throw TemplateError(reason: .strayBrace, at: index)
            case "{":
                if !literal.isEmpty { nodes.append(.text(literal)) }
                literal = ""
                let start = index
                let tag = try tag()
                if tag == "else" { return (nodes, .otherwise(start)) }
                if tag == "end" { return (nodes, .end(start)) }
                nodes.append(try node(tag, at: start))
            default:
                literal.append(character)
                index += 1
            }
        }
        if !literal.isEmpty { nodes.append(.text(literal)) }
        return (nodes, .source)
    }

    /// The trimmed text between the brace at `index` and its closing brace.
    private mutating func tag() throws(TemplateError) -> String {
        let start = index
        index += 1
        while index < characters.count, characters[index] != "}" {
            if characters[index] == "{" { throw TemplateError(reason: .braceInField, at: index) }
            index += 1
        }
        guard index < characters.count else {
            throw TemplateError(reason: .unclosedBrace, at: start)
        }
        index += 1
        return String(characters[(start + 1)..<(index - 1)])
    }

    private mutating func node(_ tag: String, at start: Int) throws(TemplateError) -> Template.Node
    {
        let words = tag.split { $0.isWhitespace }
        if words.first == "if", words.count > 1 {
            return try condition(words.dropFirst(), at: start)
        }
        let parts = tag.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
        let name = try name(String(parts[0]), at: start)
        return .field(name, fallback: parts.count > 1 ? String(parts[1]) : nil)
    }

    private mutating func condition(
        _ words: ArraySlice<Substring>, at start: Int
    ) throws(TemplateError) -> Template.Node {
        let isNegated = words.first == "not" && words.count > 1
        let name = try name(words.dropFirst(isNegated ? 1 : 0).joined(separator: " "), at: start)
        let (then, end) = try run()
        guard case .otherwise = end else {
            guard case .end = end else { throw TemplateError(reason: .ifWithoutEnd, at: start) }
            return .condition(name, isPresent: !isNegated, then: then, otherwise: [])
        }
        let (otherwise, second) = try run()
        switch second {
        case .source: throw TemplateError(reason: .ifWithoutEnd, at: start)
        case .otherwise(let position): throw TemplateError(reason: .secondElse, at: position)
        case .end:
            return .condition(name, isPresent: !isNegated, then: then, otherwise: otherwise)
        }
    }

    private func name(_ text: String, at start: Int) throws(TemplateError) -> String {
        let name = Template.fieldName(text)
        if name.isEmpty { throw TemplateError(reason: .emptyField, at: start) }
        guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }) else {
            throw TemplateError(reason: .badName(text), at: start)
        }
        return name
    }
}

extension TemplateError {
    /// `index` counts from 0, people from 1.
    init(reason: Reason, at index: Int) { self.init(reason: reason, position: index + 1) }
}
