/// The GSM 7-bit default alphabet with its extension table.
///
/// Source: 3GPP TS 23.038 §6.2.1 and §6.2.1.1. National language shift tables are left out: few
/// routes enable them. ESC itself is not a character: sent raw it would swallow its successor.
package enum GSMAlphabet {
    /// Characters of one septet, in the order of the table.
    static let basic =
        "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        + "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

    /// Characters of two septets: the escape and a second code.
    static let extended = "\u{0C}^{}\\[~]|€"

    /// Septets of a character: 1, 2, or nil when it is outside the alphabet.
    package static func septets(_ scalar: Unicode.Scalar) -> Int? {
        let width = width(scalar.value)
        return width == 0 ? nil : Int(width)
    }

    /// As ``septets(_:)`` for the hot path; 0 means outside the alphabet.
    @inline(__always) static func width(_ value: UInt32) -> UInt8 {
        value < 0x400 ? widths[Int(value)] : value == 0x20AC ? 2 : 0
    }

    /// Every character of the alphabet but the euro sign stands below U+0400.
    private static let widths: [UInt8] = {
        var widths = [UInt8](repeating: 0, count: 0x400)
        for scalar in basic.unicodeScalars { widths[Int(scalar.value)] = 1 }
        for scalar in extended.unicodeScalars where scalar.value < 0x400 {
            widths[Int(scalar.value)] = 2
        }
        return widths
    }()
}
