/// A phone number as the carrier keeps it: eight bytes instead of a string.
///
/// `+` and 8 to 15 digits of which the first is not 0 (E.164), or a short code of 3 to 6 digits.
struct CarrierAddress: Hashable, Sendable {
    let packed: UInt64

    private static let shortCode: UInt64 = 1 << 63

    init?(_ text: [UInt8]) {
        let hasPlus = text.first == UInt8(ascii: "+")
        let digits = hasPlus ? text.dropFirst() : text[...]
        guard hasPlus ? (8...15).contains(digits.count) : (3...6).contains(digits.count),
            digits.first != UInt8(ascii: "0")
        else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        packed = hasPlus ? value : value | Self.shortCode
    }

    init(packed: UInt64) { self.packed = packed }

    init?(_ text: some StringProtocol) { self.init(Array(text.utf8)) }

    var isShortCode: Bool { packed & Self.shortCode != 0 }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The number as it is written, digit by digit.
    var bytes: [UInt8] {
        var rest = packed & ~Self.shortCode
        var digits = 1
        var power: UInt64 = 10
        while rest >= power {
            digits += 1
            power *= 10
        }
        let sign = isShortCode ? 0 : 1
        return [UInt8](unsafeUninitializedCapacity: digits + sign) { buffer, count in
            buffer[0] = UInt8(ascii: "+")
            for index in stride(from: digits + sign - 1, through: sign, by: -1) {
                buffer[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            count = digits + sign
        }
    }
}
