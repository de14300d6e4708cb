import Foundation
import Testing

@testable import Console

/// A night's end names whose morning it is, in words (screen T3).
@Suite struct MorningTests {
    private let languages = try! Languages()
    /// 2026-01-05 08:22 in Greenwich.
    private let now = Date(timeIntervalSince1970: 1_767_601_320)

    private func morning(_ zones: [String], in language: String = "en") -> String {
        languages[language].morning(now + 38 * 60, in: zones, now: now)
            .filter { !"\u{2068}\u{2069}".contains($0) }
    }

    @Test func `the hour is told with the place of its zone`() {
        #expect(morning(["Europe/London"]) == "38 min (09:00 in London)")
        #expect(
            morning(["America/Argentina/Buenos_Aires"], in: "es")
                == "38 min (06:00 en Buenos Aires)")
        #expect(morning(["Europe/London"], in: "cy") == "38 mun (London: 09:00)")
    }

    @Test func `zones that agree on the hour name the first`() {
        #expect(morning(["Europe/Lisbon", "Europe/London"]) == "38 min (09:00 in Lisbon)")
    }

    @Test(arguments: [[], ["Etc/GMT+5"], ["America/New_York", "America/Chicago"], ["UTC"]])
    func `where no place is certain, the span alone`(zones: [String]) {
        #expect(morning(zones) == "38 min")
    }
}
