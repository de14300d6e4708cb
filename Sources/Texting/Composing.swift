import Foundation

/// Help for who writes a text: what it costs, why, and what would make it cheaper.
///
/// Nothing here changes a text by itself. Only punctuation and invisible characters ever have a
/// plainer form to offer; letters never do, for a name or a Welsh, Irish, French or Spanish word
/// without its accents is another word, or an offence.
package enum Composing {
    /// The form in which texts are stored and sent: NFC, with line feeds for line breaks.
    ///
    /// `e` and a combining accent cost UCS-2 where `é` does not. Source: 3GPP TS 23.038 §6.2.1
    /// knows composed characters only.
    package static func normalised(_ text: String) -> String {
        let composed = text.precomposedStringWithCanonicalMapping
        return composed.replacingOccurrences(of: "\r\n", with: "\n")
            .replacingOccurrences(of: "\r", with: "\n")
    }

    /// The text with plain punctuation, for writers who ask for it, script by script.
    ///
    /// Every occurrence is changed; letters, names and emoji stay. Joiners inside emoji stay too.
    package static func plainPunctuation(_ text: String) -> String {
        var plain = ""
        for scalar in text.unicodeScalars {
            if let form = plainForm(scalar) {
                plain += form
            } else {
                plain.unicodeScalars.append(scalar)
            }
        }
        return plain
    }

    /// One character that keeps the text out of the GSM alphabet, or costs two units within it.
    package struct Cost: Equatable, Sendable {
        /// The visible character, which may be several code points.
        package let character: String
        /// Where it stands, in characters counted from 0.
        package let offset: Int
        /// Units it takes in the text's encoding.
        package let units: Int
        /// Whether it forces the whole text into UCS-2.
        package let forcesUnicode: Bool
        /// What could stand there instead, if it is punctuation; empty means leave it out.
        package let plain: String?
    }

    /// Which characters make `text` dearer, in order.
    package static func costs(of text: String) -> [Cost] {
        let isUnicode = Measure(text).encoding == .ucs2
        return text.enumerated().compactMap { offset, character in
            let scalars = character.unicodeScalars
            let isOutside = scalars.contains { GSMAlphabet.septets($0) == nil }
            let units =
                isUnicode
                ? scalars.reduce(0) { $0 + ($1.value < 0x10000 ? 1 : 2) }
                : scalars.reduce(0) { $0 + (GSMAlphabet.septets($1) ?? 0) }
            guard isOutside || !isUnicode && units > scalars.count else { return nil }
            let plain = plainPunctuation(String(character))
            return Cost(
                character: String(character), offset: offset, units: units,
                forcesUnicode: isOutside, plain: plain == String(character) ? nil : plain)
        }
    }

    /// The character whose removal first saves a segment, if one does: the last straw.
    package static func firstBeyond(_ text: String, segments limit: Int) -> Int? {
        guard Measure(text).segments > limit else { return nil }
        var low = 0
        var high = text.count
        while low < high {
            let middle = (low + high) / 2
            if Measure(String(text.prefix(middle + 1))).segments > limit {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low
    }

    /// The plain form of punctuation that looks alike; nil for everything else.
    ///
    /// Source: the intersection of what carriers' gateways replace by themselves; letters left out.
    static func plainForm(_ scalar: Unicode.Scalar) -> String? {
        switch scalar.value {
        case 0x2018, 0x2019, 0x201A, 0x201B, 0x2032, 0x00B4, 0x0060: "'"
        case 0x201C, 0x201D, 0x201E, 0x201F, 0x2033, 0x00AB, 0x00BB: "\""
        case 0x2010...0x2015: "-"
        case 0x2026: "..."
        case 0x2022: "-"
        case 0x0009, 0x00A0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: " "
        case 0x200B, 0x2060, 0xFEFF, 0x00AD: ""
        case 0xFF01...0xFF5E: String(Unicode.Scalar(scalar.value - 0xFEE0)!)
        case 0x00D7: "x"
        case 0x00F7, 0x2044: "/"
        case 0x00BC: "1/4"
        case 0x00BD: "1/2"
        case 0x00BE: "3/4"
        default: nil
        }
    }
}
