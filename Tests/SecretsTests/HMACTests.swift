import Testing

@testable import Secrets

/// Vectors of RFC 2202 (SHA-1) and RFC 4231 (SHA-2).
@Suite struct HMACTests {
    let question = Array("what do ya want for nothing?".utf8)

    @Test func `HMAC-SHA1 gives the codes of RFC 2202`() {
        let key = [UInt8](repeating: 0x0b, count: 20)
        #expect(
            HMAC.sha1(key: key, Array("Hi There".utf8)).hex
                == "b617318655057264e28bc0b6fb378c8ef146be00")
        #expect(
            HMAC.sha1(key: Array("Jefe".utf8), question).hex
                == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
    }

    @Test func `HMAC-SHA256 gives the codes of RFC 4231, also for a key longer than a block`() {
        #expect(
            HMAC.sha256(key: Array("Jefe".utf8), question).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let text = "Test Using Larger Than Block-Size Key - Hash Key First"
        #expect(
            HMAC.sha256(key: [UInt8](repeating: 0xaa, count: 131), Array(text.utf8)).hex
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func `HMAC-SHA512 gives the code of RFC 4231`() {
        #expect(
            HMAC.sha512(key: Array("Jefe".utf8), question).hex
                == "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737")
    }

    @Test func `parts count as one message, empty ones too`() {
        let key = Array("key".utf8)
        #expect(HMAC.sha1(key: key, [1, 2], [], [3]) == HMAC.sha1(key: key, [1, 2, 3]))
        #expect(HMAC.sha1(key: key) == HMAC.sha1(key: key, []))
        #expect(HMAC.sha1(key: [], [1]) != HMAC.sha1(key: key, [1]))
    }

    @Test func `SHA-256 gives the hashes of FIPS 180-4`() {
        #expect(
            SHA256.hash(Array("abc".utf8)).hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hash([]).hex
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func `a hash in pieces is the hash of the whole`() {
        var hasher = SHA256Hasher()
        hasher.update(Array("a".utf8))
        hasher.update([])
        hasher.update(Array("bc".utf8))
        #expect(hasher.finish() == SHA256.hash(Array("abc".utf8)))
    }

    @Test func `equality looks at length and every octet`() {
        #expect(constantTimeEquals([], []))
        #expect(constantTimeEquals([1, 2], [1, 2]))
        #expect(!constantTimeEquals([1, 2], [1, 3]))
        #expect(!constantTimeEquals([1, 2], [1, 2, 3]))
    }
}
