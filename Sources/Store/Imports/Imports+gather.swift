import Foundation
import Postgres
import Secrets

/// A list to be made of people of an earlier campaign.
package struct GatherRequest: Sendable {
    package var organisation: Int32
    /// The new campaign, a draft.
    package var campaign: UUID
    /// The one whose people these are.
    package var follows: UUID
    package var selection: Selection
    /// Also people who are on a list of the same choice; see ``Selection/mayRepeat``.
    package var includesListed = false
    /// Shown where other lists show their file's name.
    package var name: String
    /// How we come to text these people again; the first lists' own reasons are added.
    package var reason: String
    package var createdBy: UUID?

    package init(
        organisation: Int32, campaign: UUID, follows: UUID, selection: Selection, name: String,
        reason: String
    ) {
        self.organisation = organisation
        self.campaign = campaign
        self.follows = follows
        self.selection = selection
        self.name = name
        self.reason = reason
    }
}

extension Imports {
    /// Puts people of an earlier campaign on the list of a draft.
    ///
    /// It is an import like any other, whose rows come from the database instead of a file: the same
    /// order, consent, ledger line, preflight and draw follow.
    /// - Throws: ``InvalidInput`` `nobody` if the choice finds no one, `selecting` if somebody makes
    ///   the same list at this moment.
    package func gather(
        _ request: GatherRequest,
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) async throws -> ImportReport {
        let id = UUID.v7()
        try await openSelection(id, request)
        do {
            progress(ImportProgress(phase: .reading, done: 0, total: 0))
            let people = try await stage(id, request)
            guard people > 0 else { throw InvalidInput("nobody") }
            var counts = ImportCounts()
            counts.read = people
            counts.staged = people
            try await plan(id, request.organisation, counts, progress)
        } catch {
            await abandon(id, request.organisation)
            throw error
        }
        return try await resume(id, organisation: request.organisation, progress: progress)
    }

    private func openSelection(_ id: UUID, _ request: GatherRequest) async throws {
        try await refusingDuplicates("selecting") {
            try await database.transaction(organisation: request.organisation) { connection in
                // A process that was killed while it chose must not keep others from choosing.
                try await connection.execute(
                    """
                    UPDATE import SET state = 'failed'
                    WHERE organisation_id = \(request.organisation)
                        AND follows = \(request.follows) AND state = 'staging'
                        AND created_at < now() - interval '1 hour'
                    """)
                let (columns, sources) = try await origin(request, on: connection)
                try await connection.execute(
                    """
                    INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
                        mapping, consent_source, created_by, follows, selection, selected)
                    VALUES (\(request.organisation), \(id), \(request.campaign), \(request.name),
                        \([UInt8]()), 0, \(try JSONB(encoding: columns)),
                        \(([request.reason] + sources).joined(separator: "; ")),
                        \(request.createdBy), \(request.follows), \(request.selection.name),
                        \(request.selection.detail))
                    """)
                _ = try await connection.first("SELECT open_stage(\(id))") { _ in true }
            }
        }
    }

    /// The fields that the earlier lists had, and why their people might be texted.
    private func origin(
        _ request: GatherRequest, on connection: Connection
    ) async throws -> (ImportColumns, [String]) {
        let lists = try await connection.rows(
            """
            SELECT mapping, consent_source FROM import
            WHERE organisation_id = \(request.organisation) AND campaign_id = \(request.follows)
                AND state = 'done' ORDER BY id
            """
        ) { row in
            (try? (row.value(0) as JSONB).decode(ImportColumns.self), try row.value(1) as String)
        }
        var columns = ImportColumns(fields: [], numbers: [], hasHeader: true)
        for case let list? in lists.map(\.0) {
            for column in list.customColumns where !columns.fields.contains(list.fields[column]) {
                columns.fields.append(list.fields[column])
            }
        }
        let sources = lists.map(\.1).reduce(into: [String]()) { all, one in
            if !all.contains(one) { all.append(one) }
        }
        return (columns, sources)
    }

    /// Copies the people into the staging table, with the consent they came with.
    ///
    /// - Returns: how many.
    private func stage(_ id: UUID, _ request: GatherRequest) async throws -> Int {
        let key = BoardKey(organisation: request.organisation, campaign: request.follows)
        let table = Self.table("stage", id)
        let unlisted: SQL =
            request.includesListed && request.selection.mayRepeat
            ? "" : "AND NOT \(Selections.isListed(request.selection, key))"
        return try await database.transaction(organisation: request.organisation) { connection in
            try await connection.script("SET LOCAL work_mem = '64MB'")
            let people = try await connection.execute(
                """
                INSERT INTO \(table) (row_number, number, number_hash, name, country, zone_set,
                    zone_source, language, landline, unlikely, segments, given_at, wording, fields)
                SELECT row_number() OVER (ORDER BY c.id), c.number, c.number_hash, c.name,
                    c.country, c.zone_set, c.zone_source, c.language, c.landline, c.unlikely,
                    coalesce(r.segments, 1), k.given_at, k.wording, coalesce(r.fields, '{}')
                FROM (\(Selections.people(request.selection, key))) chosen
                JOIN contact c ON c.organisation_id = \(request.organisation)
                    AND c.id = chosen.contact_id AND c.number IS NOT NULL
                LEFT JOIN recipient r ON r.organisation_id = c.organisation_id
                    AND r.contact_id = c.id AND r.campaign_id = \(request.follows)
                LEFT JOIN lane l ON l.organisation_id = r.organisation_id AND l.id = r.lane_id
                LEFT JOIN consent k ON k.organisation_id = c.organisation_id
                    AND k.contact_id = c.id AND k.import_id = l.import_id
                WHERE c.opted_out_at IS NULL AND c.wrong_number_at IS NULL \(unlisted)
                """)
            try await connection.execute(
                """
                UPDATE import SET sha256 = (
                    SELECT sha256(coalesce(string_agg(number_hash, ''::bytea ORDER BY row_number),
                        ''::bytea)) FROM \(table))
                WHERE organisation_id = \(request.organisation) AND id = \(id)
                """)
            return people
        }
    }
}
