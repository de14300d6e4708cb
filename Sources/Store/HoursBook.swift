import Foundation
import Synchronization
import Texting

/// Windows of zone sets by the hours of an organisation or campaign: each computed once, kept until
/// it closes, and compared often. The draw and the worker ask the same book.
package final class HoursBook: Sendable {
    /// Whose hours: what was chosen, and the countries whose law may apply.
    package struct Rules: Sendable, Hashable {
        package var countries: [String]
        /// The organisation's hours and the campaign's, both kept.
        package var preferred: DailyHours
        /// Whether states' sales laws hold too.
        package var isStrictSales = false

        package init(_ organisation: OrganisationFacts, _ campaign: CampaignFacts?) {
            self.init(
                countries: organisation.countries,
                opens: max(organisation.opensMinute, campaign?.opensMinute ?? 0),
                closes: min(organisation.closesMinute, campaign?.closesMinute ?? 1440),
                isStrictSales: organisation.isStrictSales)
        }

        init(countries: [String], opens: Int, closes: Int, isStrictSales: Bool) {
            self.countries = countries
            self.isStrictSales = isStrictSales
            preferred = DailyHours(opens: opens, closes: closes)
        }
    }

    private struct Key: Hashable {
        var zones: String
        var rules: Rules
    }

    private struct Entry {
        /// The window that holds the instant it was asked for, or the next one; nil: none in sight.
        var window: DayWindow?
        /// The answer may be kept until then.
        var until: Int64
    }

    private let known = Mutex<[Key: Entry]>([:])

    package init() {}

    /// The law's hours and the chosen ones, all at once.
    ///
    /// - Parameter zones: IANA names joined by commas, as `zone_set` has them; empty is unknown.
    /// - Returns: nil if nobody of that zone set may be texted within twelve days: fail closed.
    package func window(zones: String, rules: Rules, at moment: Date) -> DayWindow? {
        let key = Key(zones: zones, rules: rules)
        let second = moment.second
        if let entry = known.withLock({ $0[key] }), second < entry.until { return entry.window }
        let window = rules.window(
            zones: zones.split(separator: ",").map(String.init), at: moment)
        let entry = Entry(window: window, until: window?.closes ?? second + 3600)
        known.withLock { $0[key] = entry }
        return window
    }
}

extension HoursBook.Rules {
    /// The window in which `moment` lies or the next one; nil if there is none within twelve days.
    ///
    /// All countries at once: taken one by one, one's evening and another's next morning would look
    /// like hours that never meet.
    func window(zones: [String], at moment: Date) -> DayWindow? {
        Jurisdictions.hours(
            zones: zones, served: countries, preferred: preferred, isStrictSales: isStrictSales
        ).window(zones: zones, at: moment.second)
    }
}

extension Date {
    /// Whole seconds since 1970, as the hours are told.
    package var second: Int64 { Int64(timeIntervalSince1970.rounded(.down)) }
}
