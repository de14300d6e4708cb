import Foundation
import Texting

/// The hours of one campaign: its own, within the organisation's, within the law's of every country
/// in which a person may be.
package struct CampaignRules: Sendable {
    let rules: HoursBook.Rules

    package init(_ organisation: Organisation, _ campaign: Campaign) {
        rules = HoursBook.Rules(
            countries: organisation.countries,
            opens: Int(max(organisation.opensMinute, campaign.opensMinute ?? 0)),
            closes: Int(min(organisation.closesMinute, campaign.closesMinute ?? 1440)),
            isStrictSales: organisation.isStrictSales)
    }

    /// The window in which `moment` lies or the next one.
    ///
    /// - Parameter zones: IANA names, all of which count; empty if nothing is known.
    /// - Returns: `nil` if there is none within twelve days, in any of the countries.
    package func window(zones: [String], at moment: Date) -> DayWindow? {
        rules.window(zones: zones, at: moment)
    }
}

/// The windows of one campaign by zone set.
package struct CampaignHours: Sendable {
    private let rules: CampaignRules
    private let zoneSets: ZoneSets
    private let book = HoursBook()

    package init(_ rules: CampaignRules, zoneSets: ZoneSets) {
        self.rules = rules
        self.zoneSets = zoneSets
    }

    /// The window in which `now` lies or the next one; `nil` if there is none within twelve days.
    package func window(_ zoneSet: Int16, at now: Date) async throws -> DayWindow? {
        let zones = try await zoneSets.zones(zoneSet).joined(separator: ",")
        return book.window(zones: zones, rules: rules.rules, at: now)
    }
}
