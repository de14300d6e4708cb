/// The holidays of the United States, computed from their law.
///
/// Source: 5 U.S.C. 6103(a); (b) for a holiday on a Saturday, observed the Friday before;
/// Executive Order 11582 for one on a Sunday, observed the Monday after. Inauguration Day, a holiday
/// around Washington only, is left out.
package enum FederalHolidays {
    /// The eleven holidays of a year on their own dates, in order.
    package static func dates(of year: Int) -> [CivilDate] {
        [
            CivilDate(year, 1, 1), weekday(1, 3, of: 1, year), weekday(1, 3, of: 2, year),
            lastMonday(ofMay: year), CivilDate(year, 6, 19), CivilDate(year, 7, 4),
            weekday(1, 1, of: 9, year), weekday(1, 2, of: 10, year), CivilDate(year, 11, 11),
            weekday(4, 4, of: 11, year), CivilDate(year, 12, 25),
        ]
    }

    /// The day on which offices close for a holiday.
    package static func observed(_ date: CivilDate) -> CivilDate {
        switch date.weekday {
        case 6: date + -1
        case 7: date + 1
        default: date
        }
    }

    /// Whether a day is a holiday or the day on which one is observed.
    package static func contains(_ date: CivilDate) -> Bool {
        let year = date.parts.year
        // New Year's Day on a Saturday is observed in the year before.
        return [year, year + 1].contains { year in
            dates(of: year).contains { $0 == date || observed($0) == date }
        }
    }

    /// The last of `count` business days after `date`: neither weekend nor observed holiday.
    ///
    /// An opt-out that comes by letter or call takes effect within ten: 47 CFR 64.1200(a)(10).
    package static func businessDay(_ count: Int, after date: CivilDate) -> CivilDate {
        var (day, left) = (date, count)
        while left > 0 {
            day = day + 1
            if day.weekday < 6, !isObserved(day) { left -= 1 }
        }
        return day
    }

    private static func isObserved(_ date: CivilDate) -> Bool {
        let year = date.parts.year
        return [year, year + 1].contains { dates(of: $0).map(observed).contains(date) }
    }

    /// The `count`th Monday (1) to Sunday (7) of a month.
    private static func weekday(
        _ weekday: Int, _ count: Int, of month: Int, _ year: Int
    ) -> CivilDate {
        let first = CivilDate(year, month, 1)
        return first + ((weekday - first.weekday + 7) % 7 + 7 * (count - 1))
    }

    private static func lastMonday(ofMay year: Int) -> CivilDate {
        let last = CivilDate(year, 5, 31)
        return last + -(last.weekday - 1)
    }
}
