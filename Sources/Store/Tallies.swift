import Foundation
import Postgres
import Texting

/// What dashboards sum. Raw values stand in `tally.kind`; amounts count texts unless said.
package enum TallyKind: Int16, Sendable, CaseIterable {
    case drawn = 1, accepted, rejected, suppressed, expired, cancelled, unsent, inDoubt, settled
    case delivered = 20, undelivered, sent
    case replies = 30, optOuts, questions
    /// People who wrote for the first time in this campaign.
    case repliers
    /// Segments handed over, for cost.
    case segments = 40
    /// Refused or undelivered first texts by ``FailureCause``, in the order of its raw values.
    case landline = 51, unreachable, blocked, invalid, stoppedThere, content, late, otherFailure

    /// The total of one cause.
    package init(_ cause: FailureCause) { self = Self(rawValue: 50 + cause.rawValue)! }
}

/// A change of one figure of one campaign.
package struct TallyEntry: Sendable, Hashable {
    package var organisation: Int32
    package var campaign: UUID
    package var kind: TallyKind

    package init(organisation: Int32, campaign: UUID, kind: TallyKind) {
        self.organisation = organisation
        self.campaign = campaign
        self.kind = kind
    }
}

/// Running totals per campaign, minute, kind and writer; the only type that writes `tally`.
///
/// Each process writes rows of its own, so that none waits for another's. They are a convenience:
/// `campaign status` counts the facts, `doctor` compares.
package enum Tallies {
    /// This process, as a writer of tallies.
    package static let writer = UUID.v7()

    /// Adds amounts to the current minute, in the transaction of the facts they count.
    package static func add(
        _ amounts: [TallyEntry: Int], on connection: Connection
    ) async throws {
        let changes = amounts.filter { $0.value != 0 }
            // One order for all, so that two transactions of one process cannot deadlock.
            .sorted { $0.key.order.lexicographicallyPrecedes($1.key.order) }
        guard !changes.isEmpty else { return }
        _ = try await connection.execute(
            """
            INSERT INTO tally (organisation_id, campaign_id, minute, kind, writer, amount)
            SELECT o, c, date_trunc('minute', now()), k, \(writer), a
            FROM unnest(\(changes.map(\.key.organisation)), \(changes.map(\.key.campaign)),
                \(changes.map(\.key.kind.rawValue)), \(changes.map(\.value)))
                WITH ORDINALITY AS t(o, c, k, a, place)
            ORDER BY place
            ON CONFLICT (organisation_id, campaign_id, minute, kind, writer)
            DO UPDATE SET amount = tally.amount + excluded.amount
            """)
    }
}

extension TallyEntry {
    fileprivate var order: [UInt8] {
        withUnsafeBytes(of: organisation.bigEndian, Array.init) + campaign.bytes
            + withUnsafeBytes(of: kind.rawValue.bigEndian, Array.init)
    }
}
