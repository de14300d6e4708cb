import Foundation
import Postgres
import Texting

/// A first try that is closed before any worker saw it: the person may not be texted.
package struct ClosedAttempt: Sendable {
    package var organisation: Int32
    package var message: UUID
    /// Suppressed or cancelled; never *go*.
    package var verdict: Verdict

    package init(organisation: Int32, message: UUID, verdict: Verdict) {
        self.organisation = organisation
        self.message = message
        self.verdict = verdict
    }
}

extension Attempts {
    /// Writes closing verdicts, in the transaction that wrote the texts.
    package static func insertClosed(
        _ closed: [ClosedAttempt], on connection: Connection
    ) async throws {
        let closed = closed.filter { $0.verdict != .go }
        guard !closed.isEmpty else { return }
        _ = try await connection.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, reason)
            SELECT o, m, 1, v, r
            FROM unnest(\(closed.map(\.organisation)), \(closed.map(\.message)),
                \(closed.map(\.verdict.code)), \(closed.map(\.verdict.reason))) AS t(o, m, v, r)
            ON CONFLICT DO NOTHING
            """)
    }
}
