import CLibCrypto

/// AES-128 in Galois/Counter Mode with a derived key and nonce, as RFC 8188 has it.
///
/// Only for keys that encrypt one record and are then forgotten; elsewhere ``AESGCM``.
package enum AES128GCM {
    /// `@unchecked Sendable`: never changes after it was fetched, and is never freed.
    private struct Algorithm: @unchecked Sendable {
        let pointer = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil)
    }

    private static let algorithm = Algorithm()

    /// - Parameters:
    ///   - key: 16 octets.
    ///   - nonce: 12 octets, never used twice with one key.
    /// - Returns: the ciphertext, followed by the tag of 16 octets.
    package static func seal(_ plaintext: [UInt8], key: [UInt8], nonce: [UInt8]) -> [UInt8] {
        precondition(key.count == 16 && nonce.count == 12, "AES-128-GCM takes 16 and 12 octets")
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        var written: Int32 = 0
        succeed(EVP_EncryptInit_ex2(context, algorithm.pointer, key, nonce, nil))
        return filled(plaintext.count + 16) { output in
            let count = Int32(plaintext.count)
            succeed(EVP_EncryptUpdate(context, output, &written, plaintext, count))
            let tag = output + plaintext.count
            succeed(EVP_EncryptFinal_ex(context, tag, &written))
            succeed(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag))
        }
    }
}
