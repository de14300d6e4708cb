import Foundation

/// A stretch of time in which a zone set may be texted: all that the hot path compares.
package struct DayWindow: Sendable, Hashable {
    /// The first instant, in epoch seconds.
    package let opens: Int64
    /// The first instant that no longer belongs, in epoch seconds.
    package let closes: Int64

    package init(opens: Int64, closes: Int64) {
        self.opens = opens
        self.closes = closes
    }

    package var opensAt: Date { Date(timeIntervalSince1970: Double(opens)) }
    package var closesAt: Date { Date(timeIntervalSince1970: Double(closes)) }

    /// Whether a text may leave at `instant` that may arrive up to `validity` seconds later.
    package func contains(_ instant: Int64, validity: Int64 = 0) -> Bool {
        instant >= opens && instant < closes && validity <= closes - instant
    }
}

/// When people may be texted, in instants.
///
/// A text may leave if the present, as every zone of the set shows it, lies in the hours of that
/// zone's local day. Wall time is always computed from the instant, so that a skipped hour opens late
/// and a repeated one opens at its first turn, without a special case. Several zones mean all of
/// them; no zone means all zones of the countries served. Source: 47 CFR 64.1200(c)(1), "local time at
/// the called party's location", and the rules of ``HoursRules``.
package struct TextingHours: Sendable {
    /// How far ahead an opening is looked for, in seconds: longer than any run of closed days.
    static let reach: Int64 = 12 * 86_400
    /// How far back a window's beginning is told, in seconds.
    static let past: Int64 = 2 * 86_400

    /// The hours that apply, in local time.
    package let weekly: WeeklyHours
    private let servedCountries: [String]

    /// The hours of people to whom `policy` applies; resolve once, ask often.
    package init(_ policy: HoursPolicy, rules: HoursRules = .shared) {
        weekly = policy.weekly(rules)
        servedCountries = policy.servedCountries
    }

    /// The hours of people to whom any of several policies may apply: what all of them allow.
    ///
    /// For example one policy for each of ``Jurisdictions/countries(of:among:)``.
    package init(all policies: [HoursPolicy], rules: HoursRules = .shared) {
        weekly = policies.map { $0.weekly(rules) }.reduce(.always) { $0.and($1) }
        servedCountries = Set(policies.flatMap(\.servedCountries)).sorted()
    }

    /// Hours that no rule says, for previews and tests.
    init(weekly: WeeklyHours, servedCountries: [String] = []) {
        self.weekly = weekly
        self.servedCountries = servedCountries
    }

    /// Which data says what clocks show, to be stored with decisions.
    package static var timeZoneData: String {
        TimeZoneTables.shared.heading.first { $0.hasPrefix("Source") } ?? ""
    }

    /// The window in which `instant` lies, or the next one.
    ///
    /// The answer stays the same until `closes`, so it may be kept until then.
    ///
    /// - Parameter zones: IANA names, all of which count; empty if nothing is known. A name that IANA
    ///   does not have counts as unknown.
    /// - Returns: `nil` if no window begins within twelve days, for example because the zones lie so
    ///   far apart that their hours never meet.
    package func window(zones: [String], at instant: Date) -> DayWindow? {
        window(zones: zones, at: Int64(instant.timeIntervalSince1970.rounded(.down)))
    }

    /// As ``window(zones:at:)-(_,Date)``, in epoch seconds.
    package func window(zones: [String], at instant: Int64) -> DayWindow? {
        let courses = courses(zones)
        guard !courses.isEmpty else { return nil }
        // Nearly always the next two days hold the answer.
        for reach: Int64 in [2 * 86_400, Self.reach] {
            let end = instant + reach
            var open = [DayWindow(opens: instant - Self.past, closes: end)]
            for course in courses {
                open = Self.meet(open, windows(course, from: instant - Self.past, to: end))
            }
            // A window cut off by the end of the search is told in full by the longer one.
            if let found = open.first(where: { $0.closes > instant }),
                found.closes < end || reach == Self.reach
            {
                return found
            }
        }
        return nil
    }

    /// Whether a text may leave now.
    package func isOpen(zones: [String], at instant: Date) -> Bool {
        let second = Int64(instant.timeIntervalSince1970.rounded(.down))
        return window(zones: zones, at: second)?.contains(second) ?? false
    }

    /// The zones' courses; all of the served countries' if a zone is unknown.
    private func courses(_ zones: [String]) -> [ZoneCourse] {
        let tables = TimeZoneTables.shared
        let named = zones.map(tables.course)
        if !named.isEmpty, !named.contains(where: { $0 == nil }) { return named.compactMap(\.self) }
        let served = Set(servedCountries.flatMap(tables.zones(country:)) + zones)
        return served.sorted().compactMap(tables.course)
    }

    /// The windows of one zone between two instants, in order, adjoining ones joined.
    private func windows(_ course: ZoneCourse, from start: Int64, to end: Int64) -> [DayWindow] {
        var found = [DayWindow]()
        course.stretches(from: start, to: end) { from, to, offset in
            var date = CivilDate(instant: from, offset: offset)
            while true {
                let midnight = Int64(date.day) * 86_400 - offset
                guard midnight < to else { break }
                let hours = weekly.hours(on: date)
                let opens = max(from, midnight + Int64(hours.opens) * 60)
                let closes = min(to, midnight + Int64(hours.closes) * 60)
                if opens < closes {
                    Self.append(DayWindow(opens: opens, closes: closes), to: &found)
                }
                date = date + 1
            }
        }
        return found
    }

    private static func append(_ window: DayWindow, to list: inout [DayWindow]) {
        if let last = list.last, last.closes == window.opens {
            list[list.count - 1] = DayWindow(opens: last.opens, closes: window.closes)
        } else {
            list.append(window)
        }
    }

    /// What two lists of windows have in common.
    private static func meet(_ one: [DayWindow], _ other: [DayWindow]) -> [DayWindow] {
        var (left, right) = (0, 0)
        var found = [DayWindow]()
        while left < one.count, right < other.count {
            let opens = max(one[left].opens, other[right].opens)
            let closes = min(one[left].closes, other[right].closes)
            if opens < closes { found.append(DayWindow(opens: opens, closes: closes)) }
            if one[left].closes < other[right].closes { left += 1 } else { right += 1 }
        }
        return found
    }
}
