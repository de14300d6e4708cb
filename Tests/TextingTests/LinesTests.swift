import Foundation
import Testing

@testable import Texting

@Suite struct LinesTests {
    private func classify(_ line: String) throws -> String? {
        var lines = ReplyLines()
        return try lines.answer(Array(line.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func measure(_ line: String) throws -> String? {
        var lines = MeasureLines()
        return try lines.answer(Array(line.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `an id comes back as the value it was`() throws {
        let answer = #","meaning":"opt_out","action":"act","rule":"keyword.en.stop"}"#
        #expect(try classify(#"{"id":"a\"1","text":"STOP"}"#) == #"{"id":"a\"1""# + answer)
        #expect(
            try classify(#" { "text" : "stop" , "id" : -1.5e3 } "#) == #"{"id":-1.5e3"# + answer)
        #expect(try classify(#"{"x":[1,{"text":"no"}],"text":"stop"}"#) == #"{"id":null"# + answer)
        #expect(try classify("  \r") == nil)
    }

    @Test func `a judgement can say why`() throws {
        var lines = ReplyLines(isExplained: true)
        let line = #"{"id":1,"text":"I'm not telling you to stop, Ann"}"#
        let answer = try #require(try lines.answer(Array(line.utf8)))
        let value = try JSONSerialization.jsonObject(with: Data(answer)) as? [String: Any]
        #expect(value?["action"] as? String == "none")
        let why = "“telling you to stop” asks us to stop, yet a word beside it turns it round."
        #expect(value?["why"] as? String == why)
        #expect(JSONLine.quoted("a\"\\\n") == #""a\"\\\u000a""#)
    }

    @Test func `escapes and surrogates are read`() throws {
        let line = #"{"id":1,"text":"\ud83d\uDE00 \u0057\n\/\\ [\u20ac]"}"#
        #expect(try measure(line) == #"{"id":1,"encoding":"UCS-2","units":11,"segments":1}"#)
        #expect(
            try measure(#"{"id":2,"text":""}"#)
                == #"{"id":2,"encoding":"GSM-7","units":0,"segments":0}"#)
        #expect(
            try measure(#"{"id":3,"text":"\ud800x"}"#)
                == #"{"id":3,"encoding":"UCS-2","units":2,"segments":1}"#)
        #expect(try classify(#"{"id":4,"text":"\ud83d\uded1"}"#)?.contains("emoji.stop") == true)
    }

    @Test(arguments: [
        "[]", "{", #"{"id":1}"#, #"{"id":1,"text":5}"#, #"{"id":1,"text":"a}"#, #"{"text":"a"} x"#,
        #"{"text":"\x"}"#, #"{"text":"a" "id":1}"#, #"{"id":01,"text":"a"}"#, "stop",
        #"{"id":tru,"text":"a"}"#, #"{"text":"\u12g4"}"#, "{\"text\":\"a\u{01}\"}",
    ])
    func `a line that is not JSON says which`(line: String) {
        var lines = ReplyLines()
        #expect(throws: Never.self) { try lines.answer(Array(#"{"text":"ok"}"#.utf8)) }
        let error = #expect(throws: LineError.self) { try lines.answer(Array(line.utf8)) }
        #expect(error?.line == 2)
        #expect(error?.description.hasPrefix("Line 2 ") == true)
    }

    @Test func `strings of any kind are read as the system's parser reads them`() throws {
        var random = SeededGenerator(seed: 3)
        let pieces = [
            "a", "\"", "\\", "\n", "é", "ŵ", "😀", "\u{2028}", "/", "\t", " ", "\u{7F}", "👨‍👩‍👧",
        ]
        for _ in 0..<500 {
            let text = (0..<8).map { _ in pieces.randomElement(using: &random)! }.joined()
            let line = try JSONSerialization.data(withJSONObject: ["text": text, "id": text])
            let read = try JSONLine([UInt8](line))
            #expect(read.text == Array(text.utf8))
        }
    }
}
