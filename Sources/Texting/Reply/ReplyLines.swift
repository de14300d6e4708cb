/// `barnstorm reply classify`: one line of JSON in, one out.
package struct ReplyLines: Sendable {
    private var number = 0
    private let isExplained: Bool

    /// - Parameter isExplained: whether answers have a `why`, the sentence that a person reads.
    package init(isExplained: Bool = false) { self.isExplained = isExplained }

    /// Judges one line, `{"id", "text"}`; the answer is `{"id", "meaning", "action", "rule"}`.
    ///
    /// Without the line break, in and out. The id comes back exactly as it was written. A blank
    /// line gives no answer.
    /// - Throws: ``LineError`` with the number of the line, counted over the calls.
    package mutating func answer(_ line: [UInt8]) throws(LineError) -> [UInt8]? {
        number += 1
        guard let input = try JSONLine.read(line, number: number) else { return nil }
        let reply = Reply(String(decoding: input.text, as: UTF8.self))
        var output = Array("{\"id\":".utf8)
        output += input.id
        output += Array(",\"meaning\":\"\(reply.meaning.rawValue)\"".utf8)
        output += Array(",\"action\":\"\(reply.action.rawValue)\"".utf8)
        output += Array(",\"rule\":\"\(reply.rule)\"".utf8)
        if isExplained { output += Array(",\"why\":\(JSONLine.quoted(reply.explanation))".utf8) }
        return output + [0x7D]
    }
}

/// `barnstorm text measure`: one line of JSON in, one out.
package struct MeasureLines: Sendable {
    private var number = 0

    package init() {}

    /// Measures one line, `{"id", "text"}`; the answer is `{"id", "encoding", "units", "segments"}`.
    ///
    /// As ``ReplyLines/answer(_:)`` otherwise. Half a surrogate pair counts as one code unit.
    /// - Throws: ``LineError`` with the number of the line, counted over the calls.
    package mutating func answer(_ line: [UInt8]) throws(LineError) -> [UInt8]? {
        number += 1
        guard let input = try JSONLine.read(line, number: number) else { return nil }
        var counter = MeasureCounter()
        input.text.withUnsafeBufferPointer { counter.add(utf8: $0) }
        let measure = counter.measure
        var output = Array("{\"id\":".utf8)
        output += input.id
        output += Array(",\"encoding\":\"\(measure.encoding.rawValue)\"".utf8)
        output += Array(",\"units\":\(measure.units),\"segments\":\(measure.segments)}".utf8)
        return output
    }
}

extension JSONLine {
    /// A text as a JSON string.
    static func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": output += "\\\(scalar)"
            case "\u{0}"..."\u{1F}":
                output += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }

    /// The id and text of a line; nil if it is blank.
    static func read(
        _ line: [UInt8], number: Int
    ) throws(LineError) -> (id: [UInt8], text: [UInt8])? {
        if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { return nil }
        do throws(Problem) {
            let input = try JSONLine(line)
            guard let text = input.text else { throw Problem.textNotString }
            return (input.id, text)
        } catch {
            throw LineError(line: number, sentence: error.sentence)
        }
    }
}
