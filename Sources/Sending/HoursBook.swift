import Foundation
import Store
import Synchronization
import Texting

/// Windows of zone sets, computed once and compared often.
final class HoursBook: Sendable {
    /// When a zone set may be texted: the window that holds an instant, or the next one.
    struct Window: Sendable {
        var opens: Date
        var closes: Date

        func contains(_ moment: Date) -> Bool { opens <= moment && moment < closes }

        func meeting(_ other: Window) -> Window {
            Window(opens: max(opens, other.opens), closes: min(closes, other.closes))
        }

        /// No window in sight: shut.
        static let never = Window(opens: .distantFuture, closes: .distantFuture)
    }

    private struct Key: Hashable {
        var zones: String
        var countries: [String]
        var opens: Int
        var closes: Int
    }

    private let known = Mutex<[Key: Window]>([:])

    /// The law's hours, the organisation's and the campaign's, all at once.
    func window(
        zones: String, organisation: OrganisationFacts, campaign: CampaignFacts?, at moment: Date
    ) -> Window {
        let key = Key(
            zones: zones, countries: organisation.countries,
            opens: max(organisation.opensMinute, campaign?.opensMinute ?? 0),
            closes: min(organisation.closesMinute, campaign?.closesMinute ?? 1440))
        if let window = known.withLock({ $0[key] }), moment < window.closes,
            window.opens != .distantFuture
        {
            return window
        }
        let window = compute(key, at: moment)
        known.withLock { $0[key] = window }
        return window
    }

    private func compute(_ key: Key, at moment: Date) -> Window {
        let zones = key.zones.split(separator: ",").map(String.init)
        let windows = Jurisdictions.countries(of: zones, among: key.countries).map { country in
            let hours = TextingHours(
                HoursPolicy(
                    country: country,
                    preferred: DailyHours(opens: key.opens, closes: key.closes),
                    servedCountries: key.countries))
            return hours.window(zones: zones, at: moment).map {
                Window(opens: $0.opensAt, closes: $0.closesAt)
            }
        }
        // A country whose hours never come shuts the whole set: fail closed.
        guard let first = windows.first ?? nil, !windows.contains(where: { $0 == nil }) else {
            return .never
        }
        return windows.compactMap(\.self).reduce(first) { $0.meeting($1) }
    }
}
