/// The carrier's own count of billed segments, so that it can disagree with the gateway's.
///
/// Unit: segments; 160 septets alone or 153 joined within the GSM 7-bit alphabet, 70 or 67 UTF-16
/// units otherwise. An escape pair or a surrogate pair is not split over two segments.
/// Source: 3GPP TS 23.038 §6.2.1, TS 23.040 §9.2.3.24.1.
enum CarrierSegments {
    static func count(_ body: [UInt8]) -> Int {
        guard !body.isEmpty else { return 1 }
        var septets = 0
        for byte in body {
            guard byte < 128, asciiSeptets[Int(byte)] > 0 else { return countScalars(body) }
            septets += Int(asciiSeptets[Int(byte)])
        }
        guard septets > 160 else { return 1 }
        return pack(body.lazy.map { Int(asciiSeptets[Int($0)]) }, into: 153)
    }

    private static func countScalars(_ body: [UInt8]) -> Int {
        let scalars = String(decoding: body, as: UTF8.self).unicodeScalars
        let isGSM = scalars.allSatisfy { septets($0) > 0 }
        let widths = scalars.map { isGSM ? septets($0) : UTF16.width($0) }
        let units = widths.reduce(0, +)
        return units <= (isGSM ? 160 : 70) ? 1 : pack(widths, into: isGSM ? 153 : 67)
    }

    private static func pack(_ widths: some Sequence<Int>, into limit: Int) -> Int {
        var (segments, used) = (1, 0)
        for width in widths {
            if used + width > limit { (segments, used) = (segments + 1, 0) }
            used += width
        }
        return segments
    }

    private static func septets(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return Int(asciiSeptets[Int(scalar.value)]) }
        return scalar == "€" ? 2 : national.contains(scalar) ? 1 : 0
    }

    private static let national = Set("£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà".unicodeScalars)

    /// Septets per ASCII byte: 0 outside the alphabet, 2 behind the escape character.
    private static let asciiSeptets: [UInt8] = (0..<128).map { (byte: UInt8) in
        switch Unicode.Scalar(byte) {
        case "^", "{", "}", "\\", "[", "~", "]", "|", "\u{0C}": 2
        case "`": 0
        case "\n", "\r": 1
        default: byte < 0x20 || byte == 0x7f ? 0 : 1
        }
    }
}
