import FoundationEssentials
import Testing

@testable import Secrets

@Suite struct TOTPTests {
    /// RFC 6238, appendix B; its secrets are 20, 32 and 64 octets of repeated digits.
    @Test(arguments: [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ])
    func `shows the codes of RFC 6238`(
        seconds: Int, sha1: String, sha256: String, sha512: String
    ) {
        func code(_ digest: Digest, _ count: Int) -> String {
            let secret = (0..<count).map { UInt8(ascii: "0") + UInt8(($0 + 1) % 10) }
            return TOTP.code(digest, secret, step: seconds / 30, digits: 8)
        }
        #expect(code(.sha1, 20) == sha1)
        #expect(code(.sha256, 32) == sha256)
        #expect(code(.sha512, 64) == sha512)
    }

    @Test func `a code serves half a minute around its time, and once`() throws {
        let secret = TOTP.makeSecret()
        let now = Date(timeIntervalSince1970: 1_480_000_015)
        let code = TOTP.code(secret: secret, at: now)

        let step = try #require(TOTP.verify(code, secret: secret, at: now))
        #expect(TOTP.verify(code, secret: secret, at: now.addingTimeInterval(30)) == step)
        #expect(TOTP.verify(code, secret: secret, at: now.addingTimeInterval(90)) == nil)
        #expect(TOTP.verify(code, secret: secret, at: now, after: step) == nil)
        #expect(TOTP.verify("", secret: secret, at: now) == nil)
    }

    @Test func `the address of the QR code escapes names`() {
        #expect(
            TOTP.address(secret: Array("foobar".utf8), issuer: "A & B", account: "é@x.org")
                == "otpauth://totp/A%20%26%20B:%c3%a9%40x.org?secret=MZXW6YTBOI&issuer=A%20%26%20B")
    }

    /// RFC 4648 section 10.
    @Test(arguments: [("", ""), ("f", "MY"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")])
    func `base32 is that of RFC 4648`(text: String, expected: String) {
        #expect(TOTP.base32(Array(text.utf8)) == expected)
    }
}
