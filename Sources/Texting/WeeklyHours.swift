/// The hours of one day, in minutes after local midnight; `closes` is exclusive.
package struct DailyHours: Sendable, Hashable {
    package var opens: Int
    package var closes: Int

    /// No hour at all.
    package static let closed = DailyHours(opens: 0, closes: 0)
    package static let wholeDay = DailyHours(opens: 0, closes: 1440)

    /// - Parameters:
    ///   - opens: 0...1440, for example 540 for nine o'clock.
    ///   - closes: 0...1440; not after `opens` means closed.
    package init(opens: Int, closes: Int) {
        self.opens = opens
        self.closes = closes
    }

    package var isClosed: Bool { closes <= opens }

    /// The minutes that both allow.
    func and(_ other: DailyHours) -> DailyHours {
        let both = DailyHours(
            opens: max(opens, other.opens), closes: min(closes, other.closes))
        return both.isClosed ? .closed : both
    }
}

/// The hours of a week in local time, after all rules that apply have been put together.
package struct WeeklyHours: Sendable, Hashable {
    /// Monday first.
    package var days: [DailyHours]
    /// Whether United States federal holidays, also as observed, are closed.
    package var closesOnFederalHolidays: Bool
    /// How many texts a person may get in 24 hours, over all campaigns; replies not counted.
    package var capPer24Hours: Int

    package static let always = WeeklyHours(
        days: Array(repeating: .wholeDay, count: 7), closesOnFederalHolidays: false,
        capPer24Hours: .max)

    func and(_ other: WeeklyHours) -> WeeklyHours {
        WeeklyHours(
            days: zip(days, other.days).map { $0.and($1) },
            closesOnFederalHolidays: closesOnFederalHolidays || other.closesOnFederalHolidays,
            capPer24Hours: min(capPer24Hours, other.capPer24Hours))
    }

    /// The hours of one local day.
    package func hours(on date: CivilDate) -> DailyHours {
        let hours = days[date.weekday - 1]
        return !hours.isClosed && closesOnFederalHolidays && FederalHolidays.contains(date)
            ? .closed : hours
    }
}
