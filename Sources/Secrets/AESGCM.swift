import CLibCrypto

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D).
///
/// Sealed form: nonce of 12 octets, ciphertext, tag of 16 octets. The nonce is random, so one key
/// may seal up to 2^32 values.
package enum AESGCM {
    /// Octets of a key.
    package static let keyCount = 32
    private static let nonceCount = 12
    private static let tagCount = 16

    /// `@unchecked Sendable`: never changes after it was fetched, and is never freed.
    private struct Algorithm: @unchecked Sendable {
        let pointer = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)
    }

    private static let algorithm = Algorithm()

    /// Encrypts and authenticates `plaintext`; `associatedData` is authenticated only.
    package static func seal(
        _ plaintext: [UInt8], key: [UInt8], associatedData: [UInt8] = []
    ) -> [UInt8] {
        seal(plaintext, key: key, nonce: Token.random(bytes: nonceCount), associatedData)
    }

    /// With a given nonce: for test vectors only, a nonce used twice gives everything away.
    static func seal(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], _ associatedData: [UInt8]
    ) -> [UInt8] {
        precondition(key.count == keyCount, "AES-256 needs a key of 32 octets")
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var written: Int32 = 0
        succeed(EVP_EncryptInit_ex2(context, algorithm.pointer, key, nonce, nil))
        succeed(
            EVP_EncryptUpdate(context, nil, &written, associatedData, Int32(associatedData.count)))
        let body = filled(plaintext.count + tagCount) { output in
            let count = Int32(plaintext.count)
            succeed(EVP_EncryptUpdate(context, output, &written, plaintext, count))
            let tag = output + plaintext.count
            succeed(EVP_EncryptFinal_ex(context, tag, &written))
            succeed(
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagCount), tag))
        }
        return nonce + body
    }

    /// Decrypts what ``seal(_:key:associatedData:)`` gave.
    ///
    /// - Throws: ``SecretsError/cannotOpen``.
    package static func open(
        _ sealed: [UInt8], key: [UInt8], associatedData: [UInt8] = []
    ) throws(SecretsError) -> [UInt8] {
        guard sealed.count >= nonceCount + tagCount, key.count == keyCount else {
            throw .cannotOpen
        }
        let nonce = Array(sealed[..<nonceCount])
        let body = Array(sealed[nonceCount..<sealed.count - tagCount])
        var tag = Array(sealed[(sealed.count - tagCount)...])
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var written: Int32 = 0
        var isGenuine = false
        succeed(EVP_DecryptInit_ex2(context, algorithm.pointer, key, nonce, nil))
        succeed(
            EVP_DecryptUpdate(context, nil, &written, associatedData, Int32(associatedData.count)))
        succeed(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagCount), &tag))
        var plaintext = filled(body.count + tagCount) { output in
            succeed(EVP_DecryptUpdate(context, output, &written, body, Int32(body.count)))
            // Writes nothing in this mode, but compares the tags, in constant time.
            isGenuine = EVP_DecryptFinal_ex(context, output + body.count, &written) == 1
        }
        guard isGenuine else { throw .cannotOpen }
        plaintext.removeLast(tagCount)
        return plaintext
    }
}

/// Keys by number, the newest seals; older ones still open, so keys can be changed in peace.
///
/// Sealed form: version octet 1, the key's number in 4 octets, then ``AESGCM``'s form. Both are
/// authenticated too.
package struct KeyRing: Sendable, CustomStringConvertible {
    private let keys: [UInt32: [UInt8]]
    private let newest: UInt32

    /// - Parameter keys: the highest number seals; each key has 32 octets.
    /// - Throws: ``SecretsError/badKey`` for no key or a wrong length.
    package init(_ keys: [UInt32: [UInt8]]) throws(SecretsError) {
        guard let newest = keys.keys.max(), keys.values.allSatisfy({ $0.count == AESGCM.keyCount })
        else { throw .badKey }
        self.keys = keys
        self.newest = newest
    }

    /// Seals with the newest key.
    ///
    /// - Parameter associatedData: what the value belongs to, for example `account 7`, so that it
    ///   cannot be moved elsewhere.
    package func seal(_ plaintext: [UInt8], associatedData: [UInt8] = []) -> [UInt8] {
        let head = Self.head(newest)
        return head
            + AESGCM.seal(plaintext, key: keys[newest]!, associatedData: head + associatedData)
    }

    /// Opens with the key that the value names.
    package func open(
        _ sealed: [UInt8], associatedData: [UInt8] = []
    ) throws(SecretsError) -> [UInt8] {
        guard let id = Self.keyID(of: sealed) else { throw .cannotOpen }
        guard let key = keys[id] else { throw .unknownKey(id: id) }
        return try AESGCM.open(
            Array(sealed[5...]), key: key, associatedData: Array(sealed[..<5]) + associatedData)
    }

    /// The keys' numbers, not the keys.
    package var description: String { "keys \(keys.keys.sorted())" }

    /// Whether the value should be sealed anew, with the newest key.
    package func isOld(_ sealed: [UInt8]) -> Bool { Self.keyID(of: sealed) != newest }

    private static func head(_ id: UInt32) -> [UInt8] {
        [1] + stride(from: 24, through: 0, by: -8).map { UInt8(truncatingIfNeeded: id >> $0) }
    }

    private static func keyID(of sealed: [UInt8]) -> UInt32? {
        guard sealed.count > 5, sealed[0] == 1 else { return nil }
        return sealed[1..<5].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
