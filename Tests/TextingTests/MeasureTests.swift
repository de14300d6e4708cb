import Foundation
import Testing

@testable import Texting

/// Segments as carriers bill them: 3GPP TS 23.038 and TS 23.040.
@Suite struct MeasureTests {
    @Test func `an empty text is GSM-7 and costs nothing`() {
        #expect(Measure("") == Measure(encoding: .gsm7, units: 0, parts: 0))
        #expect(Measure("").segments == 0)
    }

    @Test(arguments: [
        (String(repeating: "a", count: 160), 160, 1), (String(repeating: "a", count: 161), 161, 2),
        (String(repeating: "a", count: 306), 306, 2), (String(repeating: "a", count: 307), 307, 3),
        (String(repeating: "€", count: 80), 160, 1), ("[ok]", 6, 1), ("ñ è Ç \n", 7, 1),
    ])
    func `the GSM alphabet holds 160 septets alone and 153 joined`(
        text: String, units: Int, segments: Int
    ) {
        let measure = Measure(text)
        #expect(measure.encoding == .gsm7)
        #expect(measure.units == units)
        #expect(measure.segments == segments)
    }

    @Test(arguments: [
        ("ŵ", 1, 1), ("ç", 1, 1), ("e\u{301}", 2, 1), ("\t", 1, 1), ("‘", 1, 1), ("😀", 2, 1),
        (String(repeating: "ŵ", count: 70), 70, 1), (String(repeating: "ŵ", count: 71), 71, 2),
        (String(repeating: "ŵ", count: 134), 134, 2), (String(repeating: "ŵ", count: 135), 135, 3),
        ("🏴󠁧󠁢󠁷󠁬󠁳󠁿", 14, 1), ("👨‍👩‍👧‍👦", 11, 1), ("👋🏽", 4, 1), ("🇵🇱", 4, 1), ("1️⃣", 3, 1),
    ])
    func `one character outside the alphabet turns the whole text into UCS-2`(
        text: String, units: Int, segments: Int
    ) {
        let measure = Measure(text)
        #expect(measure.encoding == .ucs2)
        #expect(measure.units == units)
        #expect(measure.segments == segments)
    }

    @Test func `an escape is never cut from its character`() {
        let text = String(repeating: "a", count: 152) + "€" + String(repeating: "a", count: 152)
        #expect(Measure(text).units == 306)
        #expect(Measure(text).segments == 3)
    }

    @Test func `a surrogate pair is never cut`() {
        let text = String(repeating: "a", count: 66) + "😀" + String(repeating: "a", count: 66)
        #expect(Measure(text).units == 134)
        #expect(Measure(text).segments == 3)
    }

    @Test func `the escape character itself is outside the alphabet`() {
        #expect(Measure("\u{1B}").encoding == .ucs2)
    }

    @Test func `a text above the limit says both numbers`() throws {
        #expect(try segments(of: "hello", limit: 1) == 1)
        let error = #expect(throws: TextTooLong.self) {
            try segments(of: String(repeating: "a", count: 161), limit: 1)
        }
        #expect(error == TextTooLong(segments: 2, limit: 1))
        #expect(error?.description.contains("2 segments and 1") == true)
    }

    @Test func `bytes measure as the text they hold`() {
        #expect(Measure(utf8: Array("Siân €5".utf8)) == Measure("Siân €5"))
        #expect(Measure(utf8: [0x61, 0xFF]) == Measure("a\u{FFFD}"))
    }

    @Test func `measuring agrees with a slow independent reference on random texts`() {
        let isFull = ProcessInfo.processInfo.environment["BARNSTORM_FULL"] == "1"
        var random = SeededGenerator(seed: 0xBA52)
        for _ in 0..<(isFull ? 1_000_000 : 50_000) {
            let text = randomText(using: &random)
            let measure = Measure(text)
            let reference = SlowMeasure(text)
            guard
                measure.encoding.rawValue != reference.encoding || measure.units != reference.units
                    || measure.segments != reference.segments
            else { continue }
            Issue.record("\(text.debugDescription): \(measure), expected \(reference)")
            return
        }
    }

    private static let alphabets: [[Unicode.Scalar]] = [
        Array("abcdefghij XYZ0123.,!?@".unicodeScalars),
        Array("€[]{}^~|\\aaaaaaa".unicodeScalars),
        Array("àéñÇßΩΔ aaaa".unicodeScalars), Array("ŵŷâêîôûçáíóúł a".unicodeScalars),
        Array("😀🛑👋🏽a ".unicodeScalars),
    ]

    /// Short texts, and texts about as long as one, two or three segments of either kind.
    private static let lengths = [0...20, 60...75, 125...165, 195...205, 290...320, 440...470]

    /// A few bits of one random number choose each letter: a million texts are a hundred million.
    private func randomText(using random: inout SeededGenerator) -> String {
        let choice = random.next()
        let kinds: UInt64 = choice & 1 == 0 ? 3 : 5
        let lengths = Self.lengths[[0, 0, 0, 1, 1, 2, 3, 4, 5][Int(choice >> 8) % 9]]
        let length = lengths.lowerBound + Int(choice >> 32) % lengths.count
        var text = String.UnicodeScalarView()
        for _ in 0..<length {
            let bits = random.next()
            let alphabet = Self.alphabets[Int(bits % kinds)]
            text.append(alphabet[Int(bits >> 32) % alphabet.count])
        }
        return String(text)
    }
}

/// Packs a text into parts, character by character, from the standard's table alone.
private struct SlowMeasure: CustomStringConvertible {
    let encoding: String
    let units: Int
    let segments: Int

    init(_ text: String) {
        var septets: [Int] = []
        var isPlain = true
        for scalar in text.unicodeScalars {
            guard let width = Self.septets[scalar] else {
                isPlain = false
                break
            }
            septets.append(width)
        }
        let widths = isPlain ? septets : text.unicodeScalars.map { $0.value < 0x10000 ? 1 : 2 }
        encoding = isPlain ? "GSM-7" : "UCS-2"
        var sum = 0
        for width in widths { sum += width }
        units = sum
        let capacity = isPlain ? (sum <= 160 ? 160 : 153) : (sum <= 70 ? 70 : 67)
        var parts: [Int] = sum == 0 ? [] : [0]
        for width in widths {
            if parts[parts.count - 1] + width > capacity { parts.append(0) }
            parts[parts.count - 1] += width
        }
        segments = parts.count
    }

    /// Septets of each character: the table of TS 23.038 §6.2.1 by code, columns 0 to 7 of 16 rows,
    /// 27 being the escape, before the characters of the second table.
    private static let septets: [Unicode.Scalar: Int] = {
        let table: [String] = [
            "@£$¥èéùìòÇ\nØø\rÅå", "Δ_ΦΓΛΩΠΨΣΘΞ\u{0}ÆæßÉ", " !\"#¤%&'()*+,-./", "0123456789:;<=>?",
            "¡ABCDEFGHIJKLMNO", "PQRSTUVWXYZÄÖÑÜ§", "¿abcdefghijklmno", "pqrstuvwxyzäöñüà",
        ]
        var septets: [Unicode.Scalar: Int] = [:]
        for scalar in table.joined().unicodeScalars where scalar != "\u{0}" { septets[scalar] = 1 }
        for scalar in "\u{0C}^{}\\[~]|€".unicodeScalars { septets[scalar] = 2 }
        return septets
    }()

    var description: String { "\(encoding) \(units) \(segments)" }
}

/// SplitMix64: the same texts on every machine and in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
