extension PhoneNumber {
    /// The number in a column of a list, with what people write beside it.
    ///
    /// Reads as ``parse(_:regions:)``. Where that finds no number, what stands before a word, a comma,
    /// a semicolon or a slash is tried alone (`202-555-0123 (cell)`, `… / 415-555-0123`), and `00` as
    /// the exit code of other countries; but then only a *valid* number counts, for it is a guess.
    package static func found(in text: String, regions: [String]) -> Result {
        let result = parse(text, regions: regions)
        guard case .invalid = result else { return result }
        for part in [beforeWords(text), internationally(text)] {
            guard let part, case .number(let number) = parse(part, regions: regions),
                number.likelihood == .valid
            else { continue }
            return .number(number)
        }
        return result
    }

    /// What stands before the first sign that is neither digit nor punctuation of numbers.
    private static func beforeWords(_ text: String) -> String? {
        var digits = 0
        var end = text.startIndex
        for index in text.unicodeScalars.indices {
            let sign = Sign.of(text.unicodeScalars[index])
            if Sign.isDigit(sign) {
                digits += 1
            } else if digits > 0, !Sign.isPunctuation(sign) || "x/".utf8.contains(sign) {
                end = index
                break
            }
        }
        return digits >= 7 && end > text.startIndex ? String(text[..<end]) : nil
    }

    /// The text with a plus in place of its leading `00`.
    private static func internationally(_ text: String) -> String? {
        let trimmed = text.drop { !$0.isNumber }
        return trimmed.hasPrefix("00") ? "+" + trimmed.dropFirst(2) : nil
    }
}
