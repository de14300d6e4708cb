import Secrets
import Testing

@testable import Console

/// Squares as another encoder (segno 1.6, mode byte, level M, mask 3) draws them.
@Suite struct OrganiserQRSquareTests {
    @Test(arguments: [
        (
            "https://example.org/j/abcd2345", 29,
            "87472910ba69c4b13bc017753b601c506a23bbbbc63ab71c173891414a1482c0"
        ),
        (
            "otpauth://totp/Barnstorm%20Riverside%20Neighbors:ana%40example.org"
                + "?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Barnstorm%20Riverside%20Neighbors",
            49, "f8ed1d2b4034928f32e1fcac62f2eb919477ed8fa2c8c4d744cb1ccb76594829"
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
