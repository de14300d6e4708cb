import Foundation
import Postgres

/// Waiting texts of one sender, kind, campaign and zone set, in the order they shall leave.
package struct OutboxEntry: Sendable {
    package var organisation: Int32
    package var sender: UUID
    package var kind: MessageKind
    package var campaign: UUID?
    package var zoneSet: Int16
    /// The try they wait for: 1, or more after a proven *unsent*.
    package var n: Int16 = 1
    /// At most 500.
    package var messages: [UUID]
    package var dueAt: Date?

    package init(
        organisation: Int32, sender: UUID, kind: MessageKind, campaign: UUID?, zoneSet: Int16,
        messages: [UUID], n: Int16 = 1, dueAt: Date? = nil
    ) {
        self.organisation = organisation
        self.sender = sender
        self.kind = kind
        self.campaign = campaign
        self.zoneSet = zoneSet
        self.messages = messages
        self.n = n
        self.dueAt = dueAt
    }
}

/// Texts that wait; the only type that writes `outbox`.
package enum Outbox {
    /// The most ids of one row: what one lease of a row may put in doubt.
    package static let idsMax = 500

    /// Puts texts behind those that wait already, in the transaction that wrote them down.
    package static func add(_ entries: [OutboxEntry], on connection: Connection) async throws {
        guard !entries.isEmpty else { return }
        // One flat array and a slice each: unnest would flatten arrays of arrays.
        let ids = entries.flatMap(\.messages)
        var ends: [Int32] = []
        for entry in entries { ends.append((ends.last ?? 0) + Int32(entry.messages.count)) }
        let starts = zip(ends, entries).map { $0 - Int32($1.messages.count) + 1 }
        _ = try await connection.execute(
            """
            INSERT INTO outbox (organisation_id, sender_id, priority, id, kind, campaign_id,
                zone_set, n, message_ids, due_at)
            SELECT organisation_id, sender_id, priority, id, kind, campaign_id, zone_set, n,
                (\(ids))[first:last], coalesce(due_at, '-infinity')
            FROM unnest(\(entries.map(\.organisation)), \(entries.map(\.sender)),
                \(entries.map(\.kind.priority)), \(entries.map { _ in UUID.v7() }),
                \(entries.map(\.kind.rawValue)), \(entries.map(\.campaign)),
                \(entries.map(\.zoneSet)), \(entries.map(\.n)), \(starts), \(ends),
                \(entries.map(\.dueAt)))
                AS t(organisation_id, sender_id, priority, id, kind, campaign_id, zone_set, n,
                    first, last, due_at)
            """)
    }
}
