import Foundation
import Postgres

/// A number of ours, and how it has done lately.
package struct NumberRow: Sendable {
    package var sender: Sender
    /// Segments of the present day, in the cap's own zone.
    package var capUsed: Int
    /// Whether a worker holds it now.
    package var isHeld: Bool
    /// Texts that wait for it.
    package var waiting: Int
    /// Texts tried in the last hour, as far as the sample goes.
    package var tried: Int
    package var accepted: Int
    package var delivered: Int
    package var failed: Int
    /// People who stopped within a day in a thread of this number.
    package var stops: Int
}

/// How numbers do, read from the newest facts and up to a bound.
package struct NumberHealth: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Newest tries and stops that are looked at, over all numbers.
    package static let sampleMax = 20_000
    package static let stopsMax = 5_000

    /// All numbers of an organisation that are not retired, by pool.
    package func list(organisation: Int32) async throws -> [NumberRow] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(Self.statement(organisation)) { row in
                NumberRow(
                    sender: try Sender(row: row), capUsed: try row.value(14),
                    isHeld: try row.value(15), waiting: try row.value(16),
                    tried: try row.value(17), accepted: try row.value(18),
                    delivered: try row.value(19), failed: try row.value(20),
                    stops: try row.value(21))
            }
        }
    }

    /// Tries of the last hour are found by BRIN on their deadline, which lies about a minute after
    /// their slot; stops by the ledger's index on kind and time.
    static func statement(_ organisation: Int32) -> SQL {
        """
        WITH sample AS MATERIALIZED (
            SELECT sender_id, message_id, n FROM attempt
            WHERE organisation_id = \(organisation) AND verdict = 1
                AND deadline > now() - interval '1 hour'
            LIMIT \(sampleMax)
        ), fate AS (
            SELECT a.sender_id, count(*) AS tried,
                count(*) FILTER (WHERE o.result = 1) AS accepted,
                count(*) FILTER (WHERE r.best = 4) AS delivered,
                count(*) FILTER (WHERE o.result = 2 OR r.best > 4) AS failed
            FROM sample a
            LEFT JOIN outcome o ON o.organisation_id = \(organisation)
                AND o.message_id = a.message_id AND o.n = a.n
            LEFT JOIN LATERAL (SELECT min(status) AS best FROM receipt
                WHERE organisation_id = \(organisation) AND message_id = a.message_id AND n = a.n
                    AND status >= 4) r ON true
            GROUP BY a.sender_id
        ), stopped AS (
            SELECT c.sender_id, count(*) AS stops
            FROM (SELECT contact_id FROM ledger WHERE organisation_id = \(organisation)
                    AND kind = 'stop' AND at > now() - interval '1 day'
                ORDER BY at DESC LIMIT \(stopsMax)) l
            JOIN conversation c ON c.organisation_id = \(organisation)
                AND c.contact_id = l.contact_id
            GROUP BY c.sender_id
        ), waiting AS (
            SELECT sender_id, sum(cardinality(message_ids) - taken)::bigint AS texts FROM outbox
            WHERE organisation_id = \(organisation) GROUP BY sender_id
        )
        SELECT \(Sender.columns),
            CASE WHEN cap_day = (now() AT TIME ZONE cap_zone)::date THEN cap_used ELSE 0 END::bigint,
            lease_until > now(), coalesce(w.texts, 0), coalesce(f.tried, 0),
            coalesce(f.accepted, 0), coalesce(f.delivered, 0), coalesce(f.failed, 0),
            coalesce(s.stops, 0)
        FROM sender
        LEFT JOIN fate f ON f.sender_id = sender.id
        LEFT JOIN stopped s ON s.sender_id = sender.id
        LEFT JOIN waiting w ON w.sender_id = sender.id
        WHERE organisation_id = \(organisation) AND retired_at IS NULL
        ORDER BY pool, number LIMIT 2000
        """
    }
}
