import Foundation
import Postgres
import Texting

/// Lists of people on their way into a campaign; writes `import`, `import_reject`, `consent`,
/// `recipient` and new rows of `lane`.
///
/// A file is staged whole in a table of its own, then merged in short transactions in the order in
/// which people will be texted. Nobody becomes visible before the last one, which writes the lanes:
/// a broken file changes nothing, an interrupted merge goes on where it stopped.
package struct Imports: Sendable {
    let database: Database
    let secret: InstallationSecret
    let zoneSets: ZoneSets

    /// - Parameter database: a pool of at least three connections.
    package init(database: Database, secret: InstallationSecret, zoneSets: ZoneSets? = nil) {
        self.database = database
        self.secret = secret
        self.zoneSets = zoneSets ?? ZoneSets(database: database)
    }

    /// Imports a file.
    ///
    /// - Parameter progress: called often, from any thread.
    /// - Throws: ``InvalidInput`` for a file that is no list of people, a campaign that has ended
    ///   or has another import open, and an empty consent source; nothing has changed then.
    package func run(
        _ request: ImportRequest,
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) async throws -> ImportReport {
        var request = request
        request.consentSource = try nonEmpty(
            request.consentSource,
            "Say why these people may be texted, e.g. --consent \"signed up at the town fair\".")
        let setting = try await setting(request)
        let file = try CSVFile.scan(path: request.path)
        let shape = try CSVShape.guess(file)
        let sample = Self.withoutPreamble(shape.sample)
        let columns = try ImportColumns.guess(
            sample, choices: request.choices, regions: setting.countries)
        let recipe = ImportRecipe(
            columns: columns, regions: setting.countries, hashKey: secret.key(.numberHash),
            script: setting.script)
        let skipped = shape.sample.count - sample.count + (columns.hasHeader ? 1 : 0)
        let id = UUID.v7()
        try await open(id, request, file, columns)
        do {
            let counts = try await stage(
                id, request.organisation, file, shape.separator, skipped, recipe, progress)
            try await plan(id, request.organisation, counts, progress)
        } catch {
            await abandon(id, request.organisation)
            throw error
        }
        return try await resume(id, organisation: request.organisation, progress: progress)
    }

    /// The columns a file would be read with, and its first records, before anything is imported.
    package static func preview(
        path: String, choices: ColumnChoices = ColumnChoices(), countries: [String]
    ) throws -> (columns: ImportColumns, sample: [[String]]) {
        let shape = try CSVShape.guess(try CSVFile.scan(path: path))
        let sample = withoutPreamble(shape.sample)
        return (try ImportColumns.guess(sample, choices: choices, regions: countries), sample)
    }

    /// Imports of a campaign, the latest first.
    package func list(organisation: Int32, campaign: UUID) async throws -> [ImportReport] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(ImportReport.columns) FROM import
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                ORDER BY id DESC
                """, decode: ImportReport.init(row:))
        }
    }

    /// One import.
    package func find(_ id: UUID, organisation: Int32) async throws -> ImportReport {
        let found = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT \(ImportReport.columns) FROM import
                WHERE organisation_id = \(organisation) AND id = \(id)
                """, decode: ImportReport.init(row:))
        }
        guard let found else { throw InvalidInput("There is no import \(id.text).") }
        return found
    }

    /// Reasons of rows that are as good as another one, which was taken.
    static let doubleReasons = ["duplicate", "shared", "household", "listed"]

    /// Rows that were left out, in the order of the file.
    ///
    /// - Parameters:
    ///   - doubles: those that gave way to another row, instead of those that cannot be read.
    ///   - after: the last row already read.
    package func rejects(
        of id: UUID, organisation: Int32, doubles: Bool = false, after: Int = 0,
        limit: Int = 1_000
    ) async throws -> [RejectedRow] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT row_number, reason, detail FROM import_reject
                WHERE organisation_id = \(organisation) AND import_id = \(id)
                    AND row_number > \(after)
                    AND (reason = ANY(\(Self.doubleReasons))) = \(doubles)
                ORDER BY row_number LIMIT \(limit)
                """
            ) { row in
                RejectedRow(
                    row: try row.value(0), reason: try row.value(1), detail: try row.value(2))
            }
        }
    }

    /// Some programs write `sep=;` first, for Excel.
    private static func withoutPreamble(_ sample: [[String]]) -> [[String]] {
        sample.first?.first?.lowercased().hasPrefix("sep=") == true
            ? Array(sample.dropFirst()) : sample
    }

    private struct Setting: Sendable {
        var countries: [String]
        var script: Template?
    }

    private func setting(_ request: ImportRequest) async throws -> Setting {
        let organisation = request.organisation
        let found = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT o.countries, c.state, s.body FROM campaign c
                JOIN organisation o ON o.id = c.organisation_id
                LEFT JOIN script s ON s.organisation_id = c.organisation_id
                    AND s.campaign_id = c.id AND s.version = c.script_version
                WHERE c.organisation_id = \(organisation) AND c.id = \(request.campaign)
                """
            ) { row in
                (
                    try row.value(0) as [String], try row.value(1) as String,
                    try row.value(2) as String?
                )
            }
        }
        guard let (countries, state, body) = found else {
            throw InvalidInput("There is no such campaign; see 'barnstorm campaign list'.")
        }
        guard state != "ended", state != "finished" else {
            throw InvalidInput("The campaign has ended; import into another one.", key: "over")
        }
        return Setting(countries: countries, script: try body.map { try Template($0) })
    }
}
