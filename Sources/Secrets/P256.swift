import CLibCrypto

/// A key on the curve P-256 that signs (ECDSA) and agrees (ECDH); Web Push needs both.
///
/// Source: RFC 8291 (message encryption), RFC 8292 (VAPID), SEC 1 for the octets.
package struct P256PrivateKey: Sendable, CustomStringConvertible {
    /// The number, 32 octets.
    package let rawValue: [UInt8]
    package let publicKey: P256PublicKey
    private let handle: KeyHandle

    /// A new key.
    package init() {
        // All but a 2^-32 share of 256-bit numbers is below the order of the curve.
        while true {
            if let key = try? P256PrivateKey(rawValue: Token.random(bytes: 32)) {
                self = key
                return
            }
        }
    }

    /// - Throws: ``SecretsError/badKey`` unless there are 32 octets with a number from 1 to the
    ///   order of the curve.
    package init(rawValue: [UInt8]) throws(SecretsError) {
        guard rawValue.count == 32, let point = Self.publicPoint(of: rawValue),
            let handle = makeKey(point: point, number: rawValue)
        else { throw .badKey }
        self.rawValue = rawValue
        self.handle = handle
        publicKey = try P256PublicKey(rawValue: point)
    }

    /// The public half only.
    package var description: String { "private key of \(publicKey.rawValue.hex)" }

    /// The ECDSA signature with SHA-256 as r and s, 32 octets each: ES256 of RFC 7518.
    package func sign(_ message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        succeed(EVP_DigestSignInit_ex(context, nil, "SHA256", nil, nil, handle.pointer, nil))
        var der = [UInt8](repeating: 0, count: 80)
        var count = der.count
        succeed(EVP_DigestSign(context, &der, &count, message, message.count))
        let signature = der.withUnsafeBufferPointer { der in
            var start = der.baseAddress
            return d2i_ECDSA_SIG(nil, &start, count)
        }
        defer { ECDSA_SIG_free(signature) }
        return filled(64) { output in
            BN_bn2binpad(ECDSA_SIG_get0_r(signature), output, 32)
            BN_bn2binpad(ECDSA_SIG_get0_s(signature), output + 32, 32)
        }
    }

    /// The secret both sides get, 32 octets (ECDH); put it through ``HKDF`` before use.
    package func sharedSecret(with other: P256PublicKey) -> [UInt8] {
        let context = EVP_PKEY_CTX_new(handle.pointer, nil)
        defer { EVP_PKEY_CTX_free(context) }
        succeed(EVP_PKEY_derive_init(context))
        succeed(EVP_PKEY_derive_set_peer(context, other.handle.pointer))
        return filled(32) { output in
            var count = 32
            succeed(EVP_PKEY_derive(context, output, &count))
        }
    }

    private static func publicPoint(of rawValue: [UInt8]) -> [UInt8]? {
        let group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)
        let number = BN_bin2bn(rawValue, 32, nil)
        let point = EC_POINT_new(group)
        defer {
            EC_POINT_free(point)
            BN_clear_free(number)
            EC_GROUP_free(group)
        }
        guard BN_is_zero(number) == 0, BN_cmp(number, EC_GROUP_get0_order(group)) < 0 else {
            return nil
        }
        succeed(EC_POINT_mul(group, point, number, nil, nil, nil))
        return filled(65) {
            EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, $0, 65, nil)
        }
    }
}

/// A point on the curve P-256.
package struct P256PublicKey: Sendable {
    /// The uncompressed point: 4, x, y; 65 octets.
    package let rawValue: [UInt8]
    fileprivate let handle: KeyHandle

    /// - Throws: ``SecretsError/badKey`` unless the octets are a point on the curve.
    package init(rawValue: [UInt8]) throws(SecretsError) {
        guard rawValue.count == 65, rawValue[0] == 4,
            let handle = makeKey(point: rawValue, number: nil)
        else { throw .badKey }
        self.rawValue = rawValue
        self.handle = handle
    }

    /// Whether `signature` (r and s, 64 octets) belongs to `message` and this key.
    package func isValid(signature: [UInt8], for message: [UInt8]) -> Bool {
        guard signature.count == 64 else { return false }
        defer { ERR_clear_error() }  // a wrong signature leaves a note behind
        let pair = ECDSA_SIG_new()
        defer { ECDSA_SIG_free(pair) }
        let s = signature[32...].withUnsafeBufferPointer { BN_bin2bn($0.baseAddress, 32, nil) }
        succeed(ECDSA_SIG_set0(pair, BN_bin2bn(signature, 32, nil), s))
        var der: UnsafeMutablePointer<UInt8>?
        let count = i2d_ECDSA_SIG(pair, &der)
        defer { CRYPTO_free(der, nil, 0) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        succeed(EVP_DigestVerifyInit_ex(context, nil, "SHA256", nil, nil, handle.pointer, nil))
        return EVP_DigestVerify(context, der, Int(count), message, message.count) == 1
    }
}

/// Builds OpenSSL's key from octets; `nil` if they are none.
private func makeKey(point: [UInt8], number: [UInt8]?) -> KeyHandle? {
    let builder = OSSL_PARAM_BLD_new()
    let secret = number.map { BN_bin2bn($0, Int32($0.count), nil) } ?? nil
    let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
    var key: OpaquePointer?
    return point.withUnsafeBytes { point in
        shim_push_p256(builder, point.baseAddress, point.count, secret)
        let parameters = OSSL_PARAM_BLD_to_param(builder)
        defer {
            OSSL_PARAM_free(parameters)
            EVP_PKEY_CTX_free(context)
            BN_clear_free(secret)
            OSSL_PARAM_BLD_free(builder)
        }
        succeed(EVP_PKEY_fromdata_init(context))
        let selection = number == nil ? shim_public_key : shim_key_pair
        guard EVP_PKEY_fromdata(context, &key, selection, parameters) == 1 else {
            ERR_clear_error()
            return nil
        }
        return KeyHandle(key)
    }
}
