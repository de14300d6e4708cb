import NIOCore

/// The few ways in which the carrier writes text, each without an intermediate string.
extension ByteBuffer {
    /// A JSON string with its quotes; the bytes must be UTF-8.
    mutating func writeJSON(_ bytes: [UInt8]) {
        writeInteger(UInt8(ascii: "\""))
        writeEscaped(bytes)
        writeInteger(UInt8(ascii: "\""))
    }

    mutating func writeJSON(_ text: String) { writeJSON(Array(text.utf8)) }

    /// A JSON string, or `null`.
    mutating func writeJSON(_ bytes: [UInt8]?) {
        if let bytes { writeJSON(bytes) } else { writeStaticString("null") }
    }

    /// The inside of a JSON string: quote, backslash and control characters escaped.
    mutating func writeEscaped(_ bytes: [UInt8]) {
        var clean = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else {
                continue
            }
            writeBytes(bytes[clean..<index])
            clean = index + 1
            writeEscape(byte)
        }
        if clean == 0 { writeBytes(bytes) } else { writeBytes(bytes[clean...]) }
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case 0x0a: writeStaticString("\\n")
        case UInt8(ascii: "\""): writeStaticString("\\\"")
        case UInt8(ascii: "\\"): writeStaticString("\\\\")
        default:
            let digits = String(byte, radix: 16)
            writeString("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
        }
    }

    /// A whole number in decimal.
    mutating func writeDecimal(_ number: some BinaryInteger) {
        var rest = UInt64(number.magnitude)
        if number < 0 { writeInteger(UInt8(ascii: "-")) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var index = 20
            repeat {
                index -= 1
                digits[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            _ = writeBytes(digits[index...])
        }
    }

    /// A name or value of a form: everything but unreserved characters as `%XX` (RFC 3986 §2.3).
    mutating func writeFormEncoded(_ bytes: [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: bytes.count * 3) { encoded in
            var count = 0
            for byte in bytes {
                if CarrierForm.isUnreserved(byte) {
                    encoded[count] = byte
                    count += 1
                } else {
                    encoded[count] = UInt8(ascii: "%")
                    encoded[count + 1] = CarrierForm.hexDigits[Int(byte >> 4)]
                    encoded[count + 2] = CarrierForm.hexDigits[Int(byte & 15)]
                    count += 3
                }
            }
            _ = writeBytes(encoded[..<count])
        }
    }
}

extension CarrierForm {
    static let hexDigits = Array("0123456789ABCDEF".utf8)

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}

/// Words as they stand in a log line.
enum CarrierWords {
    /// Turns the inside of a JSON string, as ``ByteBuffer/writeEscaped(_:)`` writes it, to text.
    static func unescape(_ escaped: [UInt8]) -> String {
        var bytes: [UInt8] = []
        var index = 0
        while index < escaped.count {
            guard escaped[index] == UInt8(ascii: "\\"), index + 1 < escaped.count else {
                bytes.append(escaped[index])
                index += 1
                continue
            }
            let kind = escaped[index + 1]
            if kind == UInt8(ascii: "u"), index + 5 < escaped.count {
                let digits = String(decoding: escaped[index + 2...index + 5], as: UTF8.self)
                bytes.append(UInt8(digits, radix: 16) ?? 0x20)
                index += 6
            } else {
                bytes.append(kind == UInt8(ascii: "n") ? 0x0a : kind)
                index += 2
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
