import Foundation
import Postgres
import Secrets

extension Imports {
    /// The names of an import's tables, in which nothing but hexadecimal digits varies.
    static func table(_ prefix: String, _ id: UUID) -> SQL {
        SQL(raw: prefix + "_" + id.text.replacing("-", with: ""))
    }

    func open(
        _ id: UUID, _ request: ImportRequest, _ file: CSVFile, _ columns: ImportColumns
    ) async throws {
        try await database.transaction(organisation: request.organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
                    mapping, consent_source, consent_wording, created_by, households)
                VALUES (\(request.organisation), \(id), \(request.campaign), \(request.fileName),
                    \(file.sha256), \(file.bytes), \(try JSONB(encoding: columns)),
                    \(request.consentSource), \(request.consentWording), \(request.createdBy),
                    \(request.households.rawValue))
                """)
            _ = try await connection.first("SELECT open_stage(\(id))") { _ in true }
        }
    }

    /// Copies the file's people into the staging table.
    func stage(
        _ id: UUID, _ organisation: Int32, _ file: CSVFile, _ separator: UInt8, _ skipped: Int,
        _ recipe: ImportRecipe, _ progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws -> ImportCounts {
        let pipeline = try ImportPipeline(
            file, separator: separator, firstRow: skipped, recipe: recipe, zoneSets: zoneSets
        ) { rejects in
            try await record(rejects, id, organisation)
        }
        let table = Self.table("stage", id)
        _ = try await database.withConnection { connection in
            try await connection.copyIn("COPY \(table.text) FROM STDIN (FORMAT binary)") {
                let piece = try await pipeline.next()
                progress(
                    ImportProgress(
                        phase: .reading, done: await pipeline.bytesRead, total: file.bytes))
                return piece
            }
        }
        let counts = await pipeline.counts
        guard counts.read > 0 else {
            throw InvalidInput(
                "The file \(file.path) has a header but no rows.", key: "no_rows")
        }
        return counts
    }

    private func record(
        _ rejects: [StagedBatch.Reject], _ id: UUID, _ organisation: Int32
    ) async throws {
        _ = try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO import_reject (organisation_id, import_id, row_number, reason, detail)
                SELECT \(organisation), \(id), r, why, what
                FROM unnest(\(rejects.map(\.row)), \(rejects.map(\.reason)),
                    \(rejects.map(\.detail))) AS t(r, why, what)
                """)
        }
    }

    /// Marks an import that came to nothing and drops its tables; its report of rejected rows stays.
    func abandon(_ id: UUID, _ organisation: Int32) async {
        try? await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE import SET state = 'failed'
                WHERE organisation_id = \(organisation) AND id = \(id) AND state = 'staging'
                """)
            _ = try await connection.first("SELECT close_stage(\(id))") { _ in true }
        }
    }

    /// Sorts the staged people into the order in which they will be texted, with all their ids.
    ///
    /// One statement over staging tables that nobody else sees; it locks no contact.
    func plan(
        _ id: UUID, _ organisation: Int32, _ counts: ImportCounts,
        _ progress: @Sendable (ImportProgress) -> Void
    ) async throws {
        progress(ImportProgress(phase: .sorting, done: 0, total: counts.staged))
        try await refusingDuplicates(
            "Another import of this campaign was interrupted; resume or undo that one first "
                + "('barnstorm contacts import --resume' or '--undo').", key: "other_open"
        ) {
            try await database.transaction(organisation: organisation) { connection in
                try await connection.script("SET LOCAL work_mem = '256MB'")
                let campaign = try await connection.first(
                    """
                    UPDATE import SET state = 'merging', rows_read = \(counts.read),
                        rows_rejected = \(counts.rejected)
                    WHERE organisation_id = \(organisation) AND id = \(id)
                    RETURNING campaign_id, households
                    """
                ) { row in
                    (
                        id: try row.value(0) as UUID,
                        households: ImportRequest.Households(rawValue: try row.value(1)) ?? .first
                    )
                }!
                try await connection.execute(
                    sorted(id, organisation, campaign.id, campaign.households))
                try await count(id, organisation, counts, on: connection)
            }
        }
    }

    /// The same person may stand in several rows: the first one counts. Where the contact's zones
    /// are better known than the file's, the contact's hold.
    private func sorted(
        _ id: UUID, _ organisation: Int32, _ campaign: UUID,
        _ households: ImportRequest.Households
    ) -> SQL {
        let seed = Self.seed(id)
        let prefix = Self.idPrefix(id)
        return """
            INSERT INTO \(Self.table("merge", id)) (seq, position, contact_id, is_new, message_id,
                row_number, number, number_hash, name, country, zone_set, zone_source, language,
                landline, unlikely, segments, given_at, wording, fields)
            SELECT seq, CASE WHEN is_member THEN NULL ELSE place END,
                coalesce(known_id, import_uuid(\(prefix), seq, ~shuffle)), known_id IS NULL,
                import_uuid(\(prefix), seq, shuffle),
                row_number, number, number_hash, name, country, zone_set, zone_source, language,
                landline, unlikely, segments, given_at, wording, fields
            FROM (
                SELECT row_number() OVER (ORDER BY is_member, zone_set, shuffle) AS seq,
                    row_number() OVER (PARTITION BY is_member, zone_set ORDER BY shuffle) AS place,
                    people.*
                FROM (
                    SELECT DISTINCT ON (s.number_hash) s.row_number, s.number, s.number_hash,
                        s.name, s.country, s.zone_source, s.language, s.landline, s.unlikely,
                        s.segments, s.given_at, s.wording,
                        CASE WHEN e.id IS NULL THEN s.fields ELSE '{}' END AS fields,
                        CASE WHEN array_position(\(Self.sources), c.zone_source)
                            > array_position(\(Self.sources), s.zone_source)
                            THEN c.zone_set ELSE s.zone_set END AS zone_set,
                        hashtextextended(s.number, \(seed)) AS shuffle,
                        coalesce(c.id, e.id) AS known_id,
                        r.contact_id IS NOT NULL AS is_member
                    FROM \(Self.table("stage", id)) s
                    LEFT JOIN contact c
                        ON c.organisation_id = \(organisation) AND c.number = s.number
                    LEFT JOIN contact e ON e.organisation_id = \(organisation)
                        AND e.number IS NULL AND e.number_hash = s.number_hash
                    LEFT JOIN recipient r ON r.organisation_id = \(organisation)
                        AND r.contact_id = coalesce(c.id, e.id) AND r.campaign_id = \(campaign)
                    WHERE \(households == .first) OR s.number_hash NOT IN (
                        \(Self.households(id, "number_hash")))
                    ORDER BY s.number_hash, s.row_number
                ) people
            ) ranked
            """
    }

    /// Numbers of several people: the same in the file under different names.
    private static func households(_ id: UUID, _ value: SQL) -> SQL {
        """
        SELECT \(value) FROM \(table("stage", id)) GROUP BY number_hash
        HAVING count(*) > 1 AND min(lower(name)) <> max(lower(name))
        """
    }

    /// From the least to the most sure.
    private static let sources = [
        "unknown", "country", "number", "prefix", "postal_code", "explicit",
    ]

    /// Notes each row that gave way to another: the first one with its number, or a recipient that
    /// the campaign had before. Only lists with such rows pay for it.
    private func noteDoubles(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        try await connection.execute(
            """
            INSERT INTO import_reject (organisation_id, import_id, row_number, reason, detail)
            SELECT \(organisation), \(id), s.row_number,
                CASE WHEN m.number_hash IS NULL THEN 'household'
                    WHEN m.row_number = s.row_number THEN 'listed'
                    WHEN lower(m.name) <> lower(s.name) THEN 'shared' ELSE 'duplicate' END,
                CASE WHEN m.number_hash IS NULL OR m.row_number = s.row_number THEN ''
                    ELSE m.row_number::text END
            FROM \(Self.table("stage", id)) s
            LEFT JOIN \(Self.table("merge", id)) m ON m.number_hash = s.number_hash
            WHERE m.row_number IS DISTINCT FROM s.row_number OR m.position IS NULL
            ON CONFLICT DO NOTHING
            """)
    }

    private func count(
        _ id: UUID, _ organisation: Int32, _ counts: ImportCounts, on connection: Connection
    ) async throws {
        let merge = Self.table("merge", id)
        let doubles =
            try await connection.first(
                """
                UPDATE import SET rows_good = good, rows_duplicate = \(counts.staged) - good,
                    rows_landline = landlines, rows_unlikely = doubtful,
                    rows_household = (SELECT coalesce(sum(n), 0)::bigint
                        FROM (\(Self.households(id, "count(*) AS n"))) h),
                    rows_opted_out = (SELECT count(*) FROM \(merge) m JOIN contact c
                        ON c.organisation_id = \(organisation) AND c.id = m.contact_id
                        WHERE NOT m.is_new AND m.position IS NOT NULL AND c.opted_out_at IS NOT NULL)
                FROM (SELECT count(*) AS good, count(*) FILTER (WHERE landline) AS landlines,
                        count(*) FILTER (WHERE unlikely) AS doubtful
                    FROM \(merge) WHERE position IS NOT NULL) t
                WHERE organisation_id = \(organisation) AND id = \(id)
                RETURNING rows_duplicate
                """
            ) { row in try row.value(0) as Int } ?? 0
        guard doubles > 0 else { return }
        try await noteDoubles(id, organisation, on: connection)
    }

    /// Twelve digits of milliseconds and the version: how all ids of this import begin.
    static func idPrefix(_ id: UUID) -> String {
        String(id.text.replacing("-", with: "").prefix(12)) + "7"
    }

    /// What makes the shuffle of each import its own.
    static func seed(_ id: UUID) -> Int {
        Int(truncatingIfNeeded: id.bytes[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
