/// How the characters of a file are written.
package enum TextEncoding: String, Sendable, Codable {
    case utf8 = "UTF-8"
    case utf16LittleEndian = "UTF-16LE"
    case utf16BigEndian = "UTF-16BE"
    /// Also stands for ISO 8859-1, of which it is a superset wherever text is printable.
    case windows1252 = "Windows-1252"
}

/// Tells valid UTF-8 from anything else, in pieces (Unicode 15, table 3-7).
struct UTF8Check {
    /// Whether all bytes so far can begin a valid text.
    private(set) var isValid = true
    /// Whether a NUL was met.
    private(set) var hasNUL = false
    private var pending = 0
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    /// Whether the text may end here.
    var isComplete: Bool { isValid && pending == 0 }

    mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if pending == 0, byte < 0x80 {
                if byte == 0 { hasNUL = true }
            } else if isValid {
                step(byte)
            } else if byte == 0 {
                hasNUL = true
            }
            index += 1
        }
    }

    private mutating func step(_ byte: UInt8) {
        if pending > 0 {
            guard byte >= lower, byte <= upper else { return isValid = false }
            pending -= 1
            (lower, upper) = (0x80, 0xBF)
            return
        }
        switch byte {
        case 0xC2...0xDF: pending = 1
        case 0xE0...0xEF:
            pending = 2
            if byte == 0xE0 { lower = 0xA0 }
            if byte == 0xED { upper = 0x9F }  // surrogates
        case 0xF0...0xF4:
            pending = 3
            if byte == 0xF0 { lower = 0x90 }
            if byte == 0xF4 { upper = 0x8F }
        default: isValid = false
        }
    }
}

/// Turns the bytes of a file into UTF-8, in pieces.
struct TextDecoder {
    let encoding: TextEncoding
    /// Bytes at the start that are no text: a byte order mark.
    private var toSkip: Int
    /// A byte or surrogate that waits for its other half.
    private var halfUnit: UInt8?
    private var highSurrogate: UInt16?

    init(encoding: TextEncoding, markBytes: Int) {
        self.encoding = encoding
        toSkip = markBytes
    }

    /// Decodes the next piece into `output`, which it replaces.
    mutating func decode(_ piece: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) {
        output.removeAll(keepingCapacity: true)
        let skipped = min(toSkip, piece.count)
        toSkip -= skipped
        let input = UnsafeBufferPointer(rebasing: piece[skipped...])
        switch encoding {
        case .utf8: output.append(contentsOf: input)
        case .windows1252: for byte in input { Self.append(Self.scalar(byte), to: &output) }
        case .utf16LittleEndian, .utf16BigEndian: for byte in input { take(byte, &output) }
        }
    }

    /// What remains after the last piece: halves without their other half become U+FFFD.
    mutating func finish(into output: inout [UInt8]) {
        output.removeAll(keepingCapacity: true)
        if halfUnit != nil || highSurrogate != nil { Self.append(0xFFFD, to: &output) }
    }

    private mutating func take(_ byte: UInt8, _ output: inout [UInt8]) {
        guard let first = halfUnit else { return halfUnit = byte }
        halfUnit = nil
        let unit =
            encoding == .utf16LittleEndian
            ? UInt16(byte) << 8 | UInt16(first) : UInt16(first) << 8 | UInt16(byte)
        if let high = highSurrogate {
            highSurrogate = nil
            if (0xDC00...0xDFFF).contains(unit) {
                let value = 0x10000 + (UInt32(high - 0xD800) << 10) + UInt32(unit - 0xDC00)
                return Self.append(value, to: &output)
            }
            Self.append(0xFFFD, to: &output)
        }
        switch unit {
        case 0xD800...0xDBFF: highSurrogate = unit
        case 0xDC00...0xDFFF: Self.append(0xFFFD, to: &output)
        default: Self.append(UInt32(unit), to: &output)
        }
    }

    private static func append(_ scalar: UInt32, to output: inout [UInt8]) {
        switch scalar {
        case ..<0x80: output.append(UInt8(scalar))
        case ..<0x800:
            output.append(0xC0 | UInt8(scalar >> 6))
            output.append(0x80 | UInt8(scalar & 0x3F))
        case ..<0x10000:
            output.append(0xE0 | UInt8(scalar >> 12))
            output.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            output.append(0x80 | UInt8(scalar & 0x3F))
        default:
            output.append(0xF0 | UInt8(scalar >> 18))
            output.append(0x80 | UInt8(scalar >> 12 & 0x3F))
            output.append(0x80 | UInt8(scalar >> 6 & 0x3F))
            output.append(0x80 | UInt8(scalar & 0x3F))
        }
    }

    /// Bytes 0x80 to 0x9F; 0 is unassigned. Source: Unicode's mapping table CP1252.TXT 2.01.
    private static let upperControls: [UInt32] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
        0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC,
        0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
    ]

    private static func scalar(_ byte: UInt8) -> UInt32 {
        guard (0x80...0x9F).contains(byte) else { return UInt32(byte) }
        let mapped = upperControls[Int(byte - 0x80)]
        return mapped == 0 ? 0xFFFD : mapped
    }
}
