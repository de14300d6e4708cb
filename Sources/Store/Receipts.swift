import Foundation
import Postgres
import Texting

/// A delivery report whose attempt is known.
package struct NewReceipt: Sendable {
    package var organisation: Int32
    package var message: UUID
    package var n: Int16
    /// 1 queued, 2 sending, 3 sent, 4 delivered, 5 undelivered, 6 failed, 7 canceled.
    package var status: Int16
    package var code: String?
    package var providerID: String?
    /// The code says that the person stopped us at the provider.
    package var optedOut: Bool
    /// Why it was not delivered, for the totals.
    package var cause: FailureCause

    package init(
        organisation: Int32, message: UUID, n: Int16, status: Int16, code: String?,
        providerID: String?, optedOut: Bool = false, cause: FailureCause = .other
    ) {
        self.organisation = organisation
        self.message = message
        self.n = n
        self.status = status
        self.code = code
        self.providerID = providerID
        self.optedOut = optedOut
        self.cause = cause
    }

    fileprivate var attempt: AttemptKey {
        AttemptKey(organisation: organisation, message: message, n: n)
    }
    fileprivate var isFinal: Bool { status >= 4 }
    /// Delivered, or the cause for which it was not.
    fileprivate var total: TallyKind { status == 4 ? .delivered : TallyKind(cause) }
}

/// Delivery reports; the only type that inserts into `receipt`.
///
/// Order of arrival is not promised and does not matter: every status is a row of its own, the
/// rank of its number says which one holds, and one may come before our own outcome.
package struct Receipts: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Applies reports in one transaction: rows, totals, settlements of what was in doubt, and
    /// stops that only the provider knew of.
    ///
    /// - Returns: how many were new.
    @discardableResult
    package func apply(_ receipts: [NewReceipt]) async throws -> Int {
        guard !receipts.isEmpty else { return 0 }
        // One order for all processes, so that equal keys in two batches cannot deadlock.
        let sorted = receipts.sorted {
            ($0.organisation, $0.message.text, $0.n, $0.status)
                < ($1.organisation, $1.message.text, $1.n, $1.status)
        }
        return try await database.transaction { connection in
            let fresh = try await Self.insert(sorted, on: connection)
            let news = sorted.filter { fresh.contains($0.key) }
            try await Settlements.byCallback(
                news.map { ($0.attempt, $0.providerID) }, on: connection)
            try await Self.count(news, on: connection)
            try await Self.stop(news.filter(\.optedOut), on: connection)
            return fresh.count
        }
    }

    private static func insert(
        _ receipts: [NewReceipt], on connection: Connection
    ) async throws -> Set<NewReceipt.Key> {
        let rows = try await connection.rows(
            """
            INSERT INTO receipt (organisation_id, message_id, n, status, code, provider_id)
            SELECT o, m, n, s, c, p
            FROM unnest(\(receipts.map(\.organisation)), \(receipts.map(\.message)),
                \(receipts.map(\.n)), \(receipts.map(\.status)), \(receipts.map(\.code)),
                \(receipts.map(\.providerID))) WITH ORDINALITY AS t(o, m, n, s, c, p, place)
            ORDER BY place
            ON CONFLICT DO NOTHING
            RETURNING organisation_id, message_id, n, status
            """
        ) { row in
            NewReceipt.Key(
                attempt: AttemptKey(
                    organisation: try row.value(0), message: try row.value(1), n: try row.value(2)),
                status: try row.value(3))
        }
        return Set(rows)
    }

    /// Adds to the totals, for first texts and by the first final word alone.
    private static func count(_ news: [NewReceipt], on connection: Connection) async throws {
        var finals: [AttemptKey: NewReceipt] = [:]
        for receipt in news where receipt.isFinal && finals[receipt.attempt] == nil {
            finals[receipt.attempt] = receipt
        }
        guard !finals.isEmpty else { return }
        let wanted = Array(finals.values)
        let counted = try await connection.rows(
            """
            SELECT m.organisation_id, m.campaign_id, w.total, count(*)
            FROM unnest(\(wanted.map(\.organisation)), \(wanted.map(\.message)),
                \(wanted.map(\.n)), \(wanted.map(\.status)),
                \(wanted.map(\.total.rawValue))) AS w(o, m, n, status, total)
            JOIN message m ON m.organisation_id = w.o AND m.id = w.m
            WHERE m.kind = 1 AND m.campaign_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM receipt r
                WHERE r.organisation_id = w.o AND r.message_id = w.m AND r.n = w.n
                  AND r.status >= 4 AND r.status <> w.status)
            GROUP BY 1, 2, 3
            """
        ) { row in
            let total = TallyKind(rawValue: try row.value(2)) ?? .otherFailure
            return (
                TallyEntry(
                    organisation: try row.value(0), campaign: try row.value(1), kind: total),
                try row.value(3) as Int
            )
        }
        var amounts = Dictionary(counted, uniquingKeysWith: +)
        for (entry, amount) in counted where entry.kind != .delivered {
            var all = entry
            all.kind = .undelivered
            amounts[all, default: 0] += amount
        }
        try await Tallies.add(amounts, on: connection)
    }

    /// People who stopped us at the provider: its word counts like their own.
    private static func stop(_ refused: [NewReceipt], on connection: Connection) async throws {
        guard !refused.isEmpty else { return }
        let stops = try await connection.rows(
            """
            SELECT DISTINCT m.organisation_id, m.contact_id, w.code
            FROM unnest(\(refused.map(\.organisation)), \(refused.map(\.message)),
                \(refused.map(\.code))) AS w(o, m, code)
            JOIN message m ON m.organisation_id = w.o AND m.id = w.m
            JOIN contact c ON c.organisation_id = m.organisation_id AND c.id = m.contact_id
            WHERE c.opted_out_at IS NULL
            """
        ) { row in
            Stop(
                organisation: try row.value(0), contact: try row.value(1), source: .provider,
                code: try row.value(2))
        }
        _ = try await OptOuts.record(stops, on: connection)
    }
}

extension NewReceipt {
    fileprivate struct Key: Hashable, Sendable {
        var attempt: AttemptKey
        var status: Int16
    }

    fileprivate var key: Key { Key(attempt: attempt, status: status) }
}
