import Foundation
import Testing

@testable import Texting

/// Pauses grow, spread out and honour what the provider asks.
@Suite struct BackoffTests {
    private let backoff = Backoff()

    @Test(arguments: [
        (0, 0), (1, 100), (2, 200), (3, 400), (9, 25_600), (10, 30_000), (1_000_000, 30_000),
    ])
    func `the bound doubles from 100 ms to 30 s`(failures: Int, milliseconds: Int) {
        #expect(backoff.bound(failures: failures) == .milliseconds(milliseconds))
    }

    @Test func `the pause is drawn evenly below the bound`() {
        #expect(backoff.pause(failures: 3, chance: 0) == .zero)
        #expect(backoff.pause(failures: 3, chance: 0.5) == .milliseconds(200))
        #expect(backoff.pause(failures: 3, chance: 0.999) < .milliseconds(400))
        #expect(backoff.pause(failures: 3, chance: .infinity) == .milliseconds(400))
    }

    @Test func `what the provider asks for is the least`() {
        let asked = Duration.seconds(7)

        #expect(backoff.pause(failures: 1, chance: 0, retryAfter: asked) == asked)
        #expect(backoff.pause(failures: 1, chance: 1, retryAfter: asked) == .milliseconds(7100))
        #expect(
            backoff.pause(failures: 1, chance: 0, retryAfter: .seconds(1 << 40)) == .seconds(86_400)
        )
        #expect(backoff.pause(failures: 1, chance: 0, retryAfter: .seconds(-5)) == .zero)
    }

    @Test(arguments: [
        ("120", 120.0), (" 0 ", 0), ("Sun, 06 Nov 1994 08:49:47 GMT", 10),
        ("Sunday, 06-Nov-94 08:49:47 GMT", 86_400), ("Sun Nov  6 08:49:47 1994", 10),
        ("Sun, 06 Nov 1994 08:49:30 GMT", 0), ("99999999999999999999", 86_400),
    ])
    func `Retry-After is seconds or a date in any form of HTTP`(value: String, seconds: Double) {
        let now = Date(timeIntervalSince1970: 784_111_777)  // Sun, 06 Nov 1994 08:49:37 GMT

        #expect(RetryAfter.pause(value, now: now) == .seconds(seconds))
    }

    @Test(arguments: ["", "soon", "-5", "1.5", "Sun, 06 Foo 1994 08:49:37 GMT", "12:00", "６"])
    func `what is neither is left out`(value: String) {
        #expect(RetryAfter.pause(value, now: Date()) == nil)
    }
}
