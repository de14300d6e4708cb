import Foundation
import Testing

@testable import Texting

/// Nobody is texted outside their hours: every zone, every change of clocks, every rule.
@Suite struct TextingHoursTests {
    private let usual = TextingHours(HoursPolicy())

    @Test func `a window opens and closes by the clocks of the zone`() throws {
        let window = try #require(
            usual.window(zones: ["America/New_York"], at: instant("2026-11-21T12:00:00Z")))

        #expect(window.opensAt == instant("2026-11-21T14:00:00Z"))
        #expect(window.closesAt == instant("2026-11-22T01:00:00Z"))
        #expect(!usual.isOpen(zones: ["America/New_York"], at: window.opensAt - 1))
        #expect(usual.isOpen(zones: ["America/New_York"], at: window.opensAt))
        #expect(usual.isOpen(zones: ["America/New_York"], at: window.closesAt - 1))
        #expect(!usual.isOpen(zones: ["America/New_York"], at: window.closesAt))
    }

    @Test func `several zones must all be open`() throws {
        let window = try #require(
            usual.window(
                zones: ["America/Los_Angeles", "America/New_York"],
                at: instant("2026-11-21T12:00:00Z")))

        #expect(window.opensAt == instant("2026-11-21T17:00:00Z"))  // nine in Los Angeles
        #expect(window.closesAt == instant("2026-11-22T01:00:00Z"))  // eight in New York
    }

    @Test func `an unknown zone means all zones of the countries served`() throws {
        let noon = instant("2026-11-21T12:00:00Z")
        let window = try #require(usual.window(zones: [], at: noon))
        let everywhere = TimeZoneTables.shared.zones(country: "US")

        #expect(everywhere.contains("Pacific/Honolulu") && everywhere.contains("America/New_York"))
        #expect(window == usual.window(zones: everywhere, at: noon))
        #expect(window.opensAt == instant("2026-11-21T19:00:00Z"))  // nine in Hawaii
        #expect(window == usual.window(zones: ["America/Atlantis"], at: noon))
    }

    @Test func `two countries served narrow the unknown zone to what both allow`() throws {
        let both = TextingHours(HoursPolicy(servedCountries: ["GB", "IE"]))
        let noon = instant("2026-11-21T06:00:00Z")

        #expect(both.window(zones: [], at: noon) == both.window(zones: ["Europe/London"], at: noon))
    }

    @Test func `zones whose hours never meet have no window`() {
        let short = TextingHours(HoursPolicy(preferred: DailyHours(opens: 600, closes: 900)))

        #expect(
            short.window(
                zones: ["Asia/Tokyo", "America/New_York"], at: instant("2026-11-21T12:00:00Z"))
                == nil)
        #expect(!short.isOpen(zones: ["Asia/Tokyo", "America/New_York"], at: Date()))
    }

    @Test func `zones on two sides of the date line may meet on different days`() throws {
        // Eight in the evening in Samoa is Saturday, nine in the morning on Guam is Sunday.
        let window = try #require(
            usual.window(
                zones: ["Pacific/Guam", "Pacific/Pago_Pago"], at: instant("2026-11-21T12:00:00Z")))

        #expect(window.opensAt == instant("2026-11-21T23:00:00Z"))
        #expect(window.closesAt == instant("2026-11-22T07:00:00Z"))
    }

    /// `hours-at-changes.tsv`, found minute by minute by another program.
    @Test func `hours hold at every change of clocks from 2024 to 2034`() throws {
        var count = 0
        for row in try Fixture.rows("hours-at-changes.tsv") {
            let numbers = row[1...3].compactMap { Int64($0) }
            var week = WeeklyHours.always
            week.days = Array(
                repeating: DailyHours(opens: Int(numbers[1]), closes: Int(numbers[2])), count: 7)
            let hours = TextingHours(weekly: week)
            let (start, end) = (numbers[0], numbers[0] + 72 * 3600)

            var (found, present) = ([String](), start)
            while let window = hours.window(zones: [row[0]], at: present), window.opens < end {
                let (opens, closes) = (max(window.opens, start), min(window.closes, end))
                found.append("\(opens - start)-\(closes - start)")
                present = window.closes
            }
            #expect(found.joined(separator: " ") == row[4], "\(row[0]) from \(start)")
            count += 1
        }
        #expect(count > 1500)
    }

    /// Any zones, hours, holidays and instants, against stepping through the minutes.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `a window is what stepping minute by minute finds`(seed: UInt64) {
        var chance = SeededChance(state: seed)
        let served = ["US", "CA", "GB", "AU"].flatMap(TimeZoneTables.shared.zones(country:))
        let zones = (0..<Int.random(in: 1...4, using: &chance)).map { _ in
            served.randomElement(using: &chance) ?? "Europe/London"
        }
        var week = WeeklyHours.always
        week.days = (0..<7).map { _ in
            let opens = Int.random(in: 0...700, using: &chance)
            return DailyHours(
                opens: opens, closes: opens + Int.random(in: -60...740, using: &chance))
        }
        week.closesOnFederalHolidays = Bool.random(using: &chance)
        let start = Int64.random(in: 1_704_067_200...2_050_000_000, using: &chance) / 60 * 60
        let courses = zones.compactMap(TimeZoneTables.shared.course)

        func isOpen(_ minute: Int64) -> Bool {
            courses.allSatisfy { course in
                let local = minute + course.offset(at: minute)
                let hours = week.hours(on: CivilDate(instant: local, offset: 0))
                let minutes = Int((local % 86_400) / 60)
                return minutes >= hours.opens && minutes < hours.closes
            }
        }
        let opens = stride(from: start, to: start + 5 * 86_400, by: 60).first(where: isOpen)
        let closes = opens.flatMap { opens in
            stride(from: opens, to: opens + 2 * 86_400, by: 60).first { !isOpen($0) }
        }
        let window = TextingHours(weekly: week).window(zones: zones, at: start)

        if let opens, let closes {
            #expect(window.map { max($0.opens, start) } == opens, "\(zones) \(start)")
            #expect(window?.closes == closes, "\(zones) \(start)")
        } else {
            #expect(window.map { $0.opens >= start + 5 * 86_400 } ?? true)
        }
    }

    @Test func `a window is the same answer until it closes`() throws {
        let start = Int64(instant("2026-03-07T00:00:00Z").timeIntervalSince1970)
        for zone in ["America/New_York", "Europe/London", "Australia/Lord_Howe"] {
            var known = try #require(usual.window(zones: [zone], at: start))
            for minute in stride(from: start, to: start + 30 * 86_400, by: 600) {
                let window = try #require(usual.window(zones: [zone], at: minute))
                if minute >= known.closes { known = window }
                #expect(window == known)
            }
        }
    }

    @Test func `a text must be able to arrive before the window closes`() {
        let window = DayWindow(opens: 1000, closes: 2000)

        #expect(window.contains(1000, validity: 1000))
        #expect(!window.contains(1001, validity: 1000))
        #expect(!window.contains(999) && !window.contains(2000) && window.contains(1999))
        #expect(!window.contains(.min, validity: .max))
    }

    private func instant(_ text: String) -> Date {
        (try? Date(text, strategy: .iso8601)) ?? .distantPast
    }
}
