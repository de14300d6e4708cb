import Foundation
import Postgres

/// What one limit would take away now, and what legal holds keep of it.
package struct RetentionPreview: Sendable, Codable, Equatable {
    /// Rows of one sort and month.
    package struct Part: Sendable, Codable, Equatable {
        /// `texts`, `notes`, `answers`, `conversations`, `list_rows`, `rejected_rows`, `people`,
        /// `requests` or `webhooks`.
        package var source: String
        /// `2026-11`, of the day from which their time is counted (UTC).
        package var month: String
        package var due: Int
        package var held: Int
    }

    package var kind: RetentionKind
    /// Nil: kept for ever.
    package var days: Int?
    /// What is older goes.
    package var before: Date?
    /// By sort, the oldest month first.
    package var parts: [Part] = []

    /// Rows that would go.
    package var due: Int { parts.reduce(0) { $0 + $1.due } }
    /// Rows over their time that a hold keeps.
    package var held: Int { parts.reduce(0) { $0 + $1.held } }
}

extension Retention {
    /// What the next round would take, by kind, sort and month; nothing is changed.
    ///
    /// Reads what a round would read: for words of texts, all that are over their time.
    package func preview(
        organisation: Int32, now: Date = Date()
    ) async throws -> [RetentionPreview] {
        let settings = try await settings(organisation: organisation)
        return try await database.transaction(organisation: organisation) { connection in
            var previews: [RetentionPreview] = []
            for kind in RetentionKind.allCases {
                var preview = RetentionPreview(kind: kind, days: settings[kind])
                if let days = settings[kind] {
                    let before = now.addingTimeInterval(-Double(days) * 86_400)
                    preview.before = before
                    preview.parts = try await Self.parts(
                        kind, organisation, before, on: connection)
                }
                previews.append(preview)
            }
            return previews
        }
    }

    private static func parts(
        _ kind: RetentionKind, _ organisation: Int32, _ before: Date, on connection: Connection
    ) async throws -> [RetentionPreview.Part] {
        try await connection.rows(
            """
            SELECT source, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM'),
                count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE held)
            FROM retention_due(\(organisation), \(kind.rawValue), \(before))
            GROUP BY 1, 2 ORDER BY 1, 2
            """
        ) { row in
            RetentionPreview.Part(
                source: try row.value(0), month: try row.value(1), due: try row.value(2),
                held: try row.value(3))
        }
    }
}
