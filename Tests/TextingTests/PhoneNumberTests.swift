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
}
