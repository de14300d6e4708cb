import Foundation
import Postgres

/// What shows that nobody gets a second copy when a campaign goes on.
package struct ResumeProof: Sendable, Equatable {
    /// Texts in the outbox and people not drawn yet: all who will be texted.
    package var waiting: Int
    /// Those among them of whom a text has left, or may have: 0, or it is a fault of ours.
    package var second: Int
    /// The statement that counted, as it can be run again by whoever doubts it.
    package var query: String
}

extension Boards {
    /// Counts who is still to be texted, and who of them has been.
    ///
    /// Reads an index entry for each person who waits: about two seconds for a million.
    package func resumeProof(
        of campaign: UUID, organisation: Int32
    ) async throws -> ResumeProof {
        let query = Self.proof(campaign, organisation)
        return try await transaction(organisation) { connection in
            let found = try await connection.first(SQL(raw: query)) { row in
                (try row.value(0) as Int, try row.value(1) as Int)
            }
            return ResumeProof(waiting: found?.0 ?? 0, second: found?.1 ?? 0, query: query)
        }
    }

    /// Written out with its values, so that what is shown is what was run. Both are ours: a number
    /// and a UUID.
    private static func proof(_ campaign: UUID, _ organisation: Int32) -> String {
        """
        WITH waiting AS (
          SELECT unnest(o.message_ids[o.taken + 1:]) AS text
          FROM outbox o
          WHERE o.organisation_id = \(organisation)
            AND o.campaign_id = '\(campaign.text)' AND o.kind = 1
          UNION ALL
          SELECT r.message_id
          FROM lane l JOIN recipient r
            ON r.organisation_id = l.organisation_id AND r.lane_id = l.id
           AND r.position >= l.next_position
          WHERE l.organisation_id = \(organisation) AND l.campaign_id = '\(campaign.text)'
          UNION ALL
          SELECT h.message_id FROM lease h
          WHERE h.organisation_id = \(organisation) AND h.campaign_id = '\(campaign.text)'
        )
        SELECT count(*) AS people_who_wait, count(a.message_id) AS texted_already
        FROM waiting w
        LEFT JOIN LATERAL (
          SELECT a.message_id FROM attempt a
          LEFT JOIN outcome c USING (organisation_id, message_id, n)
          WHERE a.organisation_id = \(organisation) AND a.message_id = w.text
            AND a.verdict = 1 AND c.result IS DISTINCT FROM 3
          LIMIT 1
        ) a ON true
        """
    }
}
