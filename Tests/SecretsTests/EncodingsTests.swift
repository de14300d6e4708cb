import Testing

@testable import Secrets

@Suite struct EncodingsTests {
    /// RFC 4648 section 10.
    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")])
    func `base64 is that of RFC 4648`(text: String, encoded: String) {
        #expect(Array(text.utf8).base64 == encoded)
        #expect([UInt8](base64: encoded) == Array(text.utf8))
    }

    @Test func `base64url has no padding and safe characters`() {
        let bytes: [UInt8] = [0xfb, 0xff, 0xfe, 0xfb]
        #expect(bytes.base64URL == "-__--w")
        #expect([UInt8](base64URL: "-__--w") == bytes)
        #expect([UInt8](base64URL: "+//++w") == nil)
        #expect([UInt8](base64URL: "Zg==") == nil)
    }

    @Test func `hex goes both ways`() {
        #expect([UInt8]([0, 15, 255]).hex == "000fff")
        #expect([UInt8](hex: "000FfF") == [0, 15, 255])
        #expect([UInt8](hex: "0") == nil)
        #expect([UInt8](hex: "zz") == nil)
    }

    @Test(arguments: ["a", "ab=c", "Zg=", "Zg", "Z g==", "Zm9v\n"])
    func `what is no base64 is refused`(text: String) {
        #expect([UInt8](base64: text) == nil)
    }

    @Test func `tokens differ and have the length asked for`() {
        #expect(Token.random(bytes: 16).count == 16)
        #expect(Token.random(bytes: 16) != Token.random(bytes: 16))
        #expect(Token.digits(6).utf8.allSatisfy { (48...57).contains($0) })
        #expect(Token.digits(6).count == 6)
    }
}
