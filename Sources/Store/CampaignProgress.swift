import Foundation
import Postgres

/// How far all texters of a campaign have come.
struct CampaignProgress: Sendable {
    /// People whose text was pressed or drawn, and all of them.
    var asked: Int
    var people: Int

    /// Reads every lease of the campaign: thousands where hundreds text.
    static func read(
        _ campaign: UUID, _ organisation: Int32, in database: Database
    ) async throws -> CampaignProgress {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT coalesce(sum(next_position - 1), 0)::bigint
                    - (SELECT count(*) FROM lease h WHERE h.organisation_id = \(organisation)
                        AND h.campaign_id = \(campaign)),
                    coalesce(sum(size), 0)::bigint
                FROM lane WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                """
            ) { row in
                CampaignProgress(asked: max(0, try row.value(0)), people: try row.value(1))
            } ?? CampaignProgress(asked: 0, people: 0)
        }
    }
}
