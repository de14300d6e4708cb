import Foundation

/// The stretch of time over which a cap counts, for example a carrier's day.
///
/// A window is a key and never reset in place: what is counted under yesterday's key stays there.
/// The key comes from the *slot's* instant in the cap's own zone, so that a text reserved just before
/// midnight and sent just after counts where the carrier will count it.
package struct CapWindow: Sendable, Hashable {
    /// How long a cap counts.
    package enum Span: String, Sendable, CaseIterable {
        case second, minute, hour, day
    }

    /// `2026-11-21` for a day; with `T13:05Z` and the like for shorter spans, which are UTC so that an
    /// hour repeated in autumn has two keys.
    package let key: String
    /// The first instant, in epoch seconds.
    package let opens: Int64
    /// The first instant that no longer belongs, in epoch seconds.
    package let closes: Int64

    /// The window of `span` in which `instant` lies.
    ///
    /// - Parameters:
    ///   - instant: The slot of the text, not the present.
    ///   - zone: The IANA name of the cap's zone; `nil` if IANA has none of this name.
    package init?(_ span: Span, at instant: Date, zone: String) {
        guard let course = TimeZoneTables.shared.course(zone) else { return nil }
        let second = Int64(instant.timeIntervalSince1970.rounded(.down))
        if span == .day {
            let date = CivilDate(instant: second, offset: course.offset(at: second))
            // Where clocks go back at midnight, the hour shown twice belongs to the new day.
            let isNext = second >= Self.start(of: date + 1, course)
            self.init(date: isNext ? date + 1 : date, course)
        } else {
            self.init(span, second)
        }
    }

    /// A local day: from its first instant to the next day's.
    private init(date: CivilDate, _ course: ZoneCourse) {
        key = date.description
        opens = Self.start(of: date, course)
        closes = Self.start(of: date + 1, course)
    }

    private init(_ span: Span, _ second: Int64) {
        let length: Int64 = span == .hour ? 3_600 : span == .minute ? 60 : 1
        let start = second - (second % length + length) % length
        let clock = (start % 86_400 + 86_400) % 86_400
        let parts = [clock / 3_600, clock / 60 % 60, clock % 60]
            .prefix(span == .hour ? 1 : span == .minute ? 2 : 3)
        let time = parts.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
        key = "\(CivilDate(instant: start, offset: 0))T\(time)Z"
        opens = start
        closes = start + length
    }

    /// The first instant whose local date is `date` or later.
    private static func start(of date: CivilDate, _ course: ZoneCourse) -> Int64 {
        let noon = Int64(date.day) * 86_400 + 43_200
        var found = noon
        course.stretches(from: noon - 3 * 86_400, to: noon + 2 * 86_400) { from, to, offset in
            let midnight = max(from, Int64(date.day) * 86_400 - offset)
            if midnight < to { found = min(found, midnight) }
        }
        return found
    }
}
