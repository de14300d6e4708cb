import Secrets
import Testing

@testable import Console

/// Squares as another encoder (PyPI's qrcode 8.2, mode byte, level M, mask 3) draws them. segno 1.6
/// differs in the padding: it adds a zero octet where the bits end on an octet already.
@Suite struct OrganiserQRSquareTests {
    @Test(arguments: [
        (
            "https://example.org/j/abcd2345", 29,
            "9c3c3310cfde77434f7cce357e2be7b7e391f2c7eb03c00349c444dfaa12658a"
        ),
        (
            "otpauth://totp/Barnstorm%20Riverside%20Neighbors:ana%40example.org"
                + "?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Barnstorm%20Riverside%20Neighbors",
            49, "05dc95dc2ee5c08f8e8d3389a78d3bf3659d39f619fd6586c856b7227a37a116"
        ),
    ])
    func `every module is where another hand puts it`(text: String, size: Int, sha: String) throws {
        let square = try #require(QRSquare(text, mask: 3))
        let rows = square.modules.map { row in row.map { $0 ? "1" : "0" }.joined() }
        #expect(square.size == size)
        #expect(SHA256.hash(Array(rows.joined(separator: "\n").utf8)).hex == sha)
    }

    @Test func `what does not fit is refused`() {
        #expect(QRSquare(String(repeating: "a", count: 213)) != nil)
        #expect(QRSquare(String(repeating: "a", count: 214)) == nil)
    }
}
