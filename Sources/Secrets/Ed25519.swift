import CLibCrypto

/// The owner of one OpenSSL key.
///
/// `@unchecked Sendable`: the key is only read after it was made, which OpenSSL allows from many
/// threads (openssl-threads(7)); `deinit` frees it once.
final class KeyHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init?(_ pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }
}

/// A key that signs (RFC 8032); heads of the ledger are signed with it.
package struct Ed25519PrivateKey: Sendable, CustomStringConvertible {
    /// The seed, 32 octets.
    package let rawValue: [UInt8]
    package let publicKey: Ed25519PublicKey
    private let handle: KeyHandle

    /// A new key.
    package init() {
        // 32 random octets are always a key.
        try! self.init(rawValue: Token.random(bytes: 32))
    }

    /// - Throws: ``SecretsError/badKey`` unless there are 32 octets.
    package init(rawValue: [UInt8]) throws(SecretsError) {
        guard rawValue.count == 32,
            let handle = KeyHandle(
                EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, rawValue, 32))
        else { throw .badKey }
        self.rawValue = rawValue
        self.handle = handle
        publicKey = try Ed25519PublicKey(
            rawValue: filled(32) { output in
                var count = 32
                succeed(EVP_PKEY_get_raw_public_key(handle.pointer, output, &count))
            })
    }

    /// The public half only.
    package var description: String { "private key of \(publicKey.rawValue.hex)" }

    /// The signature, 64 octets.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        succeed(EVP_DigestSignInit(context, nil, nil, nil, handle.pointer))
        return filled(64) { output in
            var count = 64
            succeed(EVP_DigestSign(context, output, &count, message, message.count))
        }
    }
}

/// A key that checks signatures (RFC 8032).
package struct Ed25519PublicKey: Sendable, Equatable {
    /// 32 octets.
    package let rawValue: [UInt8]
    private let handle: KeyHandle

    /// - Throws: ``SecretsError/badKey`` unless there are 32 octets.
    package init(rawValue: [UInt8]) throws(SecretsError) {
        guard rawValue.count == 32,
            let handle = KeyHandle(
                EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, rawValue, 32))
        else { throw .badKey }
        self.rawValue = rawValue
        self.handle = handle
    }

    /// Whether `signature` belongs to `message` and this key.
    package func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        succeed(EVP_DigestVerifyInit(context, nil, nil, nil, handle.pointer))
        defer { ERR_clear_error() }  // a wrong signature leaves a note behind
        return EVP_DigestVerify(
            context, signature, signature.count, message, message.count) == 1
    }

    package static func == (left: Ed25519PublicKey, right: Ed25519PublicKey) -> Bool {
        left.rawValue == right.rawValue
    }
}
