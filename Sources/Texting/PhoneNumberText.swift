/// What a person wrote, reduced to what can be dialled.
struct DialledNumber {
    /// The digits, with letters turned into digits if there are at least three.
    private(set) var digits = Digits()
    /// Whether a plus stood before them.
    private(set) var hasPlus = false
    private(set) var `extension`: String?

    /// Longer texts are no numbers; libphonenumber's bound.
    static let lengthMax = 250

    /// Reads a text, or `nil` if no number stands in it.
    init?(_ text: String) {
        var signs = [UInt8]()
        signs.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars { signs.append(Sign.of(scalar)) }
        guard signs.count <= Self.lengthMax else { return nil }
        self.init(signs: Self.candidate(in: signs[...]))
    }

    /// Reads signs that begin with a plus or a digit.
    init?(signs: ArraySlice<UInt8>) {
        var number = signs
        if let found = ExtensionMark.find(in: signs), Self.isViable(signs[..<found.start]) {
            number = signs[..<found.start]
            `extension` = String(decoding: signs[found.digits], as: UTF8.self)
        }
        guard Self.isViable(number) else { return nil }
        // Two digits may be a short number, but not with an extension that is no mere punctuation.
        if number.count == 2, `extension` != nil, !Self.isViable(signs) { return nil }
        let hasWords = number.count(where: Sign.isLetter) >= 3
        for sign in number {
            if let digit = Sign.digit(sign, lettersToo: hasWords) { digits.append(digit) }
        }
        hasPlus = number.first == Sign.plus
    }

    /// The part from the first digit or plus to the last letter, digit or `#`, and of two numbers
    /// that share their beginning (`555-0100 x1/x2`) the first.
    private static func candidate(in signs: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let start = signs.firstIndex(where: { Sign.isDigit($0) || $0 == Sign.plus })
        else { return [] }
        var rest = signs[start...]
        while let last = rest.last, !Sign.mayEnd(last) { rest.removeLast() }
        if let second = secondNumber(in: rest) { rest = rest[..<second] }
        if rest.contains(UInt8(ascii: ";")),
            let address = rest.firstRange(of: Array(";isub=".utf8))
        {
            rest = rest[..<address.lowerBound]
        }
        return withoutDecimalPlace(rest)
    }

    private static func secondNumber(in signs: ArraySlice<UInt8>) -> Int? {
        signs.indices.first { index in
            guard signs[index] == UInt8(ascii: "/") || signs[index] == UInt8(ascii: "\\")
            else { return false }
            return signs[(index + 1)...].first { $0 != UInt8(ascii: " ") } == UInt8(ascii: "x")
        }
    }

    /// Drops `.0` behind nothing but digits: a spreadsheet took the number for a quantity.
    private static func withoutDecimalPlace(_ signs: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let integer = signs.dropLast(2)
        guard signs.count > 8, signs.suffix(2).elementsEqual(".0".utf8),
            integer.dropFirst(integer.first == Sign.plus ? 1 : 0).allSatisfy(Sign.isDigit)
        else { return signs }
        return integer
    }

    /// Whether signs look like a number: pluses, three digits among punctuation, then also letters;
    /// or just two digits.
    private static func isViable(_ signs: ArraySlice<UInt8>) -> Bool {
        if signs.count == 2 { return signs.allSatisfy(Sign.isDigit) }
        var digits = 0
        for sign in signs.drop(while: { $0 == Sign.plus }) {
            if Sign.isDigit(sign) {
                digits += 1
            } else if !Sign.isPunctuation(sign), digits < 3 || !Sign.isLetter(sign) {
                return false
            }
        }
        return digits >= 3
    }
}

/// Characters of a number, folded to ASCII so that each is one byte.
enum Sign {
    static let plus = UInt8(ascii: "+")
    /// A letter that no number contains.
    private static let foreignLetter: UInt8 = 0xFE
    /// Anything else that no number contains.
    private static let foreign: UInt8 = 0xFF

    static func of(_ scalar: Unicode.Scalar) -> UInt8 {
        guard scalar.value >= 0x80 else {
            let byte = UInt8(scalar.value)
            return (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
        }
        switch scalar.value {
        case 0xFF0B: return plus
        case 0xFF01...0xFF5E: return of(Unicode.Scalar(UInt8(scalar.value - 0xFF01 + 0x21)))
        case 0x2010...0x2015, 0x2212, 0x30FC: return UInt8(ascii: "-")
        case 0xA0, 0xAD, 0x200B, 0x2060, 0x3000: return UInt8(ascii: " ")
        case 0x2053, 0x223C: return UInt8(ascii: "~")
        case 0xF3: return UInt8(ascii: "o")  // extensión
        case 0x434, 0x43E, 0x431: return [0x434: 0x80, 0x43E: 0x81, 0x431: 0x82][scalar.value] ?? 0
        default: break
        }
        if scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue {
            return UInt8(value) + 0x30
        }
        return scalar.properties.isAlphabetic ? foreignLetter : foreign
    }

    static func isDigit(_ sign: UInt8) -> Bool { sign &- 0x30 < 10 }

    static func isLetter(_ sign: UInt8) -> Bool { sign &- 0x61 < 26 }

    /// What people put between digits; `x` stands for a carrier code in Brazil.
    static func isPunctuation(_ sign: UInt8) -> Bool {
        switch sign {
        case UInt8(ascii: "-"), UInt8(ascii: "x"), UInt8(ascii: " "), UInt8(ascii: "("),
            UInt8(ascii: ")"), UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "/"), UInt8(ascii: "~"), UInt8(ascii: "*"):
            true
        default: false
        }
    }

    static func mayEnd(_ sign: UInt8) -> Bool {
        isDigit(sign) || isLetter(sign) || sign == UInt8(ascii: "#")
            || (sign >= 0x80 && sign != foreign)
    }

    /// The digit of a sign: itself, or its key on a telephone (ITU-T E.161).
    static func digit(_ sign: UInt8, lettersToo: Bool) -> UInt8? {
        if isDigit(sign) { return sign - 0x30 }
        guard lettersToo, isLetter(sign) else { return nil }
        let keys: StaticString = "22233344455566677778889999"
        return keys.utf8Start[Int(sign - 0x61)] - 0x30
    }
}
