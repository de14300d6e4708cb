import Foundation
import Postgres

extension Imports {
    /// Recipients removed in one transaction.
    private static let undoRows = 5_000

    /// Goes on with the campaign's interrupted import.
    package func resumeLast(
        campaign: UUID, organisation: Int32,
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) async throws -> ImportReport {
        let imports = try await list(organisation: organisation, campaign: campaign)
        guard let open = imports.first(where: { $0.state == .merging }) else {
            throw InvalidInput("No import of this campaign was interrupted.")
        }
        return try await resume(open.id, organisation: organisation, progress: progress)
    }

    /// Undoes the campaign's interrupted import, else its last one.
    package func undoLast(campaign: UUID, organisation: Int32) async throws -> ImportReport {
        let imports = try await list(organisation: organisation, campaign: campaign)
        guard
            let last = imports.first(where: { $0.state == .merging })
                ?? imports.first(where: { $0.state == .done })
        else { throw InvalidInput("This campaign has no import to undo.") }
        return try await undo(last.id, organisation: organisation)
    }

    /// Takes an import's people out of the campaign again.
    ///
    /// Contacts and the evidence of consent stay: they are true whatever becomes of the campaign.
    /// - Throws: ``InvalidInput`` if somebody of the import was drawn or leased already.
    package func undo(_ id: UUID, organisation: Int32) async throws -> ImportReport {
        let lanes = try await hide(id, organisation)
        for lane in lanes {
            while try await removeSome(of: lane, organisation) == Self.undoRows {}
        }
        try await database.transaction(organisation: organisation) { connection in
            _ = try await connection.execute(
                """
                UPDATE import SET state = 'undone'
                WHERE organisation_id = \(organisation) AND id = \(id)
                """)
            _ = try await connection.first("SELECT close_stage(\(id))") { _ in true }
            try await Ledger.append(
                organisation, .importDone, details: ["import": id.text, "undone": "true"],
                on: connection)
        }
        return try await find(id, organisation: organisation)
    }

    /// Removes the lanes, so that nobody is drawn from now on, and says which they were.
    private func hide(_ id: UUID, _ organisation: Int32) async throws -> [UUID] {
        try await database.transaction(organisation: organisation) { connection in
            let state = try await connection.first(
                """
                SELECT state FROM import
                WHERE organisation_id = \(organisation) AND id = \(id) FOR UPDATE
                """
            ) { row in try row.value(0) as String }
            guard state == "merging" || state == "done" else {
                throw InvalidInput(
                    "The import \(id.text) is \(state ?? "unknown"): nothing to undo.")
            }
            let drawn = try await connection.rows(
                """
                SELECT next_position FROM lane
                WHERE organisation_id = \(organisation) AND import_id = \(id)
                ORDER BY id FOR UPDATE
                """
            ) { row in try row.value(0) as Int32 }.contains { $0 > 1 }
            guard !drawn else {
                throw InvalidInput(
                    "People of this import have been drawn already; finish the campaign instead.")
            }
            _ = try await connection.execute(
                "DELETE FROM lane WHERE organisation_id = \(organisation) AND import_id = \(id)")
            // Back to merging: an undo that is interrupted here is taken up by the next one.
            _ = try await connection.execute(
                """
                UPDATE import SET state = 'merging', done_at = NULL, merged_rows = \(Self.undoing)
                WHERE organisation_id = \(organisation) AND id = \(id)
                """)
            return try await connection.rows(
                "SELECT import_uuid(\(Self.idPrefix(id)), id::bigint, \(Self.seed(id))) FROM zone_set"
            ) { row in try row.value(0) as UUID }
        }
    }

    private func removeSome(of lane: UUID, _ organisation: Int32) async throws -> Int {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                DELETE FROM recipient
                WHERE organisation_id = \(organisation) AND lane_id = \(lane)
                    AND position IN (SELECT position FROM recipient
                        WHERE organisation_id = \(organisation) AND lane_id = \(lane)
                        LIMIT \(Self.undoRows))
                """)
        }
    }
}
