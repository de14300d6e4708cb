import CLibCrypto

/// Keys from keys: HKDF with SHA-256 (RFC 5869).
package enum HKDF {
    /// Derives `count` octets, at most 8160, for the one purpose that `info` names.
    ///
    /// - Parameters:
    ///   - key: secret with enough entropy (never a password).
    ///   - salt: public; may be empty.
    package static func derive(
        key: [UInt8], salt: [UInt8] = [], info: [UInt8], count: Int
    ) -> [UInt8] {
        precondition(!key.isEmpty, "a key is needed to derive one")
        precondition((1...8160).contains(count), "HKDF-SHA256 gives 1 to 8160 octets")
        let context = EVP_KDF_CTX_new(algorithm.pointer)
        defer { EVP_KDF_CTX_free(context) }
        // One octet more each, so that even an empty one has an address.
        var (longKey, longSalt, longInfo) = (key + [0], salt + [0], info + [0])
        return longKey.withUnsafeMutableBytes { keyBytes in
            longSalt.withUnsafeMutableBytes { saltBytes in
                longInfo.withUnsafeMutableBytes { infoBytes in
                    let parameters = [
                        shim_key(keyBytes.baseAddress, key.count),
                        shim_salt(saltBytes.baseAddress, salt.count),
                        shim_info(infoBytes.baseAddress, info.count),
                    ]
                    return filled(count) { output in
                        withDigestParameter(.sha256, parameters) {
                            succeed(EVP_KDF_derive(context, output, count, $0))
                        }
                    }
                }
            }
        }
    }

    /// `@unchecked Sendable`: never changes after it was fetched, and is never freed.
    private struct Algorithm: @unchecked Sendable {
        let pointer = EVP_KDF_fetch(nil, OSSL_KDF_NAME_HKDF, nil)
    }

    private static let algorithm = Algorithm()
}
