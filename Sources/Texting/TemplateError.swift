/// Why a script cannot be used, and where.
package struct TemplateError: Error, Equatable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case unclosedBrace
        case strayBrace
        case emptyField
        case badName(String)
        case braceInField
        case elseWithoutIf
        case endWithoutIf
        case secondElse
        case ifWithoutEnd
    }

    package let reason: Reason
    /// The character at which it went wrong, counted from 1 as editors count.
    package let position: Int

    package var description: String { "At character \(position): \(sentence)" }

    private var sentence: String {
        switch reason {
        case .unclosedBrace: "the brace that opens here is never closed; write {{ for a brace."
        case .strayBrace: "a closing brace stands alone; write }} for a brace."
        case .emptyField: "the braces hold no field; name one, as in {first_name}."
        case .badName(let name):
            "“\(name)” is not a field name; use letters, digits and _, as in {first_name|friend}."
        case .braceInField: "a brace opens inside a field; close the field first."
        case .elseWithoutIf: "{else} belongs to no {if …}; remove it or open a condition."
        case .endWithoutIf: "{end} belongs to no {if …}; remove it or open a condition."
        case .secondElse: "the condition has a second {else}; keep one."
        case .ifWithoutEnd: "the condition that opens here has no {end}; add it."
        }
    }
}
