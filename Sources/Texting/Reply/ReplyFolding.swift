import Foundation

/// Folds a text so that what people see as the same letters are the same numbers.
///
/// Compatibility forms are decomposed, case is folded, Latin, Greek and Cyrillic accents go, all
/// spaces, quotes, dashes and apostrophes become one of each, invisible characters vanish.
/// Source: Unicode Standard Annex 15 (NFKD) and chapter 5.18 (case folding), per scalar.
enum ReplyFolding {
    /// What a folded scalar is good for.
    enum Kind: UInt8 {
        case other, letter, ideograph, digit, space, newline, apostrophe, full, soft, quote, emoji
    }

    /// Appends the folded form of `text`.
    static func fold(_ text: String, into folded: inout [UInt32]) {
        for scalar in text.unicodeScalars {
            let value = scalar.value
            if value == 0x31, folded.last == 0x21 {
                folded.append(0x21)  // stop!!!1!, where the shift key came late
            } else if value < 0x80 {
                folded.append(ascii[Int(value)])
            } else {
                append(value, into: &folded)
            }
        }
        if folded.contains(where: { 0x1161...0x11C2 ~= $0 }) { composeHangul(&folded) }
    }

    /// The kind of a folded scalar.
    @inline(__always) static func kind(_ value: UInt32) -> Kind {
        value < 0x10000 ? kinds[Int(value)] : wideKind(value)
    }

    // MARK: Tables, built once

    private static let ascii: [UInt32] = (0..<0x80).map { value in
        switch value {
        case 0x41...0x5A: UInt32(value + 32)
        case 0x09, 0x0B, 0x0C: 0x20
        case 0x0D: 0x0A
        case 0x60: 0x27
        default: UInt32(value)
        }
    }

    /// Folded forms of the scalars below U+3400; deletions are empty.
    private static let table: [[UInt32]] = (0..<0x3400).map { computed(UInt32($0)) }

    private static func append(_ value: UInt32, into folded: inout [UInt32]) {
        if value < 0x3400 {
            folded.append(contentsOf: table[Int(value)])
        } else if 0x3400...0xA4CF ~= value || 0xAC00...0xD7A3 ~= value || 0x1F300...0x1FAFF ~= value
        {
            // Han, Yi, Hangul and emoji are their own forms, but for the skin tones.
            if !(0x1F3FB...0x1F3FF ~= value) { folded.append(value) }
        } else {
            folded.append(contentsOf: computed(value))
        }
    }

    private static func computed(_ value: UInt32) -> [UInt32] {
        if value < 0x80 { return [ascii[Int(value)]] }
        if let special = special(value) { return special }
        guard let scalar = Unicode.Scalar(value) else { return [] }
        let lower = scalar.properties.lowercaseMapping
        let forms = lower.decomposedStringWithCompatibilityMapping.lowercased().unicodeScalars
        return forms.flatMap { form -> [UInt32] in
            if form.value < 0x80 { return [ascii[Int(form.value)]] }
            return special(form.value) ?? [form.value]
        }
    }

    /// What NFKD leaves apart although people read it as one, or the reverse.
    private static func special(_ value: UInt32) -> [UInt32]? {
        switch value {
        case 0x0300...0x036F, 0x0591...0x05C7, 0x0610...0x061A, 0x064B...0x0655, 0x0640: []
        case 0x00AD, 0x180E, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2069, 0xFEFF: []
        case 0xFE00...0xFE0F, 0xE0000...0xE007F, 0x1F3FB...0x1F3FF: []
        case 0x00A0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: [0x20]
        case 0x0085, 0x2028, 0x2029: [0x0A]
        case 0x00B4, 0x02B9...0x02BF, 0x2018...0x201B, 0x2032, 0xFF07: [0x27]
        case 0x00AB, 0x00BB, 0x201C...0x201F, 0x2033, 0x300C...0x300F, 0xFF02: [0x22]
        case 0x2010...0x2015, 0x2212: [0x2D]
        case 0x3001, 0x060C: [0x2C]
        case 0x3002, 0x06D4, 0x0964, 0x0965: [0x2E]
        case 0x061F, 0x00BF: [0x3F]
        case 0x00A1: [0x21]
        case 0x061B: [0x3B]
        case 0x00DF, 0x1E9E: [0x73, 0x73]
        case 0x00E6, 0x00C6: [0x61, 0x65]
        case 0x0153, 0x0152: [0x6F, 0x65]
        case 0x00F8, 0x00D8: [0x6F]
        case 0x0142, 0x0141: [0x6C]
        case 0x0111, 0x0110, 0x00F0, 0x00D0: [0x64]
        case 0x0131, 0x0130: [0x69]
        case 0x03C2: [0x03C3]
        case 0x0622, 0x0623, 0x0625, 0x0671: [0x0627]
        case 0x0649, 0x06CC: [0x064A]
        case 0x06A9: [0x0643]
        case 0x0629: [0x0647]
        default: nil
        }
    }

    /// Joins conjoining jamo into syllables, so that both Unicode forms of Korean are one.
    private static func composeHangul(_ folded: inout [UInt32]) {
        var output: [UInt32] = []
        for value in folded {
            let last = output.last ?? 0
            if 0x1161...0x1175 ~= value, 0x1100...0x1112 ~= last {
                output[output.count - 1] = 0xAC00 + ((last - 0x1100) * 21 + value - 0x1161) * 28
            } else if 0x11A8...0x11C2 ~= value, 0xAC00...0xD7A3 ~= last, (last - 0xAC00) % 28 == 0 {
                output[output.count - 1] = last + value - 0x11A7
            } else {
                output.append(value)
            }
        }
        folded = output
    }

    private static let kinds: [Kind] = (0..<0x10000).map { number in
        let value = UInt32(number)
        switch value {
        case 0x20: return .space
        case 0x0A: return .newline
        case 0x27: return .apostrophe
        case 0x22: return .quote
        case 0x21, 0x2E, 0x3F, 0x3B: return .full
        case 0x2C, 0x3A, 0x28, 0x29, 0x5B, 0x5D, 0x7B, 0x7D: return .soft
        case 0x30...0x39: return .digit
        case 0x3040...0x30FF, 0x3400...0x9FFF, 0xAC00...0xD7A3, 0xF900...0xFAFF:
            return .ideograph
        case 0x2300...0x23FF, 0x2600...0x27BF, 0x2B00...0x2BFF: return .emoji
        default: break
        }
        guard let properties = Unicode.Scalar(value)?.properties else { return .other }
        if properties.numericType == .decimal { return .digit }
        let category = properties.generalCategory
        let isMark = category == .nonspacingMark || category == .spacingMark
        return properties.isAlphabetic || isMark ? .letter : .other
    }

    private static func wideKind(_ value: UInt32) -> Kind {
        if 0x1F000...0x1FAFF ~= value { return .emoji }
        if 0x20000...0x3FFFF ~= value { return .ideograph }
        return Unicode.Scalar(value)?.properties.isAlphabetic == true ? .letter : .other
    }
}
