import Foundation
import Postgres

/// Questions that compliance staff must be able to answer by one command (compliance 6.7).
///
/// Each reads facts only and says what breaks a promise; nothing is summed up that could be wrong.
package struct Audits: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// The part of time that a question is about; an open end is unbounded.
    package struct Span: Sendable {
        package var since: Date
        package var until: Date

        package init(since: Date? = nil, until: Date? = nil) {
            self.since = since ?? Date(timeIntervalSince1970: 0)
            self.until = until ?? Date(timeIntervalSince1970: 32_503_680_000)  // year 3000
        }
    }

    /// A stop that took effect, up to the line that ended it.
    ///
    /// Columns: contact, effective, received (what came first), seq, ended, details. Repeated stops
    /// begin nothing.
    static func episodes(_ organisation: Int32, contact: UUID?, _ span: Span) -> SQL {
        """
        SELECT s.contact_id AS contact, s.seq, s.details,
            to_timestamp((s.details ->> 'effective_at')::float8) AS effective,
            to_timestamp(coalesce((s.details ->> 'received_at')::float8,
                (s.details ->> 'effective_at')::float8)) AS received,
            coalesce((SELECT min(e.at) FROM ledger e
                WHERE e.organisation_id = \(organisation) AND e.contact_id = s.contact_id
                  AND e.seq > s.seq AND e.kind IN ('start', 'stop taken back')), 'infinity')
                AS ended
        FROM (
            SELECT contact_id, seq, entry::jsonb -> 'details' AS details FROM ledger
            WHERE organisation_id = \(organisation) AND kind = 'stop' AND contact_id IS NOT NULL
              AND (\(contact) IS NULL OR contact_id = \(contact))
              AND at >= \(span.since) AND at <= \(span.until)
            OFFSET 0  -- the words are parsed once, not for each of their parts
        ) s
        WHERE s.details ->> 'already_out' = 'false'
        """
    }

    /// All texts to a person: first texts are found through `recipient`, others by the thread.
    /// Columns: id, kind; nothing of a first text's own row is read.
    static func texts(to contact: SQL, _ organisation: Int32) -> SQL {
        """
        SELECT r.message_id AS id, 1::smallint AS kind FROM recipient r
        WHERE r.organisation_id = \(organisation) AND r.contact_id = \(contact)
        UNION ALL
        SELECT m.id, m.kind FROM message m
        WHERE m.organisation_id = \(organisation) AND m.contact_id = \(contact) AND m.kind <> 1
        UNION ALL
        SELECT m.id, m.kind FROM message m
        WHERE m.organisation_id = \(organisation) AND m.contact_id = \(contact) AND m.kind = 1
          AND m.replaces IS NOT NULL
        """
    }
}

/// The middle and the edges of a set of spans, in seconds.
package struct Percentiles: Sendable, Codable, Equatable {
    package var count: Int
    package var p50: Double
    package var p95: Double
    package var p99: Double
    package var worst: Double

    /// The value at or above each share of the sorted ones (nearest rank); zeros without any.
    package init(_ seconds: [Double]) {
        let sorted = seconds.sorted()
        func rank(_ share: Double) -> Double {
            sorted.isEmpty
                ? 0
                : sorted[
                    min(sorted.count, max(1, Int((share * Double(sorted.count)).rounded(.up)))) - 1]
        }
        (count, p50, p95, p99, worst) = (
            sorted.count, rank(0.5), rank(0.95), rank(0.99), sorted.last ?? 0
        )
    }
}
