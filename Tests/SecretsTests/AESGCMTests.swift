import Testing

@testable import Secrets

@Suite struct AESGCMTests {
    /// Test case 16 of the submission of GCM to NIST (McGrew and Viega, appendix B).
    @Test func `seals as the specification's case 16 does`() throws {
        let key = try octets("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")
        let nonce = try octets("cafebabefacedbaddecaf888")
        let plaintext = try octets(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39")
        let associated = try octets("feedfacedeadbeeffeedfacedeadbeefabaddad2")

        let sealed = AESGCM.seal(plaintext, key: key, nonce: nonce, associated)

        #expect(
            sealed[12...].map { [$0].hex }.joined()
                == "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                + "76fc6ece0f4e1768cddf8853bb2d551b")
        #expect(try AESGCM.open(sealed, key: key, associatedData: associated) == plaintext)
    }

    @Test(arguments: [0, 1, 16, 1000])
    func `what was sealed opens, whatever its length`(count: Int) throws {
        let key = Token.random(bytes: 32)
        let plaintext = Token.random(bytes: count)
        let sealed = AESGCM.seal(plaintext, key: key, associatedData: [7])
        #expect(try AESGCM.open(sealed, key: key, associatedData: [7]) == plaintext)
    }

    @Test func `a change in any octet is noticed`() {
        let key = Token.random(bytes: 32)
        let sealed = AESGCM.seal([1, 2, 3], key: key)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SecretsError.cannotOpen) { try AESGCM.open(changed, key: key) }
        }
        #expect(throws: SecretsError.cannotOpen) {
            try AESGCM.open(sealed, key: key, associatedData: [0])
        }
        #expect(throws: SecretsError.cannotOpen) { try AESGCM.open([1, 2], key: key) }
    }

    @Test func `a key ring seals with the newest key and opens with the old one`() throws {
        let (old, new) = (Token.random(bytes: 32), Token.random(bytes: 32))
        let before = try KeyRing([1: old])
        let after = try KeyRing([1: old, 2: new])
        let sealed = before.seal([9], associatedData: [1])

        #expect(try after.open(sealed, associatedData: [1]) == [9])
        #expect(after.isOld(sealed))
        #expect(!after.isOld(after.seal([9])))
        #expect(throws: SecretsError.unknownKey(id: 2)) { try before.open(after.seal([9])) }
        #expect(throws: SecretsError.cannotOpen) { try after.open(sealed, associatedData: [2]) }
        #expect(throws: SecretsError.cannotOpen) { try after.open([]) }
    }

    @Test func `descriptions hold no secret`() throws {
        let secret = [UInt8](repeating: 0x41, count: 32)
        #expect(try "\(KeyRing([3: secret]))" == "keys [3]")
        #expect(try !"\(Ed25519PrivateKey(rawValue: secret))".contains("65, 65"))
        #expect(try !"\(P256PrivateKey(rawValue: secret))".contains("65, 65"))
    }

    @Test func `a key ring wants keys of 32 octets`() {
        #expect(throws: SecretsError.badKey) { try KeyRing([:]) }
        #expect(throws: SecretsError.badKey) { try KeyRing([1: [1]]) }
    }

    private func octets(_ hex: String) throws -> [UInt8] { try #require([UInt8](hex: hex)) }
}
