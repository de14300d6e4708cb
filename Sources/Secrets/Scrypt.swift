import CLibCrypto

/// Password hashes (RFC 7914), kept as `$scrypt$ln=17,r=8,p=1$salt$hash`.
///
/// N = 2^17 takes about 0.7 s and 128 MiB: call it through ``PasswordHasher``, which bounds how
/// many run at once, never on a thread that others need.
/// Source of the parameters: OWASP ASVS 5.0, appendix on cryptography.
package enum Scrypt {
    /// log2 of N, the cost in time and memory.
    package static let defaultCost = 17
    private static let blockSize: UInt64 = 8
    private static let hashCount = 32

    /// The hash of a password, with a fresh salt.
    ///
    /// - Parameter cost: log2 of N, 1 to 20; only tests use less than the default.
    package static func hash(_ password: String, cost: Int = defaultCost) -> String {
        precondition((1...20).contains(cost), "scrypt's cost is from 1 to 20")
        let salt = Token.random(bytes: 16)
        let hash = derive(password, salt, n: 1 << cost, r: blockSize, p: 1, count: hashCount)
        return "$scrypt$ln=\(cost),r=\(blockSize),p=1$\(salt.unpadded)$\(hash.unpadded)"
    }

    /// Whether the password is the one that was hashed.
    ///
    /// - Throws: ``SecretsError/badHash`` if `stored` cannot be read or would cost too much.
    package static func verify(
        _ password: String, against stored: String
    ) throws(SecretsError) -> Bool {
        let parts = try Parts(stored)
        let hash = derive(
            password, parts.salt, n: 1 << parts.cost, r: parts.r, p: parts.p,
            count: parts.hash.count)
        return constantTimeEquals(hash, parts.hash)
    }

    /// Whether a hash should be made anew at the next sign-in, because it is too cheap.
    package static func isOutdated(_ stored: String, cost: Int = defaultCost) -> Bool {
        guard let parts = try? Parts(stored) else { return true }
        return parts.cost < cost || parts.r < blockSize
    }

    static func derive(
        _ password: String, _ salt: [UInt8], n: UInt64, r: UInt64, p: UInt64, count: Int
    ) -> [UInt8] {
        let password = Array(password.utf8)
        // 128·N·r octets for the table, and some for the blocks.
        let memory = 128 * (n + p + 2) * r + 1_048_576
        return filled(count) { output in
            (password + [0]).withUnsafeBytes { octets in
                succeed(
                    EVP_PBE_scrypt(
                        octets.baseAddress?.assumingMemoryBound(to: CChar.self), password.count,
                        salt, salt.count, n, r, p, memory, output, count))
            }
        }
    }

    /// A stored hash taken apart.
    private struct Parts {
        let cost: Int
        let r: UInt64
        let p: UInt64
        let salt: [UInt8]
        let hash: [UInt8]

        init(_ stored: String) throws(SecretsError) {
            let fields = stored.split(separator: "$", omittingEmptySubsequences: false)
            guard fields.count == 5, fields[0].isEmpty, fields[1] == "scrypt" else {
                throw .badHash
            }
            var numbers: [Substring: UInt64] = [:]
            for pair in fields[2].split(separator: ",") {
                let sides = pair.split(separator: "=")
                guard sides.count == 2, let number = UInt64(sides[1]) else { throw .badHash }
                numbers[sides[0]] = number
            }
            // Bounds, so that a planted hash cannot exhaust the machine.
            guard let cost = numbers["ln"], (1...20).contains(cost), let r = numbers["r"],
                (1...16).contains(r), let p = numbers["p"], (1...4).contains(p),
                let salt = [UInt8](unpadded: fields[3]), let hash = [UInt8](unpadded: fields[4]),
                (16...64).contains(hash.count)
            else { throw .badHash }
            self.cost = Int(cost)
            self.r = r
            self.p = p
            self.salt = salt
            self.hash = hash
        }
    }
}

/// Base64 without padding, as password hash strings have it.
extension [UInt8] {
    fileprivate var unpadded: String { String(base64.prefix { $0 != "=" }) }

    fileprivate init?(unpadded text: Substring) {
        guard !text.contains("=") else { return nil }
        self.init(base64: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
    }
}
