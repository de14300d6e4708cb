import Testing

@testable import Texting

/// Numbers as people write them; what is right was taken from the national numbering plans.
@Suite struct PhoneNumberTests {
    @Test(arguments: [
        ("(202) 555-0123", ["US"], "+12025550123"),
        ("07911 123456", ["GB"], "+447911123456"),
        ("07911 123456", ["US", "GB"], "+447911123456"),
        ("011 44 20 7946 0958", ["US"], "+442079460958"),
        ("00 1 202 555 0123", ["GB"], "+12025550123"),
        ("06 12 34 56 78", ["fr"], "+33612345678"),
        ("011 15-2345-6789", ["AR"], "+5491123456789"),
        ("٠٧٩١١١٢٣٤٥٦", ["UK"], "+447911123456"),
        ("＋１（２０２）５５５−０１２３", [], "+12025550123"),
        ("1-800-FLOWERS", ["US"], "+18003569377"),
        ("2025550123.0", ["US"], "+12025550123"),
        ("tel:+1-202-555-0123", [], "+12025550123"),
        ("\u{202A}+1 202 555 0123\u{202C}", [], "+12025550123"),
    ])
    func `a number is read in every form people write`(
        text: String, regions: [String], e164: String
    ) throws {
        #expect(try #require(PhoneNumber(text, regions: regions)).e164 == e164)
    }

    @Test(arguments: [
        ("", PhoneNumber.Fault.notANumber), ("n/a", .notANumber), ("1.20256E+10", .notANumber),
        ("555-0123", .areaCodeMissing), ("20255501", .tooShort), ("202555012345", .tooLong),
        ("+999 123 4567", .unknownCountryCode), ("9", .notANumber),
    ])
    func `what is no number says why`(text: String, fault: PhoneNumber.Fault) {
        #expect(PhoneNumber.parse(text, regions: ["US"]) == .invalid(fault))
    }

    @Test func `a national number without a country is asked for one`() {
        #expect(PhoneNumber.parse("2025550123", regions: []) == .invalid(.countryMissing))
    }

    @Test func `an extension is reported`() throws {
        let number = try #require(PhoneNumber("202 555 0123 ext. 45", regions: ["US"]))

        #expect(number.extension == "45")
        #expect(number.e164 == "+12025550123")
    }

    @Test(arguments: [
        ("+44 7700 900123", PhoneNumber.Likelihood.unlikely), ("+44 20 7946 0123", .valid),
        ("+1 202 555 0123", .valid), ("+1 555 555 0123", .unlikely), ("+33 1 99 00 12 34", .valid),
    ])
    func `numbers of films and demonstrations are numbers`(
        text: String, likelihood: PhoneNumber.Likelihood
    ) throws {
        #expect(try #require(PhoneNumber(text)).likelihood == likelihood)
    }

    @Test(arguments: [
        ("+1 202 555 0123", "US"), ("+1 416 555 0123", "CA"), ("+1 787 234 5678", "PR"),
        ("+1 876 210 1234", "JM"), ("+44 7400 123456", "GB"), ("+44 7781 123456", "GG"),
        ("+44 7797 712345", "JE"), ("+44 7624 123456", "IM"), ("+7 912 345 67 89", "RU"),
        ("+7 701 123 4567", "KZ"), ("+39 06 698 12345", "VA"), ("+590 690 00 12 34", "GP"),
    ])
    func `countries that share a code are told apart`(text: String, region: String) throws {
        #expect(try #require(PhoneNumber(text)).region == region)
    }

    @Test func `a number of no country has no region`() throws {
        #expect(try #require(PhoneNumber("+800 1234 5678")).region == nil)
    }

    @Test func `the first region in which a number is valid reads it`() throws {
        let american = try #require(PhoneNumber("2079460958", regions: ["US", "GB"]))
        let british = try #require(PhoneNumber("2079460958", regions: ["GB", "US"]))

        #expect(american.region == "US")
        #expect(british.region == "GB")
    }

    @Test func `a mobile number in a later column is trusted more than a landline before it`() {
        let best = PhoneNumber.best(
            of: ["020 7946 0958", " ", "07911 123456", "07911 123457"], regions: ["GB"])

        #expect(best == .number(PhoneNumber("+447911123456") ?? unexpected))
    }

    @Test func `among equal columns the first wins and faults do not matter`() {
        let best = PhoneNumber.best(
            of: ["call me", "202-555-0123", "415-555-0123"], regions: ["US"])

        #expect(best == .number(PhoneNumber("+12025550123") ?? unexpected))
    }

    @Test func `without any number the first fault is told`() {
        let best = PhoneNumber.best(of: ["", "555-0123", "n/a"], regions: ["US"])

        #expect(best == .invalid(.areaCodeMissing))
        #expect(PhoneNumber.best(of: ["", " "], regions: ["US"]) == .invalid(.notANumber))
    }

    @Test(arguments: [
        "202-555-0123 (cell)", "cell: 202-555-0123", "202-555-0123 / 415-555-0199",
        "202-555-0123, 415-555-0199", "202-555-0123 Jane", "001 202 555 0123", "2025550123;",
        "202 555 0123 or 415 555 0199", "'2025550123", "202-555-0123 x",
    ])
    func `a column may hold words and further numbers`(column: String) throws {
        let expected = try #require(PhoneNumber("+12025550123"))

        #expect(PhoneNumber.found(in: column, regions: ["US"]) == .number(expected))
    }

    @Test func `a guess counts only if it is valid`() {
        #expect(
            PhoneNumber.found(in: "555-555-0123 unlisted", regions: ["US"]) == .invalid(.tooLong))
        #expect(PhoneNumber.found(in: "see notes", regions: ["US"]) == .invalid(.notANumber))
        #expect(PhoneNumber.found(in: "", regions: ["US"]) == .invalid(.notANumber))
    }

    @Test(arguments: [
        ("+12025550123", "DC"), ("+14155550123", "CA"), ("+17872345678", "PR"),
        ("+12362345678", nil), ("+18005550123", nil), ("+442079460958", nil),
    ])
    func `an area code presumes a state`(e164: String, state: String?) throws {
        #expect(try #require(PhoneNumber(e164)).state == state)
    }

    @Test(arguments: [
        ("+12025550123", "(202) 555-0123"), ("+447911123456", "07911 123456"),
        ("+33612345678", "06 12 34 56 78"), ("+390669812345", "06 6981 2345"),
        ("+5491123456789", "011 15-2345-6789"), ("+80012345678", "1234 5678"),
    ])
    func `a number is written as at home`(e164: String, national: String) throws {
        #expect(try #require(PhoneNumber(e164)).national == national)
    }

    /// Whatever bytes a list contains, reading ends in an answer.
    @Test func `any text is read without harm`() {
        var chance = SeededChance(state: 7)
        let alphabet = Array("+0123456789 ()-./x#,;ext=~*[]\\:\t٣３é漢\u{202A}а́isub")
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...40, using: &chance)
            let text = String(
                (0..<length).map { _ in alphabet.randomElement(using: &chance) ?? "0" })
            if case .number(let number) = PhoneNumber.found(in: text, regions: ["US", "GB"]) {
                #expect(number.e164.first == "+" && number.e164.utf8.count <= 21, "\(text)")
            }
        }
        #expect(PhoneNumber(String(repeating: "1", count: 100_000), regions: ["US"]) == nil)
    }

    private var unexpected: PhoneNumber {
        PhoneNumber(
            e164: "+0", region: nil, likelihood: .unlikely, type: .unknown, extension: nil,
            callingCode: 0)
    }
}
