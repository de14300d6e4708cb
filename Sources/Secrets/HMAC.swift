import CLibCrypto

/// Keyed hashes (RFC 2104).
package enum HMAC {
    /// HMAC-SHA1 of the parts one behind the other, 20 octets; Twilio signs with it.
    package static func sha1(key: [UInt8], _ parts: [UInt8]...) -> [UInt8] {
        code(.sha1, key, parts)
    }

    /// HMAC-SHA256 of the parts one behind the other, 32 octets.
    package static func sha256(key: [UInt8], _ parts: [UInt8]...) -> [UInt8] {
        code(.sha256, key, parts)
    }

    /// HMAC-SHA512 of the parts one behind the other, 64 octets.
    package static func sha512(key: [UInt8], _ parts: [UInt8]...) -> [UInt8] {
        code(.sha512, key, parts)
    }

    /// `@unchecked Sendable`: never changes after it was fetched, and is never freed.
    private struct Algorithm: @unchecked Sendable {
        let pointer = EVP_MAC_fetch(nil, OSSL_MAC_NAME_HMAC, nil)
    }

    private static let algorithm = Algorithm()

    static func code(_ digest: Digest, _ key: [UInt8], _ parts: [[UInt8]]) -> [UInt8] {
        let context = EVP_MAC_CTX_new(algorithm.pointer)
        defer { EVP_MAC_CTX_free(context) }
        withDigestParameter(digest) { parameters in
            // A nil key would mean "keep the last one"; an array's address is never nil.
            succeed(EVP_MAC_init(context, key + [0], key.count, parameters))
        }
        for part in parts { succeed(EVP_MAC_update(context, part, part.count)) }
        return filled(digest.count) { succeed(EVP_MAC_final(context, $0, nil, digest.count)) }
    }
}

/// Calls `body` with OpenSSL's parameter list that names a digest.
func withDigestParameter(
    _ digest: Digest, _ more: [OSSL_PARAM] = [], _ body: ([OSSL_PARAM]) -> Void
) {
    var name = Array(digest.name.utf8CString)
    name.withUnsafeMutableBufferPointer {
        body(more + [shim_digest($0.baseAddress), OSSL_PARAM_construct_end()])
    }
}

/// Whether both are equal, in a time that depends on their lengths only.
package func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
}
