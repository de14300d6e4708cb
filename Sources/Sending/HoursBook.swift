import Foundation
import Store
import Synchronization
import Texting

/// Windows of zone sets, computed once and compared often.
final class HoursBook: Sendable {
    private struct Key: Hashable {
        var zones: String
        var countries: [String]
        var opens: Int
        var closes: Int
    }

    private struct Entry {
        /// The window that holds the instant it was asked for, or the next one; nil: none in sight.
        var window: DayWindow?
        /// The answer may be kept until then.
        var until: Int64
    }

    private let known = Mutex<[Key: Entry]>([:])

    /// The law's hours, the organisation's and the campaign's, all at once.
    ///
    /// - Returns: nil if nobody of that zone set may be texted within twelve days: fail closed.
    func window(
        zones: String, organisation: OrganisationFacts, campaign: CampaignFacts?, at moment: Date
    ) -> DayWindow? {
        let key = Key(
            zones: zones, countries: organisation.countries,
            opens: max(organisation.opensMinute, campaign?.opensMinute ?? 0),
            closes: min(organisation.closesMinute, campaign?.closesMinute ?? 1440))
        let second = moment.second
        if let entry = known.withLock({ $0[key] }), second < entry.until { return entry.window }
        let names = zones.split(separator: ",").map(String.init)
        let window = Jurisdictions.hours(
            zones: names, served: key.countries,
            preferred: DailyHours(opens: key.opens, closes: key.closes)
        ).window(zones: names, at: second)
        let entry = Entry(window: window, until: window?.closes ?? second + 3600)
        known.withLock { $0[key] = entry }
        return window
    }
}

extension Date {
    /// Whole seconds since 1970, as the hours are told.
    var second: Int64 { Int64(timeIntervalSince1970.rounded(.down)) }
}
