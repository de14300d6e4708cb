import Foundation
import Postgres

extension Audits {
    /// When an organisation's texts were under states' sales laws, as its ledger tells.
    ///
    /// A text is judged by what was chosen when it left, or turning the mode on would make
    /// violations of texts that broke nothing.
    struct SalesTimes: Sendable {
        /// What held before the first change.
        let initially: Bool
        /// In order; seconds since 1970 from which each held.
        let changes: [(from: Int64, isStrict: Bool)]

        func isStrict(at second: Int64) -> Bool {
            changes.last { $0.from <= second }?.isStrict ?? initially
        }
    }

    /// Workers learn of a change within seconds; the minute in which it was made and the next one
    /// keep the milder hours.
    private static let untilKnown: Int64 = 60

    static func salesTimes(
        of tenant: Organisation, on connection: Connection
    ) async throws -> SalesTimes {
        let changes = try await connection.rows(
            """
            SELECT at, (d ->> 'new')::boolean, coalesce((d ->> 'old')::boolean, false)
            FROM (SELECT seq, at, entry::jsonb -> 'details' AS d FROM ledger
                WHERE organisation_id = \(tenant.id) AND kind = 'setting') l
            WHERE d ->> 'setting' = 'strict_sales' ORDER BY seq
            """
        ) { row in
            (
                at: try row.value(0) as Date, new: try row.value(1) as Bool,
                old: try row.value(2) as Bool
            )
        }
        return SalesTimes(
            initially: changes.first?.old ?? tenant.isStrictSales,
            changes: changes.map { change in
                (from: change.at.second + (change.new ? untilKnown : 0), isStrict: change.new)
            })
    }
}
