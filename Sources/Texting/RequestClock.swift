import Foundation

/// What somebody asks of us by letter, call or mail, and how long we have.
package enum RequestKind: String, Sendable, CaseIterable, Codable {
    /// A stop that came by another way than a reply.
    case optOut = "opt_out"
    case access
    case erasure
    /// To direct marketing: absolute (UK GDPR 21(3)).
    case objection
    case complaint

    /// Whether it stops our texts at once, whatever else becomes of it.
    package var isStop: Bool { self == .optOut || self == .objection || self == .erasure }

    /// Which deadline runs, for people who read the list.
    package var clock: RequestClock {
        switch self {
        case .optOut: .businessDays(10)
        case .access, .erasure, .objection: .calendarMonth
        case .complaint: .days(30)
        }
    }
}

/// How a deadline is counted.
///
/// Counted to the strict side: the day of receipt is the earliest that it was anywhere in the
/// states served (Honolulu's), and the last day ends at midnight UTC.
package enum RequestClock: Sendable, Equatable {
    /// Neither weekend nor US federal holiday: 47 CFR 64.1200(a)(10) gives ten.
    case businessDays(Int)
    /// The same day of the next month, or its last: UK GDPR 12(3).
    case calendarMonth
    /// Calendar days: a complaint is acknowledged within thirty (DPA 2018 s.164A).
    case days(Int)

    private static let honolulu: Int64 = -10 * 3_600

    /// The first instant that is too late.
    package func due(received: Date) -> Date {
        let instant = Int64(received.timeIntervalSince1970.rounded(.down))
        let date = CivilDate(instant: instant, offset: Self.honolulu)
        let last =
            switch self {
            case .businessDays(let count): FederalHolidays.businessDay(count, after: date)
            case .calendarMonth: Self.nextMonth(date)
            case .days(let count): date + count
            }
        return Date(timeIntervalSince1970: Double(last.day + 1) * 86_400)
    }

    /// US business days that begin after `now` and before `due`; negative ones are over.
    package static func businessDaysLeft(until due: Date, now: Date) -> Int {
        let (from, to) = (day(now), day(due.addingTimeInterval(-1)))
        guard from != to else { return 0 }
        let (first, last) = (min(from, to), max(from, to))
        let count = (first.day + 1...last.day).count { isBusinessDay(CivilDate(day: $0)) }
        return from < to ? count : -count
    }

    private static func isBusinessDay(_ date: CivilDate) -> Bool {
        FederalHolidays.businessDay(1, after: date + -1) == date
    }

    private static func day(_ instant: Date) -> CivilDate {
        CivilDate(instant: Int64(instant.timeIntervalSince1970.rounded(.down)), offset: 0)
    }

    private static func nextMonth(_ date: CivilDate) -> CivilDate {
        let (year, month, day) = date.parts
        let (nextYear, next) = month == 12 ? (year + 1, 1) : (year, month + 1)
        let (afterYear, after) = next == 12 ? (nextYear + 1, 1) : (nextYear, next + 1)
        let end = CivilDate(afterYear, after, 1) + -1
        return min(CivilDate(nextYear, next, day), end)
    }
}
