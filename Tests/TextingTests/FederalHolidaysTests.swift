import Foundation
import Testing

@testable import Texting

/// Dates as the Office of Personnel Management publishes them.
@Suite struct FederalHolidaysTests {
    @Test func `the holidays of 2026 are those published`() {
        #expect(
            FederalHolidays.dates(of: 2026).map { FederalHolidays.observed($0).description } == [
                "2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03",
                "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25",
            ])
    }

    @Test func `a holiday on a weekend is kept on its own and on the observed day`() {
        #expect(FederalHolidays.contains(CivilDate(2026, 7, 4)))  // Saturday
        #expect(FederalHolidays.contains(CivilDate(2026, 7, 3)))
        #expect(!FederalHolidays.contains(CivilDate(2026, 7, 6)))
        #expect(FederalHolidays.contains(CivilDate(2022, 6, 20)))  // for Sunday the 19th
        #expect(FederalHolidays.contains(CivilDate(2021, 12, 31)))  // for Saturday, 1 January 2022
        #expect(FederalHolidays.contains(CivilDate(2027, 5, 31)))
    }

    @Test func `ten business days leave out weekends and holidays`() {
        let end = FederalHolidays.businessDay(10, after: CivilDate(2026, 11, 20))

        #expect(end == CivilDate(2026, 12, 7))  // Thanksgiving lies between
        #expect(FederalHolidays.businessDay(0, after: end) == end)
    }

    @Test func `civil dates agree with Foundation for two centuries`() throws {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for day in stride(from: -30_000, to: 50_000, by: 37) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            let parts = calendar.dateComponents([.year, .month, .day, .weekday], from: date)
            let ours = CivilDate(day: day)
            #expect(ours.parts.year == parts.year && ours.parts.month == parts.month)
            #expect(ours.parts.day == parts.day)
            #expect(ours.weekday == ((parts.weekday ?? 0) + 5) % 7 + 1)
            #expect(CivilDate(ours.parts.year, ours.parts.month, ours.parts.day) == ours)
        }
        #expect(CivilDate(2026, 11, 21).description == "2026-11-21")
    }
}
