import Foundation
import Providers
import Store
import Synchronization
import Texting

/// What this worker knows about accounts, organisations, campaigns and hours, as last read.
final class World: Sendable {
    struct Account: Sendable {
        var provider: any Provider
        var callbackKey: [UInt8]
        var inFlightMax: Int
        var segmentsPerSecond: Double?
    }

    struct Contents: Sendable {
        var accounts: [Int32: Account] = [:]
        var organisations: [Int32: OrganisationFacts] = [:]
        var campaigns: [UUID: CampaignFacts] = [:]
        var zoneSets: [Int16: String] = [:]
    }

    private let contents = Mutex(Contents())
    private let hours = HoursBook()

    var now: Contents { contents.withLock { $0 } }
    func update(_ change: @Sendable (inout sending Contents) -> Void) {
        contents.withLock { change(&$0) }
    }

    func account(_ id: Int32) -> Account? { contents.withLock { $0.accounts[id] } }
    func organisation(_ id: Int32) -> OrganisationFacts? {
        contents.withLock { $0.organisations[id] }
    }

    /// The window of a recipient, by the organisation's and the campaign's hours and the law's.
    func window(
        organisation: OrganisationFacts, campaign: CampaignFacts?, zoneSet: Int16, at moment: Date
    ) -> DayWindow? {
        let zones = contents.withLock { $0.zoneSets[zoneSet] } ?? ""
        return hours.window(zones: zones, rules: .init(organisation, campaign), at: moment)
    }

    /// Zone sets of an organisation in which texting is allowed now.
    func openZoneSets(_ organisation: OrganisationFacts, at moment: Date) -> [Int16] {
        let sets = contents.withLock(\.zoneSets)
        return sets.keys.filter {
            hours.window(zones: sets[$0] ?? "", rules: .init(organisation, nil), at: moment)?
                .contains(moment.second) ?? false
        }
    }

    /// Campaigns with hours of their own, and the zone sets in which they are closed now.
    func closedPairs(
        _ organisation: OrganisationFacts, at moment: Date
    ) -> [(campaign: UUID, zoneSet: Int16)] {
        let (campaigns, sets) = contents.withLock { ($0.campaigns, $0.zoneSets) }
        return campaigns.values
            .filter { $0.organisation == organisation.id && $0.hasOwnHours }
            .flatMap { campaign in
                sets.filter { _, zones in
                    !(hours.window(zones: zones, rules: .init(organisation, campaign), at: moment)?
                        .contains(moment.second) ?? false)
                }.map { (campaign.id, $0.key) }
            }
    }
}

extension CampaignFacts {
    var hasOwnHours: Bool { opensMinute != nil || closesMinute != nil }
}
