import Foundation
import Synchronization
import Texting

/// The hours of one campaign: its own, within the organisation's, within the law's of every country
/// in which a person may be.
package struct CampaignRules: Sendable {
    private let countries: [String]
    private let preferred: DailyHours

    package init(_ organisation: Organisation, _ campaign: Campaign) {
        countries = organisation.countries
        preferred = DailyHours(
            opens: Int(max(organisation.opensMinute, campaign.opensMinute ?? 0)),
            closes: Int(min(organisation.closesMinute, campaign.closesMinute ?? 1440)))
    }

    /// The window in which `moment` lies or the next one.
    ///
    /// - Parameter zones: IANA names, all of which count; empty if nothing is known.
    /// - Returns: `nil` if there is none within twelve days, in any of the countries.
    package func window(zones: [String], at moment: Date) -> DayWindow? {
        // All countries at once: taken one by one, one's evening and another's next morning would
        // look like hours that never meet.
        let policies = Jurisdictions.countries(of: zones, among: countries).map {
            HoursPolicy(country: $0, preferred: preferred, servedCountries: countries)
        }
        return TextingHours(all: policies).window(zones: zones, at: moment)
    }
}

/// The windows of one campaign by zone set, each computed once and kept until it closes.
package final class CampaignHours: Sendable {
    private let rules: CampaignRules
    private let zoneSets: ZoneSets
    private let windows = Mutex([Int16: DayWindow]())

    package init(_ rules: CampaignRules, zoneSets: ZoneSets) {
        self.rules = rules
        self.zoneSets = zoneSets
    }

    /// The window in which `now` lies or the next one; `nil` if there is none within twelve days.
    package func window(_ zoneSet: Int16, at now: Date) async throws -> DayWindow? {
        let second = Int64(now.timeIntervalSince1970.rounded(.down))
        if let known = windows.withLock({ $0[zoneSet] }), known.closes > second { return known }
        let window = rules.window(zones: try await zoneSets.zones(zoneSet), at: now)
        windows.withLock { $0[zoneSet] = window }
        return window
    }
}
