import Testing

@testable import Secrets

@Suite struct P256Tests {
    /// RFC 5903 section 8.1.
    @Test func `both sides agree on the secret of RFC 5903`() throws {
        let ours = try key("c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433")
        let theirs = try key("c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53")

        #expect(
            ours.publicKey.rawValue.hex
                == "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"
                + "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3")
        let secret = "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"
        #expect(ours.sharedSecret(with: theirs.publicKey).hex == secret)
        #expect(theirs.sharedSecret(with: ours.publicKey).hex == secret)
    }

    /// RFC 6979 appendix A.2.5.
    @Test func `accepts the signature of RFC 6979 and none for another message`() throws {
        let key = try key("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
        let signature = try #require(
            [UInt8](
                hex: "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                    + "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"))

        #expect(key.publicKey.isValid(signature: signature, for: Array("sample".utf8)))
        #expect(!key.publicKey.isValid(signature: signature, for: Array("test".utf8)))
    }

    @Test func `accepts its own signatures`() {
        let key = P256PrivateKey()
        for octet in UInt8(0)..<50 {
            let signature = key.sign([octet])
            #expect(signature.count == 64)
            #expect(key.publicKey.isValid(signature: signature, for: [octet]))
        }
    }

    @Test func `refuses what is no key`() throws {
        #expect(throws: SecretsError.badKey) {
            try P256PrivateKey(rawValue: [UInt8](repeating: 0, count: 32))
        }
        #expect(throws: SecretsError.badKey) {
            try P256PrivateKey(rawValue: [UInt8](repeating: 0xff, count: 32))
        }
        var point = P256PrivateKey().publicKey.rawValue
        point[64] ^= 1
        #expect(throws: SecretsError.badKey) { try P256PublicKey(rawValue: point) }
    }

    private func key(_ hex: String) throws -> P256PrivateKey {
        try P256PrivateKey(rawValue: #require([UInt8](hex: hex)))
    }
}
