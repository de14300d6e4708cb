/// A script with merge fields and conditional text, checked once and rendered in one pass.
///
/// - `{first_name}` is replaced by the value; a missing value leaves nothing.
/// - `{first_name|friend}` falls back to *friend* where the value is missing or blank.
/// - `{if city}in {city}{else}near you{end}` chooses by whether the value is there; `{if not city}`
///   the other way round. Conditions nest.
/// - `{{` and `}}` write a brace.
///
/// Field names ignore case, and a space or hyphen in them reads as `_`, as in column headings.
/// A value is never read as a script again: braces in a person's name stay braces.
package struct Template: Equatable, Sendable {
    package let source: String
    let nodes: [Node]

    indirect enum Node: Equatable, Sendable {
        case text(String)
        case field(String, fallback: String?)
        case condition(String, isPresent: Bool, then: [Node], otherwise: [Node])
    }

    /// - Throws: ``TemplateError``, which names the character at which the script went wrong.
    package init(_ source: String) throws(TemplateError) {
        self.source = source
        var parser = TemplateParser(source)
        nodes = try parser.parse()
    }

    /// Names of the fields the script reads, conditions included, in order of first appearance.
    package var fields: [String] {
        var names: [String] = []
        Self.visit(nodes) { name in if !names.contains(name) { names.append(name) } }
        return names
    }

    /// The text for one person; `values` by normalised field name (``fieldName(_:)``).
    package func render(_ values: [String: String]) -> String {
        var text = ""
        Self.render(nodes, values, into: &text)
        return text
    }

    /// A column heading as a field name: `First Name` becomes `first_name`.
    package static func fieldName(_ heading: String) -> String {
        let words = heading.lowercased().split { $0.isWhitespace || $0 == "-" || $0 == "_" }
        return words.joined(separator: "_")
    }

    /// A blank value is a missing one.
    static func isPresent(_ value: String?) -> Bool {
        value?.contains { !$0.isWhitespace } ?? false
    }

    private static func render(
        _ nodes: [Node], _ values: [String: String], into text: inout String
    ) {
        for node in nodes {
            switch node {
            case .text(let literal): text += literal
            case .field(let name, let fallback):
                text += isPresent(values[name]) ? values[name]! : fallback ?? ""
            case .condition(let name, let wanted, let then, let otherwise):
                let branch = isPresent(values[name]) == wanted ? then : otherwise
                render(branch, values, into: &text)
            }
        }
    }

    private static func visit(_ nodes: [Node], _ body: (String) -> Void) {
        for node in nodes {
            switch node {
            case .text: break
            case .field(let name, _): body(name)
            case .condition(let name, _, let then, let otherwise):
                body(name)
                visit(then, body)
                visit(otherwise, body)
            }
        }
    }
}

extension Template {
    /// What every rendering fits, as a pattern of SQL's LIKE: fixed words in order, anything where a
    /// field or a condition stands.
    package var likePattern: String {
        nodes.map { node in
            guard case .text(let literal) = node else { return "%" }
            return literal.replacing("\\", with: "\\\\").replacing("%", with: "\\%")
                .replacing("_", with: "\\_")
        }.joined()
    }
}
