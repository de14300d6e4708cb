import Foundation
import Postgres

/// A session that anybody may find and join.
package struct OpenSession: Sendable {
    package var organisation: Int32
    package var organisationName: String
    package var campaign: UUID
    package var name: String
    package var code: String
    /// `live`, `paused` or `held`.
    package var state: String
}

extension Volunteers {
    /// Sessions with room of campaigns whose organisers said that anyone may find them, over all
    /// organisations; live ones first, then the latest launched.
    package func openSessions() async throws -> [OpenSession] {
        try await database.rows(
            """
            SELECT organisation_id, organisation_name, campaign_id, name, code, state
            FROM find_sessions()
            """
        ) { row in
            OpenSession(
                organisation: try row.value(0), organisationName: try row.value(1),
                campaign: try row.value(2), name: try row.value(3), code: try row.value(4),
                state: try row.value(5))
        }
    }
}
