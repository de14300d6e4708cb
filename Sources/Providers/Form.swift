/// A received form, decoded once and kept as bytes.
///
/// Names and values lie one behind the other in one buffer, because a signature sorts and hashes
/// them without ever needing strings. Broken escapes stand for themselves and `+` is a space, as
/// WHATWG URL §5.1 says.
struct Form: Sendable {
    struct Pair: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    let bytes: [UInt8]
    private(set) var pairs: [Pair] = []

    init(_ encoded: some Collection<UInt8>) {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(encoded.count)
        for part in encoded.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            let nameStart = decoded.count
            Self.decode(part[..<equals], into: &decoded)
            let valueStart = decoded.count
            if equals < part.endIndex {
                Self.decode(part[part.index(after: equals)...], into: &decoded)
            }
            pairs.append(
                Pair(name: nameStart..<valueStart, value: valueStart..<decoded.count))
        }
        bytes = decoded
    }

    /// The first value of that name; text that is not UTF-8 is repaired and NUL, which PostgreSQL
    /// cannot store, replaced.
    subscript(_ name: StaticString) -> String? {
        value(named: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// ``subscript(_:)`` for names with a number, such as `MediaUrl3`.
    subscript(_ name: StaticString, _ number: Int) -> String? {
        Array("\(name)\(number)".utf8).withUnsafeBufferPointer { value(named: $0) }
    }

    private func value(named name: UnsafeBufferPointer<UInt8>) -> String? {
        guard let pair = pairs.first(where: { bytes[$0.name].elementsEqual(name) }) else {
            return nil
        }
        let value = bytes[pair.value]
        guard value.contains(0) else { return String(decoding: value, as: UTF8.self) }
        return String(decoding: value, as: UTF8.self)
            .replacing("\0", with: "\u{FFFD}")
    }

    private static func decode(_ encoded: some Collection<UInt8>, into decoded: inout [UInt8]) {
        var index = encoded.startIndex
        while index < encoded.endIndex {
            let byte = encoded[index]
            index = encoded.index(after: index)
            if byte == UInt8(ascii: "%"),
                let second = encoded.index(index, offsetBy: 1, limitedBy: encoded.endIndex),
                second < encoded.endIndex,
                let high = hexValue(encoded[index]), let low = hexValue(encoded[second])
            {
                decoded.append(high << 4 | low)
                index = encoded.index(after: second)
            } else {
                decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
