import FoundationEssentials

/// Octets as text: base64 (RFC 4648 section 4), base64url without padding (section 5), hex.
extension [UInt8] {
    package var base64: String { Data(self).base64EncodedString() }

    package var base64URL: String {
        var text: [UInt8] = []
        for character in base64.utf8 {
            switch character {
            case UInt8(ascii: "+"): text.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): text.append(UInt8(ascii: "_"))
            case UInt8(ascii: "="): break
            default: text.append(character)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Lower case, two digits an octet.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// - Returns: `nil` for anything but padded base64.
    package init?(base64 text: String) {
        // Foundation lets padding stand in the middle.
        guard text.utf8.drop(while: { $0 != 61 }).allSatisfy({ $0 == 61 }),
            let data = Data(base64Encoded: text)
        else { return nil }
        self = Array(data)
    }

    /// - Returns: `nil` for anything but base64url without padding.
    package init?(base64URL text: String) {
        guard text.utf8.allSatisfy({ $0 != 43 && $0 != 47 && $0 != 61 }) else { return nil }
        var plain = text.utf8.map { $0 == 45 ? 43 : $0 == 95 ? 47 : $0 }
        while plain.count % 4 != 0 { plain.append(UInt8(ascii: "=")) }
        self.init(base64: String(decoding: plain, as: UTF8.self))
    }

    /// - Returns: `nil` for an odd count or anything but hexadecimal digits of either case.
    package init?(hex text: String) {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
        self = stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0]! << 4 | digits[$0 + 1]!)
        }
    }
}
