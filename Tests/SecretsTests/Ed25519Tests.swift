import Testing

@testable import Secrets

/// Vectors of RFC 8032 section 7.1.
@Suite struct Ed25519Tests {
    @Test(arguments: [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
                + "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da0"
                + "85ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ])
    func `signs as RFC 8032 does`(seed: String, point: String, message: String, signature: String)
        throws
    {
        let key = try Ed25519PrivateKey(rawValue: #require([UInt8](hex: seed)))
        let message = try #require([UInt8](hex: message))

        #expect(key.publicKey.rawValue.hex == point)
        #expect(key.sign(message).hex == signature)
        #expect(key.publicKey.isValid(signature: key.sign(message), for: message))
    }

    @Test func `refuses another message, another key and a damaged signature`() {
        let key = Ed25519PrivateKey()
        var signature = key.sign([1])
        #expect(!key.publicKey.isValid(signature: signature, for: [2]))
        #expect(!Ed25519PrivateKey().publicKey.isValid(signature: signature, for: [1]))
        signature[5] ^= 1
        #expect(!key.publicKey.isValid(signature: signature, for: [1]))
        #expect(!key.publicKey.isValid(signature: [], for: [1]))
    }

    @Test func `refuses keys of a wrong length`() {
        #expect(throws: SecretsError.badKey) { try Ed25519PrivateKey(rawValue: [1, 2]) }
        #expect(throws: SecretsError.badKey) { try Ed25519PublicKey(rawValue: []) }
    }
}
