import Testing

@testable import Texting

/// Every reading agrees with the package phonenumbers: examples of all regions and types, and
/// thousands of mistyped ones.
@Suite struct PhoneNumberAgreementTests {
    private static let kinds = [
        "unknown", "fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate",
        "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail",
    ]

    @Test func `numbers, faults, types and national forms agree with phonenumbers`() throws {
        let rows = try Fixture.rows("phone-numbers.tsv")

        for row in rows {
            let regions = row[1] == "ZZ" ? [] : [row[1]]
            let read = described(PhoneNumber.parse(row[0], regions: regions))
            var expected = Array(row[2...])
            // Where phonenumbers leaves open which of several countries it is, we say the main one.
            if expected.count > 1, expected[1] == "?", read.count > 1 { expected[1] = read[1] }
            #expect(read == expected, "\(row[0]) from \(row[1])")
        }
        #expect(rows.count == 7000)
    }

    @Test func `a valid E.164 number reads as itself from any region`() throws {
        for row in try Fixture.rows("phone-numbers.tsv") where row.count > 3 && row[4] == "valid" {
            let number = try #require(PhoneNumber(row[2], regions: []), "\(row[2])")
            #expect(number.e164 == row[2])
            #expect(number.likelihood == .valid)
            #expect(PhoneNumber(row[2], regions: ["JP"]) == number)
        }
    }

    @Test func `a valid number written the national way is read back at home`() throws {
        for row in try Fixture.rows("phone-numbers.tsv") where row.count > 3 && row[4] == "valid" {
            let number = try #require(PhoneNumber(row[2]))
            guard let region = number.region else { continue }
            let again = PhoneNumber(number.national, regions: [region])
            #expect(again?.e164 == number.e164, "\(number.national) from \(region)")
        }
    }

    @Test func `punctuation, spaces and foreign digits change nothing`() throws {
        var chance = SeededChance(state: 11)
        for row in try Fixture.rows("phone-numbers.tsv").prefix(1500) where row.count > 3 {
            guard row[4] == "valid", row[3] != "?", row[3] != "-" else { continue }
            let number = try #require(PhoneNumber(row[2]))
            var text = ""
            for letter in number.national {
                let separator = ["", "", " ", "-", ".", " (", ") ", "\u{A0}", "–"]
                    .randomElement(using: &chance)
                text += (text.isEmpty ? "" : separator ?? "") + foreign(letter, &chance)
            }
            #expect(PhoneNumber(text, regions: [row[3]])?.e164 == row[2], "\(text)")
        }
    }

    /// A digit in one of four scripts.
    private func foreign(_ letter: Character, _ chance: inout SeededChance) -> String {
        guard let digit = letter.wholeNumberValue,
            let zero = [0x30, 0x660, 0x966, 0xFF10].randomElement(using: &chance),
            let scalar = Unicode.Scalar(UInt32(zero + digit))
        else { return String(letter) }
        return String(Character(scalar))
    }

    private func described(_ result: PhoneNumber.Result) -> [String] {
        switch result {
        case .invalid(let fault): return [fault.rawValue]
        case .number(let number):
            return [
                number.e164, number.region ?? "-", number.likelihood.rawValue,
                Self.kinds[Int(number.type.rawValue)], number.extension ?? "-", number.national,
            ]
        }
    }
}
