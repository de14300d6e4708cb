import Foundation
import Postgres

/// A text in doubt, as the list of a person shows it.
package struct Doubt: Sendable, Codable {
    package var organisation: Int32
    package var message: UUID
    package var n: Int16
    package var campaign: UUID?
    package var contact: UUID
    package var kind: Int16
    /// What was known when it became doubtful, such as `curl-52` or `http-502`.
    package var code: String?
    package var since: Date
    /// E.164 of both ends, for looking it up at the provider.
    package var to: String?
    package var from: String?
}

/// How texts in doubt were settled; the only type that inserts into `settlement`.
package struct Settlements: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// What a settlement says became of the text. Raw values stand in `settlement.result`.
    package enum Result: Int16, Sendable, CaseIterable {
        case accepted = 1, rejected
    }

    /// A look-up's or a late answer's word on one attempt.
    package struct Finding: Sendable {
        package var attempt: AttemptKey
        package var result: Result
        package var providerID: String?
        package var code: String?

        package init(
            attempt: AttemptKey, result: Result, providerID: String?, code: String? = nil
        ) {
            self.attempt = attempt
            self.result = result
            self.providerID = providerID
            self.code = code
        }
    }

    /// A status that carries our token proves that the provider took the text.
    ///
    /// Only what is in doubt by now is settled; an outcome that becomes *unknown* later meets the
    /// receipt itself or, if both were written at once, ``byReceipts(limit:)``.
    static func byCallback(
        _ news: [(attempt: AttemptKey, providerID: String?)], on connection: Connection
    ) async throws {
        guard !news.isEmpty else { return }
        let attempts = news.map(\.attempt)
        let settled = try await connection.rows(
            """
            INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id)
            SELECT DISTINCT ON (o.organisation_id, o.message_id, o.n)
                o.organisation_id, o.message_id, o.n, 1, 'callback', w.p
            FROM unnest(\(attempts.map(\.organisation)), \(attempts.map(\.message)),
                \(attempts.map(\.n)), \(news.map(\.providerID))) AS w(o, m, n, p)
            JOIN outcome o ON o.organisation_id = w.o AND o.message_id = w.m AND o.n = w.n
                AND o.result = 4
            ORDER BY o.organisation_id, o.message_id, o.n
            ON CONFLICT DO NOTHING
            RETURNING organisation_id, message_id, n
            """, decode: AttemptKey.init(row:))
        try await count(settled, on: connection)
    }

    /// Settles every doubt for which a receipt stands: what was written at the same moment as the
    /// *unknown* and saw it not. Looks a day back, so that history costs nothing.
    ///
    /// - Returns: how many.
    @discardableResult
    package func byReceipts(limit: Int = 1_000) async throws -> Int {
        try await database.transaction { connection in
            let settled = try await connection.rows(
                """
                INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id)
                SELECT o.organisation_id, o.message_id, o.n, 1, 'callback', r.provider_id
                FROM outcome o
                JOIN LATERAL (
                    SELECT provider_id FROM receipt r
                    WHERE r.organisation_id = o.organisation_id AND r.message_id = o.message_id
                      AND r.n = o.n ORDER BY status LIMIT 1
                ) r ON true
                WHERE o.result = 4 AND o.closed_at > clock_timestamp() - interval '1 day'
                  AND o.message_id >= uuid_at(now() - interval '92 days')
                  AND NOT EXISTS (
                    SELECT FROM settlement s WHERE s.organisation_id = o.organisation_id
                      AND s.message_id = o.message_id AND s.n = o.n)
                ORDER BY o.organisation_id, o.message_id, o.n LIMIT \(limit)
                ON CONFLICT DO NOTHING
                RETURNING organisation_id, message_id, n
                """, decode: AttemptKey.init(row:))
            try await Self.count(settled, on: connection)
            return settled.count
        }
    }

    /// Writes what a look-up found, or an answer that came after the sweeper's *unknown*.
    ///
    /// - Parameter how: `look-up` or `late answer`.
    package static func record(
        _ findings: [Finding], how: String, on connection: Connection
    ) async throws {
        guard !findings.isEmpty else { return }
        let keys = findings.map(\.attempt)
        let settled = try await connection.rows(
            """
            INSERT INTO settlement (organisation_id, message_id, n, result, how, provider_id, code)
            SELECT o, m, n, r, \(how), p, c
            FROM unnest(\(keys.map(\.organisation)), \(keys.map(\.message)), \(keys.map(\.n)),
                \(findings.map(\.result.rawValue)), \(findings.map(\.providerID)),
                \(findings.map(\.code))) AS t(o, m, n, r, p, c)
            ORDER BY o, m, n
            ON CONFLICT DO NOTHING
            RETURNING organisation_id, message_id, n
            """, decode: AttemptKey.init(row:))
        try await count(settled, on: connection)
    }

    static func count(_ settled: [AttemptKey], on connection: Connection) async throws {
        guard !settled.isEmpty else { return }
        let amounts = try await connection.rows(
            """
            SELECT m.organisation_id, m.campaign_id, count(*)
            FROM unnest(\(settled.map(\.organisation)), \(settled.map(\.message))) AS w(o, m)
            JOIN message m ON m.organisation_id = w.o AND m.id = w.m
            WHERE m.kind = 1 AND m.campaign_id IS NOT NULL GROUP BY 1, 2
            """
        ) { row in
            (
                TallyEntry(
                    organisation: try row.value(0), campaign: try row.value(1), kind: .settled),
                try row.value(2) as Int
            )
        }
        try await Tallies.add(Dictionary(amounts, uniquingKeysWith: +), on: connection)
    }
}

extension AttemptKey {
    init(row: borrowing Row) throws {
        self.init(
            organisation: try row.value(0), message: try row.value(1), n: try row.value(2))
    }
}
