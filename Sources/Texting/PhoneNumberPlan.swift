/// How digits become a national number under one region's plan.
///
/// The steps and their order are libphonenumber's, so that both read a number alike: exit code,
/// calling code, national prefix, length.
extension PhoneNumber {
    /// Reads dialled digits in the first region where they are valid, else unlikely.
    static func parse(_ dialled: DialledNumber, regions: [String]) -> Result {
        let tables = PhoneNumberTables.shared
        if dialled.hasPlus {
            let home = regions.first.flatMap(tables.place(of:))
            return Dialling(tables: tables, dialled: dialled, home: home).result()
        }
        var answer: Result?
        for region in regions {
            guard let home = tables.place(of: region) else { continue }
            let result = Dialling(tables: tables, dialled: dialled, home: home).result()
            if case .number(let number) = result, number.likelihood == .valid { return result }
            answer = better(answer, result)
        }
        return answer ?? .invalid(.countryMissing)
    }

    private static func better(_ one: Result?, _ other: Result) -> Result {
        if case .number = one { return one ?? other }
        if case .number = other { return other }
        return one ?? other
    }
}

/// One reading of dialled digits, from one region.
private struct Dialling {
    let tables: PhoneNumberTables
    let dialled: DialledNumber
    /// The place of the region one dials from, if it is known.
    let home: Int?

    /// The fewest and the most digits of a national number, in any plan.
    private static let nationalDigits = 2...17

    func result() -> PhoneNumber.Result {
        do {
            return try .number(number())
        } catch {
            return .invalid(error)
        }
    }

    private func number() throws(PhoneNumber.Fault) -> PhoneNumber {
        guard !dialled.digits.isOverfull else { throw .tooLong }
        let digits = dialled.digits
        guard let abroad = try international(digits) else {
            guard let home else { throw .countryMissing }
            return try finish(digits, plan: home)
        }
        let main = abroad.code.firstRegion
        // Countries that share a code with home read the number by home's plan only if home is main.
        return try finish(abroad.rest, plan: main)
    }

    /// The calling code that stands before `digits`, and what follows it; `nil` for national form.
    private func international(
        _ digits: Digits
    ) throws(PhoneNumber.Fault) -> (code: PhoneNumberTables.CallingCode, rest: Digits)? {
        if dialled.hasPlus {
            guard digits.count > Self.nationalDigits.lowerBound else { throw .tooShort }
            if let found = callingCode(of: digits) { return found }
        }
        guard let home else {
            if dialled.hasPlus { throw .unknownCountryCode }
            return nil
        }
        let exit = Int(tables.automaton.output(tables.regions[home].exitRoot, digits))
        if exit > 0, exit - 1 >= digits.count || digits[exit - 1] != 0 {
            let rest = digits.dropFirst(exit - 1)
            guard rest.count > Self.nationalDigits.lowerBound else { throw .tooShort }
            guard let found = callingCode(of: rest) else { throw .unknownCountryCode }
            return found
        }
        if let found = ownCallingCode(digits, home) { return found }
        if dialled.hasPlus { throw .unknownCountryCode }
        return nil
    }

    private func callingCode(
        of digits: Digits
    ) -> (code: PhoneNumberTables.CallingCode, rest: Digits)? {
        guard digits.count > 0, digits[0] != 0 else { return nil }
        var value = 0
        for width in 1...min(3, digits.count) {
            value = value * 10 + Int(digits[width - 1])
            if let code = tables.callingCode(value) { return (code, digits.dropFirst(width)) }
        }
        return nil
    }

    /// The home country's own code written without a plus, if the number makes more sense so.
    private func ownCallingCode(
        _ digits: Digits, _ home: Int
    ) -> (code: PhoneNumberTables.CallingCode, rest: Digits)? {
        let region = tables.regions[home]
        guard let code = tables.callingCode(Int(region.callingCode)),
            let width = digits.starts(with: region.callingCode)
        else { return nil }
        let rest = withoutPrefix(digits.dropFirst(width), home)
        let isBetter = !isViable(digits, home) && isViable(rest, home)
        guard isBetter || length(digits, home) == .tooLong else { return nil }
        return (code, rest)
    }

    private func isViable(_ digits: Digits, _ place: Int) -> Bool {
        let region = tables.regions[place]
        guard let code = tables.callingCode(Int(region.callingCode)) else { return false }
        return tables.verdict(digits, code).viable >> UInt32(region.place) & 1 == 1
    }

    /// The digits without what is dialled only within the country, or with what locals leave out.
    private func withoutPrefix(_ digits: Digits, _ place: Int) -> Digits {
        let rewriting = tables.automaton.output(tables.regions[place].prefixRoot, digits)
        guard rewriting != 0 else { return digits }
        var written = Digits()
        digits.written(as: tables.templates[Int(rewriting)]) { written.append($0 - 0x30) }
        return isViable(digits, place) && !isViable(written, place) ? digits : written
    }

    private func length(_ digits: Digits, _ place: Int) -> PhoneNumber.Fault? {
        let region = tables.regions[place]
        let bit: UInt32 = digits.count < 32 ? 1 << UInt32(digits.count) : 0
        if region.localLengths & bit != 0 { return .areaCodeMissing }
        if region.lengths & bit != 0 { return nil }
        if digits.count < region.lengths.trailingZeroBitCount { return .tooShort }
        return bit == 0 || bit > region.lengths ? .tooLong : .wrongLength
    }

    /// Strips the national prefix, checks the length and asks the plan about the number.
    private func finish(_ digits: Digits, plan: Int) throws(PhoneNumber.Fault) -> PhoneNumber {
        guard digits.count >= Self.nationalDigits.lowerBound else { throw .tooShort }
        var national = digits
        let stripped = withoutPrefix(digits, plan)
        switch length(stripped, plan) {
        case .tooShort, .areaCodeMissing, .wrongLength: break
        default: national = stripped
        }
        guard national.count >= Self.nationalDigits.lowerBound else { throw .tooShort }
        guard national.count <= Self.nationalDigits.upperBound else { throw .tooLong }
        guard let code = tables.callingCode(Int(tables.regions[plan].callingCode))
        else { throw .unknownCountryCode }
        let verdict = tables.verdict(national, code)
        if verdict.type == .unknown, let fault = length(national, code.firstRegion) { throw fault }
        return build(national, code, verdict)
    }

    private func build(
        _ national: Digits, _ code: PhoneNumberTables.CallingCode,
        _ verdict: PhoneNumberTables.Verdict
    ) -> PhoneNumber {
        let place = verdict.region == 0xFF ? 0 : Int(verdict.region)
        return PhoneNumber(
            e164: national.international(code.code),
            region: tables.regions[code.firstRegion + place].code,
            likelihood: verdict.type == .unknown ? .unlikely : .valid, type: verdict.type,
            extension: dialled.extension, callingCode: Int(code.code))
    }
}

extension Digits {
    /// `+`, the calling code and these digits.
    fileprivate func international(_ code: UInt16) -> String {
        String(unsafeUninitializedCapacity: Self.capacity + 4) { text in
            text[0] = UInt8(ascii: "+")
            var length = 1
            var power: UInt16 = code >= 100 ? 100 : code >= 10 ? 10 : 1
            while power > 0 {
                text[length] = UInt8(code / power % 10) + 0x30
                (length, power) = (length + 1, power / 10)
            }
            for index in 0..<count {
                text[length] = self[index] + 0x30
                length += 1
            }
            return length
        }
    }
}
