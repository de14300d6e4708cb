import Foundation
import Postgres
import Texting

/// What a preflight reads, in one transaction.
struct LaunchFacts: Sendable {
    var campaign: Campaign
    var organisationName: String
    var countries: [String]
    var pacedAllowed: Bool
    /// What the organisation's profile asks each first text to carry.
    var imprint: String?
    var hours: CampaignRules
    var script: String?
    var recipients: Int
    /// Of all first texts together, as measured when they were imported.
    var segments: Int
    var zoneSets: [(zones: [String], people: Int)]
    /// Field names of all lists.
    var columns: [String]
    var openImports: Int
    var importsWithoutConsent: Int
    /// Recipients who get no text because their country's law turns on consent and no words and day
    /// of theirs are recorded.
    var peopleWithoutConsent: Int
    var senders: [Sender]
    /// People who are recipients of another live campaign too.
    var overlap: Int

    /// - Returns: `nil` if there is no such campaign.
    static func read(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> LaunchFacts? {
        guard let campaign = try await Campaigns.find(id, organisation, on: connection) else {
            return nil
        }
        let tenant = try await connection.first(
            "SELECT \(Organisation.columns) FROM organisation WHERE id = \(organisation)",
            decode: Organisation.init(row:))!
        let imports = try await imports(campaign, on: connection)
        let zoneSets = try await connection.rows(
            """
            SELECT z.zones, sum(l.size)::bigint FROM lane l JOIN zone_set z ON z.id = l.zone_set
            WHERE l.organisation_id = \(organisation) AND l.campaign_id = \(id) GROUP BY z.zones
            """
        ) { row in
            (
                zones: (try row.value(0) as String).split(separator: ",").map(String.init),
                people: try row.value(1) as Int
            )
        }
        return LaunchFacts(
            campaign: campaign, organisationName: tenant.name, countries: tenant.countries,
            pacedAllowed: tenant.pacedAllowed, imprint: tenant.imprint,
            hours: CampaignRules(tenant, campaign),
            script: try await script(campaign, on: connection),
            recipients: zoneSets.reduce(0) { $0 + $1.people },
            segments: try await segments(campaign, on: connection), zoneSets: zoneSets,
            columns: imports.flatMap(\.fields),
            openImports: imports.count { $0.state == "merging" },
            importsWithoutConsent: imports.count { $0.consent.isEmpty },
            peopleWithoutConsent: try await peopleWithoutConsent(
                campaign, tenant.countries, on: connection),
            senders: try await senders(campaign, on: connection),
            overlap: try await overlap(campaign, on: connection))
    }

    private static func script(
        _ campaign: Campaign, on connection: Connection
    ) async throws -> String? {
        try await connection.first(
            """
            SELECT body FROM script WHERE organisation_id = \(campaign.organisation)
                AND campaign_id = \(campaign.id) AND version = \(campaign.scriptVersion)
            """
        ) { row in try row.value(0) as String }
    }

    private static func imports(
        _ campaign: Campaign, on connection: Connection
    ) async throws -> [(state: String, consent: String, fields: [String])] {
        try await connection.rows(
            """
            SELECT state, btrim(consent_source), mapping FROM import
            WHERE organisation_id = \(campaign.organisation) AND campaign_id = \(campaign.id)
                AND state IN ('merging', 'done')
            """
        ) { row in
            let mapping: JSONB = try row.value(2)
            let columns = try? mapping.decode(ImportColumns.self)
            return (try row.value(0), try row.value(1), columns?.fields ?? [])
        }
    }

    private static func senders(
        _ campaign: Campaign, on connection: Connection
    ) async throws -> [Sender] {
        try await connection.rows(
            """
            SELECT \(Sender.columns) FROM sender
            WHERE organisation_id = \(campaign.organisation) AND pool = \(campaign.pool)
                AND retired_at IS NULL
            """, decode: Sender.init(row:))
    }

    private static func segments(
        _ campaign: Campaign, on connection: Connection
    ) async throws -> Int {
        guard campaign.spendCeilingMicros != nil else { return 0 }
        return try await connection.first(
            """
            SELECT coalesce(sum(r.segments), 0)::bigint FROM lane l
            JOIN recipient r ON r.organisation_id = l.organisation_id AND r.lane_id = l.id
            WHERE l.organisation_id = \(campaign.organisation) AND l.campaign_id = \(campaign.id)
            """
        ) { row in try row.value(0) as Int } ?? 0
    }

    private static func overlap(
        _ campaign: Campaign, on connection: Connection
    ) async throws -> Int {
        let others = try await connection.rows(
            """
            SELECT id FROM campaign WHERE organisation_id = \(campaign.organisation)
                AND state IN ('live', 'paused', 'held') AND id <> \(campaign.id)
            """
        ) { row in try row.value(0) as UUID }
        guard !others.isEmpty else { return 0 }
        return try await connection.first(
            """
            SELECT count(*) FROM lane l
            JOIN recipient r ON r.organisation_id = l.organisation_id AND r.lane_id = l.id
            WHERE l.organisation_id = \(campaign.organisation) AND l.campaign_id = \(campaign.id)
                AND EXISTS (SELECT FROM recipient o WHERE o.organisation_id = r.organisation_id
                    AND o.contact_id = r.contact_id AND o.campaign_id = ANY(\(others)))
            """
        ) { row in try row.value(0) as Int } ?? 0
    }

    private static func peopleWithoutConsent(
        _ campaign: Campaign, _ countries: [String], on connection: Connection
    ) async throws -> Int {
        let strict = JurisdictionProfile.countriesNeedingConsent(countries)
        guard !strict.isEmpty else { return 0 }
        return try await connection.first(
            """
            SELECT count(*) FROM recipient r
            JOIN contact c ON c.organisation_id = r.organisation_id AND c.id = r.contact_id
            WHERE r.organisation_id = \(campaign.organisation)
                AND r.lane_id IN (SELECT l.id FROM lane l
                    WHERE l.organisation_id = \(campaign.organisation)
                      AND l.campaign_id = \(campaign.id))
                AND \(Draw.lacksConsent(strict))
            """
        ) { row in try row.value(0) as Int } ?? 0
    }
}
