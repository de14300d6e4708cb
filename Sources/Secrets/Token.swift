import CLibCrypto

/// Secrets nobody can guess.
package enum Token {
    /// Octets from the system's generator; 32 for sessions, 16 for links that live minutes.
    package static func random(bytes count: Int) -> [UInt8] {
        filled(count) { succeed(RAND_bytes($0, Int32(count))) }
    }

    /// Decimal digits, each value equally likely; for codes that people type.
    package static func digits(_ count: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return String(
            (0..<count).map { _ in
                Character(Unicode.Scalar(UInt8.random(in: 48...57, using: &generator)))
            })
    }
}
