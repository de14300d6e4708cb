/// A day of the Gregorian calendar, without a time zone.
package struct CivilDate: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Days since 1 January 1970.
    package let day: Int

    package init(day: Int) { self.day = day }

    /// A day by year, month (1...12) and day of the month; days past the month's end run on.
    package init(_ year: Int, _ month: Int, _ dayOfMonth: Int) {
        // Years are counted from March, so that the leap day is the last of its year.
        let shifted = month > 2 ? year : year - 1
        let (cycle, yearOfCycle) = Self.divide(shifted, by: 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + dayOfMonth - 1
        let leapDays = yearOfCycle / 4 - yearOfCycle / 100
        day = cycle * 146_097 + yearOfCycle * 365 + leapDays + dayOfYear - 719_468
    }

    /// The day on which an instant falls, `offset` seconds east of Greenwich.
    init(instant: Int64, offset: Int64) {
        day = Self.divide(Int(instant + offset), by: 86_400).quotient
    }

    /// 1 for Monday to 7 for Sunday, as in ISO 8601.
    package var weekday: Int { Self.divide(day + 3, by: 7).remainder + 1 }

    /// Year, month and day of the month.
    package var parts: (year: Int, month: Int, day: Int) {
        let (cycle, dayOfCycle) = Self.divide(day + 719_468, by: 146_097)
        let leaps = dayOfCycle / 1_460 - dayOfCycle / 36_524 + dayOfCycle / 146_096
        let yearOfCycle = (dayOfCycle - leaps) / 365
        let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = cycle * 400 + yearOfCycle + (month > 9 ? 1 : 0)
        return (year, (month + 2) % 12 + 1, dayOfYear - (153 * month + 2) / 5 + 1)
    }

    package static func < (one: CivilDate, other: CivilDate) -> Bool { one.day < other.day }

    package static func + (date: CivilDate, days: Int) -> CivilDate {
        CivilDate(day: date.day + days)
    }

    /// `2026-11-21`, as in ISO 8601.
    package var description: String {
        let (year, month, day) = parts
        return "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
    }

    private static func divide(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
        let remainder = value % divisor
        return remainder < 0
            ? ((value - remainder) / divisor - 1, remainder + divisor)
            : (value / divisor, remainder)
    }
}
