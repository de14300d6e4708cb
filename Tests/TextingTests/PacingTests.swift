import Foundation
import Testing

@testable import Texting

/// No rate is exceeded, whoever reserves and however often.
@Suite struct PacingTests {
    private let now: Int64 = 1_800_000_000_000_000

    @Test func `an idle sender starts now and spaces by segments`() {
        let pacing = Pacing(segmentsPerSecond: 10)

        let reservation = pacing.reserve([1, 3, 2], tat: 0, now: now)

        #expect(reservation.slots == [now, now + 100_000, now + 400_000])
        #expect(reservation.tat == now + 600_000)
    }

    @Test func `a busy sender goes on where it stopped`() {
        let pacing = Pacing(segmentsPerSecond: 1)

        let reservation = pacing.reserve([1, 1], tat: now + 600_000, now: now)

        #expect(reservation.slots == [now + 600_000])  // the next lies beyond the horizon
        #expect(reservation.tat == now + 1_600_000)
    }

    @Test func `nothing is reserved more than a second ahead`() {
        let pacing = Pacing(segmentsPerSecond: 1)

        #expect(
            pacing.reserve([1], tat: now + 1_000_001, now: now)
                == Pacing.Reservation(slots: [], tat: now + 1_000_001))
        #expect(pacing.reserve([1], tat: now + 1_000_000, now: now).slots.count == 1)
        #expect(pacing.reserve([], tat: 5, now: now).tat == 5)
    }

    @Test func `a clock that goes back never moves a slot back`() {
        let pacing = Pacing(segmentsPerSecond: 4)
        let first = pacing.reserve([1], tat: 0, now: now)
        let second = pacing.reserve([1], tat: first.tat, now: now - 500_000)

        #expect(second.slots == [now + 250_000])
        #expect(pacing.reserve([1], tat: second.tat, now: now - 5_000_000).slots.isEmpty)
    }

    /// Many workers, any order of sizes and pauses: in every stretch of time at most the rate.
    @Test(arguments: [0.5, 1, 3, 7.5, 75, 1000, 4500])
    func `over any stretch no more segments go than the rate allows`(rate: Double) {
        let pacing = Pacing(segmentsPerSecond: rate)
        var chance = SeededChance(state: UInt64(rate * 2))
        var (tat, clock) = (Int64(0), now)
        var sent = [(slot: Int64, size: Int)]()
        for _ in 0..<400 {
            clock += Int64.random(in: -50_000...400_000, using: &chance)
            let sizes = (0..<Int.random(in: 0...20, using: &chance)).map { _ in
                Int.random(in: 1...6, using: &chance)
            }
            let reservation = pacing.reserve(sizes, tat: tat, now: clock)
            #expect(reservation.tat >= tat)
            #expect(reservation.slots.allSatisfy { $0 >= clock && $0 <= clock + 1_000_000 })
            sent += zip(reservation.slots, sizes).map { ($0, $1) }
            tat = reservation.tat
        }
        for (one, next) in zip(sent, sent.dropFirst()) {
            let needed = Double(one.size) * 1_000_000 / rate
            #expect(Double(next.slot - one.slot) >= needed.rounded(.down) - 1)
        }
        let segments = sent.dropLast().reduce(0) { $0 + $1.size }
        let seconds = Double((sent.last?.slot ?? 0) - (sent.first?.slot ?? 0)) / 1_000_000
        #expect(Double(segments) <= seconds * rate + 0.001)
    }

    @Test func `rounding costs a busy sender less than a thousandth`() {
        let pacing = Pacing(segmentsPerSecond: 3)
        var (tat, count) = (now, 0)
        for tick in 0..<1000 {
            let reservation = pacing.reserve(
                Array(repeating: 1, count: 10), tat: tat, now: now + Int64(tick) * 100_000)
            (tat, count) = (reservation.tat, count + reservation.slots.count)
        }
        #expect((300...303).contains(count))  // 100 s at 3/s, and one second ahead
    }

    @Test func `the room is what a reservation grants`() {
        for (rate, ahead) in [
            (1.0, 0), (10, 300_000), (75, 999_999), (0.5, 1_000_000), (3, 2_000_000),
        ] {
            let pacing = Pacing(segmentsPerSecond: rate)
            let tat = now + Int64(ahead)
            let granted = pacing.reserve(Array(repeating: 1, count: 200), tat: tat, now: now)
            #expect(pacing.room(tat: tat, now: now) == granted.slots.count, "\(rate) \(ahead)")
        }
    }
}

/// A cap counts by the day of its own zone, chosen by the slot.
@Suite struct CapWindowTests {
    @Test func `a carrier's day begins at its own midnight`() throws {
        let before = try #require(window(.day, "2026-11-21T07:59:59Z"))
        let after = try #require(window(.day, "2026-11-21T08:00:00Z"))

        #expect(before.key == "2026-11-20" && after.key == "2026-11-21")
        #expect(before.closes == after.opens)
    }

    @Test func `a day has 23 or 25 hours when clocks change`() throws {
        let spring = try #require(window(.day, "2026-03-08T12:00:00Z"))
        let autumn = try #require(window(.day, "2026-11-01T12:00:00Z"))

        #expect(spring.closes - spring.opens == 23 * 3600)
        #expect(autumn.closes - autumn.opens == 25 * 3600)
    }

    @Test func `shorter windows have keys of their own in UTC`() throws {
        #expect(window(.hour, "2026-11-01T08:30:00Z")?.key == "2026-11-01T08Z")
        #expect(window(.minute, "2026-11-01T08:05:59Z")?.key == "2026-11-01T08:05Z")
        #expect(window(.second, "2026-11-01T08:05:09Z")?.key == "2026-11-01T08:05:09Z")
        let minute = try #require(window(.minute, "2026-11-01T08:05:59Z"))
        #expect(minute.closes - minute.opens == 60)
    }

    @Test func `an unknown zone has no window`() {
        #expect(CapWindow(.day, at: Date(), zone: "America/Atlantis") == nil)
    }

    @Test(arguments: ["America/Los_Angeles", "America/Havana", "Africa/Cairo", "America/Nuuk"])
    func `windows follow each other without gap or overlap`(zone: String) throws {
        let start = Date(timeIntervalSince1970: 1_767_225_600)
        var last = try #require(CapWindow(.day, at: start, zone: zone))
        for hour in 1..<(366 * 24) {
            let instant = start + Double(hour) * 3600
            let second = Int64(instant.timeIntervalSince1970)
            let window = try #require(CapWindow(.day, at: instant, zone: zone))
            #expect(window.opens <= second && second < window.closes)
            #expect(window == last || (window.opens == last.closes && window.key > last.key))
            last = window
        }
    }

    private func window(_ span: CapWindow.Span, _ text: String) -> CapWindow? {
        (try? Date(text, strategy: .iso8601)).flatMap {
            CapWindow(span, at: $0, zone: "America/Los_Angeles")
        }
    }
}
