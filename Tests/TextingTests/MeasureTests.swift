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

    @Test func `measuring agrees with a slow reference on random texts`() {
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

    private func randomText(using random: inout SeededGenerator) -> String {
        let alphabets: [[Unicode.Scalar]] = [
            Array("abcdefghij XYZ0123.,!?@".unicodeScalars),
            Array("€[]{}^~|\\aaaaaaa".unicodeScalars),
            Array("àéñÇßΩΔ aaaa".unicodeScalars), Array("ŵŷâêîôûçáíóúł a".unicodeScalars),
            Array("😀🛑👋🏽a ".unicodeScalars),
        ]
        let isPlain = Bool.random(using: &random)
        let length = Int.random(in: 0...(Bool.random(using: &random) ? 20 : 500), using: &random)
        var text = String.UnicodeScalarView()
        for _ in 0..<length {
            let alphabet = alphabets[Int.random(in: 0..<(isPlain ? 3 : 5), using: &random)]
            text.append(alphabet.randomElement(using: &random)!)
        }
        return String(text)
    }
}

/// Splits a text into real parts, character by character, from the standard's table alone.
private struct SlowMeasure: CustomStringConvertible {
    let encoding: String
    let units: Int
    let segments: Int

    init(_ text: String) {
        // The table of TS 23.038 §6.2.1 by code, columns 0 to 7 of 16 rows; 27 is the escape.
        let table: [String] = [
            "@£$¥èéùìòÇ\nØø\rÅå", "Δ_ΦΓΛΩΠΨΣΘΞ\u{0}ÆæßÉ", " !\"#¤%&'()*+,-./", "0123456789:;<=>?",
            "¡ABCDEFGHIJKLMNO", "PQRSTUVWXYZÄÖÑÜ§", "¿abcdefghijklmno", "pqrstuvwxyzäöñüà",
        ]
        let second: [Unicode.Scalar: UInt8] = [
            "\u{0C}": 10, "^": 20, "{": 40, "}": 41, "\\": 47, "[": 60, "~": 61, "]": 62, "|": 64,
            "€": 101,
        ]
        let first = table.joined().unicodeScalars.enumerated().filter { $0.element != "\u{0}" }
        let codes = Dictionary(uniqueKeysWithValues: first.map { ($0.element, UInt8($0.offset)) })
        let septets = text.unicodeScalars.map { scalar -> [Int]? in
            codes[scalar].map { [Int($0)] } ?? second[scalar].map { [27, Int($0)] }
        }
        let isPlain = !septets.contains { $0 == nil }
        let characters: [[Int]] =
            isPlain
            ? septets.map { $0! }
            : text.unicodeScalars.map { String($0).utf16.map(Int.init) }
        encoding = isPlain ? "GSM-7" : "UCS-2"
        units = characters.joined().count
        var parts: [[Int]] = units == 0 ? [] : [[]]
        let capacity = isPlain ? (units <= 160 ? 160 : 153) : (units <= 70 ? 70 : 67)
        for character in characters {
            if parts[parts.count - 1].count + character.count > capacity { parts.append([]) }
            parts[parts.count - 1] += character
        }
        segments = parts.count
    }

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
