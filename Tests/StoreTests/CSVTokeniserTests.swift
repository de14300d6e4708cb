import Testing

@testable import Store

/// RFC 4180, in pieces.
@Suite struct CSVTokeniserTests {
    @Test func `any table comes back, however the file is cut`() throws {
        var random = SplitMix(seed: 4180)
        let alphabet = ["a", "Ä", "\"", ",", "\n", "\r\n", " ", "😀", ""]
        for _ in 0..<500 {
            let width = Int.random(in: 1...5, using: &random)
            let table = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                (0..<width).map { _ in
                    (0..<Int.random(in: 0...4, using: &random))
                        .map { _ in alphabet.randomElement(using: &random)! }.joined()
                }
            }
            let ending = ["\n", "\r\n", "\r"].randomElement(using: &random)!
            var text = table.map { $0.map(quoted).joined(separator: ",") }
                .joined(separator: ending)
            // A last record without content needs its line end to be seen.
            if Bool.random(using: &random) || table.last == [""] { text += ending }

            #expect(try read(Array(text.utf8), &random) == table, "of \(text.debugDescription)")
        }
    }

    @Test(arguments: [
        ("a,b\nc", [["a", "b"], ["c"]]), ("a\"b,c\n", [["a\"b", "c"]]),
        ("\"a\"b,c\n", [["ab", "c"]]), ("a,\n", [["a", ""]]), ("a,", [["a", ""]]),
        ("a\n\nb\n", [["a"], [""], ["b"]]), ("", []),
    ])
    func `reads what files in the wild hold`(text: String, table: [[String]]) throws {
        var random = SplitMix(seed: 1)
        #expect(try read(Array(text.utf8), &random) == table)
    }

    /// Every field is quoted, so that quotes, separators and line ends survive.
    private func quoted(_ field: String) -> String {
        "\"" + field.replacing("\"", with: "\"\"") + "\""
    }

    private func read(_ bytes: [UInt8], _ random: inout SplitMix) throws -> [[String]] {
        var tokeniser = CSVTokeniser(separator: 0x2C)
        var table: [[String]] = []
        var rest = bytes[...]
        func take(_ batch: CSVBatch) {
            #expect(batch.firstRecord == table.count || batch.count == 0)
            for record in 0..<batch.count { table.append(batch.texts(ofRecord: record)) }
        }
        while !rest.isEmpty {
            let piece = Array(rest.prefix(Int.random(in: 1...7, using: &random)))
            rest = rest.dropFirst(piece.count)
            take(try piece.withUnsafeBufferPointer { try tokeniser.feed($0) })
        }
        take(try tokeniser.finish())
        return table
    }
}

/// Chance that a failing test repeats.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
