import Foundation
import Postgres
import Secrets

extension Imports {
    /// People merged in one transaction: some 50 ms, for which a STOP of one of them may wait.
    static let mergeRows = 2_000
    /// Slices merged side by side.
    private static let mergeTasks = 2
    /// `merged_rows` of an import that is being undone.
    static let undoing = 9_000_000_000_000

    /// Merges what is staged, from where an interrupted import stopped, and makes it visible.
    ///
    /// Every id is derived from the import, so a slice that is merged twice changes nothing: slices
    /// run side by side, and a second process that resumes as well does no harm.
    /// - Throws: ``InvalidInput`` if the import is not open, or its staged rows were lost in a
    ///   crash of the database: undo it then and import the file again.
    package func resume(
        _ id: UUID, organisation: Int32,
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) async throws -> ImportReport {
        let total = try await stagedPeople(id, organisation)
        async let consents = consentRoot(id, organisation)
        try await merge(id, organisation, total, progress)
        try await finish(id, organisation, try await consents)
        return try await find(id, organisation: organisation)
    }

    /// Merges all slices that are left, a few at a time: one core's worth of PostgreSQL each.
    private func merge(
        _ id: UUID, _ organisation: Int32, _ total: Int,
        _ progress: @escaping @Sendable (ImportProgress) -> Void
    ) async throws {
        let start = try await find(id, organisation: organisation).merged
        let cursor = MergeCursor(from: start, to: total, step: Self.mergeRows)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.mergeTasks {
                group.addTask {
                    while let from = await cursor.next() {
                        try await mergeSlice(id, organisation, from: from)
                        let mark = await cursor.finish(from)
                        try await remember(mark, id, organisation)
                        progress(
                            ImportProgress(phase: .saving, done: min(mark, total), total: total))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Notes up to where everything is merged.
    private func remember(_ mark: Int, _ id: UUID, _ organisation: Int32) async throws {
        _ = try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE import SET merged_rows = \(mark)
                WHERE organisation_id = \(organisation) AND id = \(id) AND merged_rows < \(mark)
                """)
        }
    }

    /// How many people `merge_…` holds.
    private func stagedPeople(_ id: UUID, _ organisation: Int32) async throws -> Int {
        let report = try await find(id, organisation: organisation)
        guard report.state == .merging else {
            throw InvalidInput(
                "The import \(id.text) is \(report.state.rawValue), not interrupted.")
        }
        guard report.merged < Self.undoing else {
            throw InvalidInput("The import \(id.text) is being undone; undo it again to the end.")
        }
        let lost = InvalidInput(
            "The rows of import \(id.text) were lost when the database crashed; undo it and import "
                + "the file again.")
        do {
            let total = try await database.first(
                "SELECT coalesce(max(seq), 0) FROM \(Self.table("merge", id))"
            ) { row in try row.value(0) as Int }!
            guard total > 0 || report.good + report.duplicate == 0 else { throw lost }
            return total
        } catch let error as PostgresError where error.sqlState == "42P01" {
            throw lost
        }
    }

    /// Merges one slice in one transaction.
    private func mergeSlice(_ id: UUID, _ organisation: Int32, from: Int) async throws {
        try await database.transaction(organisation: organisation) { connection in
            // KEY SHARE: an undo waits for us, another slice and the note of progress do not.
            let open = try await connection.first(
                """
                SELECT campaign_id, consent_source, consent_wording FROM import
                WHERE organisation_id = \(organisation) AND id = \(id) AND state = 'merging'
                    AND merged_rows < \(Self.undoing) FOR KEY SHARE
                """
            ) { row in
                OpenImport(
                    id: id, organisation: organisation, campaign: try row.value(0),
                    from: from, source: try row.value(1), wording: try row.value(2))
            }
            guard let open else {
                throw InvalidInput("The import \(id.text) was ended by somebody else.")
            }
            try await addContacts(open, on: connection)
            try await connection.execute(open.consents)
            try await connection.execute(open.recipients)
        }
    }

    /// Adds the people who are new. One whom an inbound text or another import added meanwhile
    /// keeps that row; the plan is corrected to name it.
    private func addContacts(_ open: OpenImport, on connection: Connection) async throws {
        let added = try await connection.execute(open.contacts)
        let wanted = try await connection.first(
            "SELECT count(*) FILTER (WHERE is_new) FROM \(open.slice)"
        ) { row in try row.value(0) as Int }!
        guard added < wanted else { return }
        try await connection.execute(
            """
            UPDATE \(Self.table("merge", open.id)) m SET contact_id = c.id, is_new = false
            FROM contact c
            WHERE c.organisation_id = \(open.organisation) AND c.number = m.number
                AND c.id <> m.contact_id AND m.is_new
                AND m.seq > \(open.from) AND m.seq <= \(open.from + Self.mergeRows)
            """)
    }

    /// Writes the lanes, which makes everybody visible at once, and the ledger's line.
    private func finish(
        _ id: UUID, _ organisation: Int32, _ consents: ConsentRoot
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            let merge = Self.table("merge", id)
            let done = try await connection.first(
                """
                UPDATE import SET state = 'done', done_at = now()
                WHERE organisation_id = \(organisation) AND id = \(id) AND state = 'merging'
                RETURNING campaign_id, file_name, sha256, bytes, consent_source,
                    rows_read, rows_good, rows_duplicate, rows_rejected
                """
            ) { try ImportLine(row: $0, id: id, consents: consents) }
            guard let done else { return }  // somebody else was first
            try await connection.execute(
                """
                INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size)
                SELECT \(organisation), import_uuid(\(Self.idPrefix(id)), zone_set, \(Self.seed(id))),
                    \(done.campaignID), \(id), zone_set, max(position)
                FROM \(merge) WHERE position IS NOT NULL GROUP BY zone_set
                """)
            try await closeGaps(id, organisation, on: connection)
            _ = try await connection.first("SELECT close_stage(\(id))") { _ in true }
            try await Ledger.append(organisation, .importDone, details: done, on: connection)
        }
    }

    /// Two planned people who turned out to be one leave a gap: the last of the lane fills it, so
    /// that a lane's size is its number of people.
    private func closeGaps(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        try await connection.execute(
            """
            WITH short AS (
                SELECT l.id, l.size, count(r.position) AS people FROM lane l
                LEFT JOIN recipient r ON r.organisation_id = l.organisation_id AND r.lane_id = l.id
                WHERE l.organisation_id = \(organisation) AND l.import_id = \(id)
                GROUP BY l.id, l.size HAVING count(r.position) < l.size
            ), gap AS (
                SELECT s.id, p AS position, row_number() OVER (PARTITION BY s.id ORDER BY p) AS nth
                FROM short s CROSS JOIN generate_series(1, s.people) p
                WHERE NOT EXISTS (SELECT FROM recipient r WHERE r.organisation_id = \(organisation)
                    AND r.lane_id = s.id AND r.position = p)
            ), above AS (
                SELECT r.lane_id AS id, r.position,
                    row_number() OVER (PARTITION BY r.lane_id ORDER BY r.position) AS nth
                FROM recipient r JOIN short s ON r.lane_id = s.id
                WHERE r.organisation_id = \(organisation) AND r.position > s.people
            ), moved AS (
                UPDATE recipient r SET position = gap.position
                FROM above JOIN gap ON gap.id = above.id AND gap.nth = above.nth
                WHERE r.organisation_id = \(organisation) AND r.lane_id = above.id
                    AND r.position = above.position
            )
            UPDATE lane l SET size = short.people FROM short
            WHERE l.organisation_id = \(organisation) AND l.id = short.id
            """)
    }
}

/// Which slices are merged: handed out in order, finished in any.
private actor MergeCursor {
    private var upcoming: Int
    private var running: Set<Int> = []
    private let end: Int
    private let step: Int

    init(from start: Int, to end: Int, step: Int) {
        upcoming = start
        self.end = end
        self.step = step
    }

    func next() -> Int? {
        guard upcoming < end else { return nil }
        defer { upcoming += step }
        running.insert(upcoming)
        return upcoming
    }

    /// - Returns: up to where everything is merged now.
    func finish(_ slice: Int) -> Int {
        running.remove(slice)
        return running.min() ?? min(upcoming, end)
    }
}

/// An import in the middle of its merge, and the statements over its next slice.
private struct OpenImport: Sendable {
    let id: UUID
    let organisation: Int32
    let campaign: UUID
    /// People merged before.
    let from: Int
    let source: String
    let wording: String

    /// The next people, as a table called `m`.
    var slice: SQL {
        """
        (SELECT * FROM \(Imports.table("merge", id))
         WHERE seq > \(from) AND seq <= \(from + Imports.mergeRows)) m
        """
    }

    var contacts: SQL {
        """
        INSERT INTO contact (organisation_id, id, number, number_hash, name, country, zone_set,
            zone_source, language, landline, unlikely)
        SELECT \(organisation), contact_id, number, number_hash, name, country, zone_set,
            zone_source, language, landline, unlikely
        FROM \(slice) WHERE is_new ORDER BY seq
        ON CONFLICT DO NOTHING
        """
    }

    var consents: SQL {
        """
        INSERT INTO consent (organisation_id, contact_id, import_id, row_number, source, wording,
            given_at)
        SELECT \(organisation), contact_id, \(id), row_number, \(source),
            coalesce(wording, \(wording)), given_at
        FROM \(slice) ORDER BY seq
        ON CONFLICT DO NOTHING
        """
    }

    var recipients: SQL {
        """
        INSERT INTO recipient (organisation_id, contact_id, campaign_id, lane_id, position,
            message_id, segments, fields)
        SELECT \(organisation), contact_id, \(campaign),
            import_uuid(\(Imports.idPrefix(id)), zone_set, \(Imports.seed(id))), position,
            message_id, segments, fields
        FROM \(slice) WHERE position IS NOT NULL ORDER BY seq
        ON CONFLICT DO NOTHING
        """
    }
}

/// What the ledger says about an import. Keys are what auditors read.
private struct ImportLine: Encodable, Sendable {
    let campaignID: UUID
    var importID: String
    var campaign: String
    var fileName: String
    var sha256: String
    var bytes: Int
    var consentSource: String
    var read: Int
    var good: Int
    var duplicate: Int
    var rejected: Int
    var consents: Int
    /// Merkle root (RFC 9162) over ``ConsentRoot``'s leaves.
    var consentRoot: String

    init(row: borrowing Row, id: UUID, consents root: ConsentRoot) throws {
        campaignID = try row.value(0)
        importID = id.text
        campaign = campaignID.text
        fileName = try row.value(1)
        sha256 = (try row.value(2) as [UInt8]).hex
        bytes = try row.value(3)
        consentSource = try row.value(4)
        read = try row.value(5)
        good = try row.value(6)
        duplicate = try row.value(7)
        rejected = try row.value(8)
        consents = root.count
        consentRoot = root.root.hex
    }

    enum CodingKeys: String, CodingKey {
        case importID = "import"
        case campaign, sha256, bytes, read, good, duplicate, rejected, consents
        case fileName = "file_name"
        case consentSource = "consent_source"
        case consentRoot = "consent_root"
    }
}
