import Foundation
import Postgres
import Synchronization

/// Sets of time zones, each with a small number that stands in contacts, lanes and texts.
///
/// There are a few hundred in the world. They never change, so every process keeps what it has met.
package final class ZoneSets: Sendable {
    /// The set of numbers of which nothing is known; migration 0003 makes it the first.
    package static let unknown: Int16 = 1

    private let database: Database
    private let known = Mutex((ids: [String: Int16](), zones: [Int16: [String]]()))

    package init(database: Database) { self.database = database }

    /// How a set is written down: sorted, without repetition, joined by commas.
    package static func key(_ zones: [String]) -> String {
        zones.count < 2 ? zones.first ?? "" : Set(zones).sorted().joined(separator: ",")
    }

    /// The number of a set met before by this process.
    package func knownID(_ key: String) -> Int16? { known.withLock { $0.ids[key] } }

    /// The numbers of sets, made where they are new.
    package func ids(_ keys: Set<String>) async throws -> [String: Int16] {
        let missing = keys.filter { knownID($0) == nil }.sorted()
        if !missing.isEmpty {
            // Two statements, so that the second sees what another process inserted first.
            try await database.execute(
                """
                INSERT INTO zone_set (zones) SELECT unnest(\(missing)) EXCEPT
                SELECT zones FROM zone_set ON CONFLICT DO NOTHING
                """)
            remember(try await read("WHERE zones = ANY(\(missing))"))
        }
        return known.withLock { state in
            Dictionary(
                uniqueKeysWithValues: keys.compactMap { key in
                    state.ids[key].map { (key, $0) }
                })
        }
    }

    /// The zones of a set; empty means unknown: the intersection of all that are plausible.
    package func zones(_ id: Int16) async throws -> [String] {
        if let zones = known.withLock({ $0.zones[id] }) { return zones }
        remember(try await read("WHERE id = \(id)"))
        return known.withLock { $0.zones[id] } ?? []
    }

    /// Meets sets on a connection that is held already.
    ///
    /// Whoever asks for hours within a transaction calls this first: ``zones(_:)`` would borrow a
    /// second connection, and as many as the pool has at once would each wait for another's.
    func learn(_ ids: [Int16], on connection: Connection) async throws {
        let missing = known.withLock { state in Set(ids.filter { state.zones[$0] == nil }) }
        guard !missing.isEmpty else { return }
        remember(
            try await connection.rows(
                "SELECT id, zones FROM zone_set WHERE id = ANY(\(missing.sorted()))"
            ) { row in (try row.value(0), try row.value(1)) })
    }

    private func read(_ condition: SQL) async throws -> [(Int16, String)] {
        try await database.rows("SELECT id, zones FROM zone_set \(condition)") { row in
            (try row.value(0), try row.value(1))
        }
    }

    private func remember(_ rows: [(Int16, String)]) {
        known.withLock { state in
            for (id, key) in rows {
                state.ids[key] = id
                state.zones[id] = key.split(separator: ",").map(String.init)
            }
        }
    }
}
