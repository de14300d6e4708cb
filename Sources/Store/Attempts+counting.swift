import Foundation
import Postgres
import Texting

extension Attempts {
    /// Writes the cap's evidence into the rows that are locked already, and what closed at once
    /// into the totals.
    func count(
        _ batch: AttemptBatch, _ verdicts: [Verdict], _ fresh: Set<UUID>,
        _ people: [UUID: LockedPerson], on connection: Connection
    ) async throws {
        var texted: [UUID: [Date]] = [:]
        var amounts: [TallyEntry: Int] = [:]
        for (wish, verdict) in zip(batch.wishes, verdicts) where fresh.contains(wish.message) {
            if verdict == .go {
                if wish.countsTowardsCap { texted[wish.contact, default: []].append(wish.slot) }
            } else if let campaign = wish.campaign, let kind = verdict.tally, wish.kind == .first {
                amounts[
                    TallyEntry(organisation: batch.organisation, campaign: campaign, kind: kind),
                    default: 0] += 1
            }
        }
        try await remember(texted, people, on: connection, batch.organisation)
        try await Tallies.add(amounts, on: connection)
    }

    /// Adds the slots to what counts towards the cap. The rows are locked, so what was read of them
    /// still holds: most people had no text lately, and a single instant is written at half the cost
    /// of growing an array in the database.
    private func remember(
        _ texted: [UUID: [Date]], _ people: [UUID: LockedPerson], on connection: Connection,
        _ organisation: Int32
    ) async throws {
        let isFirst = { (id: UUID, at: [Date]) in
            at.count == 1 && people[id]?.textedAt.isEmpty ?? false
        }
        let first = texted.filter { isFirst($0.key, $0.value) }
        if !first.isEmpty {
            _ = try await connection.execute(
                """
                UPDATE contact c SET texted_at = ARRAY[w.at]
                FROM unnest(\(Array(first.keys)), \(first.values.map { $0[0] })) AS w(id, at)
                WHERE c.organisation_id = \(organisation) AND c.id = w.id
                """)
        }
        let more = texted.filter { !isFirst($0.key, $0.value) }
            .flatMap { id, at in at.map { (id: id, at: $0) } }
        guard !more.isEmpty else { return }
        _ = try await connection.execute(
            """
            UPDATE contact c SET texted_at =
                (c.texted_at || w.at)[greatest(1, cardinality(c.texted_at || w.at) - 7):]
            FROM (
                SELECT id, array_agg(at ORDER BY at) AS at
                FROM unnest(\(more.map(\.id)), \(more.map(\.at))) AS t(id, at)
                GROUP BY id
            ) w
            WHERE c.organisation_id = \(organisation) AND c.id = w.id
            """)
    }
}
