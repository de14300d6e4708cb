/// One line of JSON Lines: an object of which two members matter, `id` and `text`.
///
/// Reads bytes and writes bytes: a general JSON parser costs more than judging the reply. The
/// whole line is checked against the grammar of JSON; members it does not know are skipped.
/// Source: RFC 8259.
struct JSONLine {
    /// The id exactly as written, a string with its quotes or a number; `null` if there is none.
    private(set) var id: [UInt8] = Array("null".utf8)
    /// The text, unescaped, as UTF-8; nil if there is no such member.
    private(set) var text: [UInt8]?

    private let bytes: [UInt8]
    private var index = 0

    /// Why a line is not what it should be.
    enum Problem: Error {
        case notAnObject, badString, badValue, missingComma, trailing, textNotString, tooDeep

        var sentence: String {
            switch self {
            case .notAnObject: "is not a JSON object; write {\"id\": …, \"text\": …}"
            case .badString: "holds a string that is not valid JSON; check its quotes and escapes"
            case .badValue: "holds a value that is not valid JSON"
            case .missingComma: "lacks a comma or a brace"
            case .trailing: "goes on after its object; write one object a line"
            case .textNotString: "has no \"text\" that is a string"
            case .tooDeep: "is nested too deeply"
            }
        }
    }

    init(_ line: [UInt8]) throws(Problem) {
        bytes = line
        skipSpace()
        guard take(0x7B) else { throw .notAnObject }
        skipSpace()
        if !take(0x7D) {
            repeat {
                skipSpace()
                try member()
                skipSpace()
            } while take(0x2C)
            guard take(0x7D) else { throw .missingComma }
        }
        skipSpace()
        guard index == bytes.count else { throw .trailing }
    }

    private mutating func member() throws(Problem) {
        let key = try string()
        skipSpace()
        guard take(0x3A) else { throw .missingComma }
        skipSpace()
        let start = index
        if key == Array("text".utf8) {
            guard peek == 0x22 else { throw .textNotString }
            text = try string()
        } else {
            try value(depth: 0)
            if key == Array("id".utf8) { id = Array(bytes[start..<index]) }
        }
    }

    private var peek: UInt8 { index < bytes.count ? bytes[index] : 0 }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte, index < bytes.count else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    // MARK: Values that are skipped

    private mutating func value(depth: Int) throws(Problem) {
        guard depth < 64 else { throw .tooDeep }
        switch peek {
        case 0x22: _ = try string()
        case 0x7B, 0x5B: try container(depth: depth)
        case 0x74: try literal("true")
        case 0x66: try literal("false")
        case 0x6E: try literal("null")
        default: try number()
        }
    }

    private mutating func container(depth: Int) throws(Problem) {
        let isObject = peek == 0x7B
        let close: UInt8 = isObject ? 0x7D : 0x5D
        index += 1
        skipSpace()
        if take(close) { return }
        repeat {
            skipSpace()
            if isObject {
                _ = try string()
                skipSpace()
                guard take(0x3A) else { throw .missingComma }
                skipSpace()
            }
            try value(depth: depth + 1)
            skipSpace()
        } while take(0x2C)
        guard take(close) else { throw .missingComma }
    }

    private mutating func literal(_ word: String) throws(Problem) {
        for byte in word.utf8 where !take(byte) { throw .badValue }
    }

    private mutating func number() throws(Problem) {
        _ = take(0x2D)
        if !take(0x30) { try digits() }
        if take(0x2E) { try digits() }
        if take(0x65) || take(0x45) {
            if !take(0x2B) { _ = take(0x2D) }
            try digits()
        }
    }

    private mutating func digits() throws(Problem) {
        let start = index
        while 0x30...0x39 ~= peek { index += 1 }
        guard index > start else { throw .badValue }
    }

    // MARK: Strings

    private mutating func string() throws(Problem) -> [UInt8] {
        guard take(0x22) else { throw .badString }
        var output: [UInt8] = []
        while index < bytes.count {
            let start = index
            while index < bytes.count, bytes[index] != 0x22, bytes[index] != 0x5C,
                bytes[index] >= 0x20
            { index += 1 }
            output.append(contentsOf: bytes[start..<index])
            guard index < bytes.count else { break }
            if take(0x22) { return output }
            guard take(0x5C) else { throw .badString }
            try escape(into: &output)
        }
        throw .badString
    }

    private mutating func escape(into output: inout [UInt8]) throws(Problem) {
        let byte = peek
        index += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: output.append(byte)
        case 0x62: output.append(0x08)
        case 0x66: output.append(0x0C)
        case 0x6E: output.append(0x0A)
        case 0x72: output.append(0x0D)
        case 0x74: output.append(0x09)
        case 0x75: output.append(contentsOf: Array(String(try scalar()).utf8))
        default: throw .badString
        }
    }

    /// The scalar of `\uXXXX` or of a surrogate pair; half a pair is the replacement character.
    private mutating func scalar() throws(Problem) -> Unicode.Scalar {
        let first = try hexadecimal()
        guard 0xD800...0xDBFF ~= first else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
        guard index + 1 < bytes.count, bytes[index] == 0x5C, bytes[index + 1] == 0x75 else {
            return "\u{FFFD}"
        }
        let mark = index
        index += 2
        let second = try hexadecimal()
        guard 0xDC00...0xDFFF ~= second else {
            index = mark
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + second - 0xDC00) ?? "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(Problem) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(peek)).hexDigitValue else {
                throw .badString
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}

/// A line of the input of `reply classify` or `text measure` cannot be used.
package struct LineError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    package let line: Int
    let sentence: String

    package var description: String { "Line \(line) \(sentence)." }
}
