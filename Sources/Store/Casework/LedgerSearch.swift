import Foundation
import Postgres

/// Which lines of the log somebody wants to see; every part narrows, an empty one does not.
package struct LedgerFilter: Sendable, Equatable {
    package var kind: String?
    /// Of stops and starts: how we learned of them, a raw value of ``Stop/Source``.
    package var source: String?
    package var since: Date?
    package var until: Date?
    package var contact: UUID?

    package init(
        kind: String? = nil, source: String? = nil, since: Date? = nil, until: Date? = nil,
        contact: UUID? = nil
    ) {
        self.kind = kind
        self.source = source
        self.since = since
        self.until = until
        self.contact = contact
    }

    /// Instants bound numbers too, so that a page reads along one index from where it begins to
    /// where it ends. A line's instant is taken before it waits for its place in the chain: numbers
    /// and instants may be out of step by as many lines as wait at once.
    fileprivate func condition(_ organisation: Int32) -> SQL {
        var all: SQL = "l.organisation_id = \(organisation)"
        if let kind { all = all + " AND l.kind = \(kind)" }
        if let source { all = all + " AND l.source = \(source)" }
        if let since {
            all =
                all + """
                     AND l.at >= \(since) AND l.seq >= coalesce((
                        SELECT f.seq FROM ledger f
                        WHERE f.organisation_id = \(organisation) AND f.at >= \(since)
                        ORDER BY f.at LIMIT 1), 0) - \(Self.step)
                    """
        }
        if let until {
            all =
                all + """
                     AND l.at < \(until) AND l.seq <= coalesce((
                        SELECT f.seq FROM ledger f
                        WHERE f.organisation_id = \(organisation) AND f.at < \(until)
                        ORDER BY f.at DESC LIMIT 1), 0) + \(Self.step)
                    """
        }
        if let contact { all = all + " AND l.contact_id = \(contact)" }
        return all
    }

    private static let step = 1_000
}

/// A line of the log as a list shows it.
package struct LedgerRow: Sendable {
    package var seq: Int
    package var at: Date
    package var kind: String
    package var contact: UUID?
    package var hash: [UInt8]
    /// The JSON text that is hashed, as it stands.
    package var entry: String
    package var details: [String: String]
    /// Last three digits of the person's number.
    package var ending: String?
    package var member: String?
    /// When the stop's confirmation was accepted by the carrier.
    package var confirmedAt: Date?

    /// From the person's words until the stop held; nil for other lines.
    package var honouredIn: Duration? {
        guard kind == "stop", let received = details["received_at"].flatMap(Double.init),
            let effective = details["effective_at"].flatMap(Double.init)
        else { return nil }
        return .milliseconds(Int64((max(0, effective - received) * 1_000).rounded()))
    }
}

extension Ledger {
    /// Lines that fit, the newest first.
    ///
    /// By key: a page costs the same wherever it lies, and however rare what it asks for is.
    /// - Parameter before: the number of the last line of the page before.
    package func search(
        _ filter: LedgerFilter, organisation: Int32, before: Int? = nil, limit: Int = 50
    ) async throws -> [LedgerRow] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                Self.searching(filter, organisation, before: before, limit: limit)
            ) { row in
                let entry: String = try row.value(5)
                return LedgerRow(
                    seq: try row.value(0), at: try row.value(1), kind: try row.value(2),
                    contact: try row.value(3), hash: try row.value(4), entry: entry,
                    details: LedgerEntry.details(of: entry), ending: try row.value(6),
                    member: try row.value(7), confirmedAt: try row.value(8))
            }
        }
    }

    static func searching(
        _ filter: LedgerFilter, _ organisation: Int32, before: Int?, limit: Int
    ) -> SQL {
        """
        SELECT p.seq, p.at, p.kind, p.contact_id, p.hash, p.entry, right(c.number, 3),
            u.name, f.closed_at
        FROM (
            SELECT * FROM ledger l
            WHERE \(filter.condition(organisation)) AND l.seq < \(before ?? Int.max)
            ORDER BY l.seq DESC LIMIT \(limit)
        ) p
        LEFT JOIN contact c ON c.organisation_id = p.organisation_id AND c.id = p.contact_id
        LEFT JOIN member u ON u.organisation_id = p.organisation_id
            AND u.id::text = p.entry::jsonb #>> '{details,member}'
        LEFT JOIN LATERAL (
            SELECT o.closed_at FROM message m
            JOIN outcome o ON o.organisation_id = m.organisation_id AND o.message_id = m.id
                AND o.result = 1
            WHERE m.organisation_id = p.organisation_id AND m.contact_id = p.contact_id
                AND m.kind = 3 AND m.created_at >= p.at - interval '1 minute'
                AND p.kind = 'stop' AND p.entry::jsonb #>> '{details,already_out}' = 'false'
            ORDER BY m.id LIMIT 1
        ) f ON true
        ORDER BY p.seq DESC
        """
    }

    /// One line; nil if the log has none of that number.
    package func line(_ seq: Int, organisation: Int32) async throws -> LedgerRow? {
        try await search(
            LedgerFilter(), organisation: organisation, before: seq + 1, limit: 1
        ).first { $0.seq == seq }
    }

    /// What the head of the ledger page shows.
    package struct StopFigures: Sendable {
        /// Stops of the last 24 hours, and of all time; repeated ones count.
        package var today, all: Int
        /// Of the last seven days, by source, the most usual first.
        package var sources: [(source: String, count: Int)]
        /// From the person's words until the stop held, over the last seven days; seconds.
        package var middle, worst: Double?
    }

    /// Read from `ledger_stop` alone: no line is opened, however many stops the week had.
    package func stopFigures(organisation: Int32) async throws -> StopFigures {
        try await database.transaction(organisation: organisation) { connection in
            let statements = Self.stopFigureStatements(organisation)
            let counts = try await connection.first(statements[0]) {
                (all: try $0.value(0) as Int, today: try $0.value(1) as Int)
            }
            let sources = try await connection.rows(statements[1]) {
                (source: try $0.value(0) as String, count: try $0.value(1) as Int)
            }
            let spans = try await connection.first(statements[2]) {
                (try $0.value(0) as Double?, try $0.value(1) as Double?)
            }
            return StopFigures(
                today: counts?.today ?? 0, all: counts?.all ?? 0, sources: sources,
                middle: spans?.0, worst: spans?.1)
        }
    }

    static func stopFigureStatements(_ organisation: Int32) -> [SQL] {
        let stops: SQL = "FROM ledger WHERE organisation_id = \(organisation) AND kind = 'stop'"
        let week: SQL = "\(stops) AND at > now() - interval '7 days'"
        return [
            "SELECT count(*), count(*) FILTER (WHERE at > now() - interval '24 hours') \(stops)",
            """
            SELECT coalesce(source, ''), count(*) \(week) GROUP BY 1 ORDER BY 2 DESC, 1
            """,
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY honoured_seconds),
                max(honoured_seconds) \(week) AND honoured_seconds IS NOT NULL
            """,
        ]
    }
}
