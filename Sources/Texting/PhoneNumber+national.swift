extension PhoneNumber {
    /// The number as it is written in its own country, for example `(202) 555-0123`.
    ///
    /// Formats come from libphonenumber's metadata; a number that fits none is shown as digits.
    package var national: String {
        let tables = PhoneNumberTables.shared
        guard let code = tables.callingCode(callingCode) else { return e164 }
        let digits = nationalDigits
        let form = tables.automaton.output(code.formatRoot, digits)
        var text = [UInt8]()
        if form == 0 {
            for index in 0..<digits.count { text.append(digits[index] + 0x30) }
        } else {
            digits.written(as: tables.templates[Int(form)]) { text.append($0) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// What follows the calling code.
    var nationalDigits: Digits {
        var digits = Digits()
        for byte in e164.utf8.dropFirst(1 + callingCodeWidth) { digits.append(byte - 0x30) }
        return digits
    }
}
