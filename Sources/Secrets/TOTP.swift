import FoundationEssentials

/// One-time codes of authenticator apps (RFC 6238): HMAC-SHA1, 30 seconds, 6 digits.
package enum TOTP {
    private static let period = 30.0

    /// A new secret, 20 octets as RFC 4226 section 4 recommends.
    package static func makeSecret() -> [UInt8] { Token.random(bytes: 20) }

    /// The code shown at `instant`.
    package static func code(secret: [UInt8], at instant: Date) -> String {
        code(.sha1, secret, step: step(at: instant), digits: 6)
    }

    /// The step whose code was typed, if it is the current one or a neighbour.
    ///
    /// Store the step and pass it as `last` next time: a code serves once.
    /// - Returns: `nil` if the code is wrong or was used before.
    package static func verify(
        _ typed: String, secret: [UInt8], at instant: Date, after last: Int? = nil
    ) -> Int? {
        let now = step(at: instant)
        let typed = Array(typed.utf8)
        var match: Int?
        for step in (now - 1)...(now + 1) where step > last ?? .min {
            let expected = Array(code(.sha1, secret, step: step, digits: 6).utf8)
            if constantTimeEquals(expected, typed) { match = step }
        }
        return match
    }

    /// The address that an authenticator app reads from a QR code.
    package static func address(secret: [UInt8], issuer: String, account: String) -> String {
        "otpauth://totp/\(encoded(issuer)):\(encoded(account))"
            + "?secret=\(base32(secret))&issuer=\(encoded(issuer))"
    }

    static func step(at instant: Date) -> Int {
        Int((instant.timeIntervalSince1970 / period).rounded(.down))
    }

    static func code(_ digest: Digest, _ secret: [UInt8], step: Int, digits: Int) -> String {
        let counter = stride(from: 56, through: 0, by: -8).map {
            UInt8(truncatingIfNeeded: step >> $0)
        }
        let hash = HMAC.code(digest, secret, [counter])
        // Dynamic truncation, RFC 4226 section 5.3.
        let offset = Int(hash[hash.count - 1] & 15)
        let number = hash[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
        let modulus = (0..<digits).reduce(1) { product, _ in product * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.utf8.count) + text
    }

    /// RFC 4648 section 6, without padding: how people type secrets into their app.
    package static func base32(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var text: [UInt8] = []
        var (bits, count) = (0, 0)
        for byte in bytes {
            bits = (bits << 8 | Int(byte)) & 0xfff
            count += 8
            while count >= 5 {
                count -= 5
                text.append(alphabet[bits >> count & 31])
            }
        }
        if count > 0 { text.append(alphabet[bits << (5 - count) & 31]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// Percent-encoding of all but RFC 3986's unreserved characters.
    private static func encoded(_ text: String) -> String {
        text.utf8.map { octet in
            let character = Character(Unicode.Scalar(octet))
            let isSafe = octet < 128 && (character.isLetter || character.isNumber)
            return isSafe || "-._~".contains(character) ? String(character) : "%" + [octet].hex
        }.joined()
    }
}
