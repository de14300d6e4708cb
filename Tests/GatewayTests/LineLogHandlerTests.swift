import Foundation
import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite struct LineLogHandlerTests {
    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
        func add(_ line: String) { all.withLock { $0.append(line) } }
    }

    private func logged(_ format: LineLogHandler.Format, _ write: (Logger) -> Void) -> [String] {
        let lines = Lines()
        let logger = Logger(label: "test") { label in
            LineLogHandler(label: label, level: .info, format: format) { lines.add($0) }
        }
        write(logger)
        return lines.all.withLock { $0 }
    }

    @Test func `an event is one line, whatever its metadata holds`() {
        let lines = logged(.logfmt) {
            $0.info("Saved.", metadata: ["note": "a\r\nlevel=error \u{1B}[31mred\u{2028}"])
        }

        #expect(lines.count == 1)
        #expect(lines[0].filter(\.isNewline) == "\n")
        #expect(lines[0].contains(#"note="a\u000d\nlevel=error \u001b[31mred\u2028""#))
    }

    @Test func `a number that slips into metadata is blanked`() {
        let lines = logged(.json) { $0.info("Sent.", metadata: ["to": "+15005550006"]) }

        #expect(!lines[0].contains("5005550006"))
        #expect(lines[0].contains(#""to":"+…""#))
    }

    @Test func `JSON lines can be read back`() throws {
        let lines = logged(.json) { $0.info("Said \"no\".", metadata: ["path": "a\\b\t"]) }

        let object = try JSONSerialization.jsonObject(with: Data(lines[0].utf8))
        let fields = try #require(object as? [String: String])
        #expect(fields["message"] == "Said \"no\".")
        #expect(fields["path"] == "a\\b\t")
    }

    @Test func `what lies below the level is left out`() {
        #expect(logged(.logfmt) { $0.debug("Detail.") }.isEmpty)
    }
}
