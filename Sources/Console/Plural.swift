/// Which form of a sentence a number takes.
///
/// Source: CLDR 48, cardinal rules of en, es and cy; whole numbers only.
enum Plural: String, Sendable, CaseIterable {
    case zero, one, two, few, many, other

    static func form(of count: Int, in language: String) -> Plural {
        switch language {
        case "cy":
            switch count {
            case 0: .zero
            case 1: .one
            case 2: .two
            case 3: .few
            case 6: .many
            default: .other
            }
        case "es":
            // "un millón de": only whole millions are *many*.
            count == 1 ? .one : count != 0 && count.isMultiple(of: 1_000_000) ? .many : .other
        default:
            count == 1 ? .one : .other
        }
    }

    /// The forms that a language file must have for each sentence that counts.
    static func forms(in language: String) -> [Plural] {
        switch language {
        case "cy": allCases
        case "es": [.one, .many, .other]
        default: [.one, .other]
        }
    }
}
