import ArgumentParser
import Foundation
import Store

/// `barnstorm contacts`: people.
struct ContactsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contacts", abstract: "People and the lists they come from.",
        subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Import a list of people into a campaign.",
            discussion: """
                Reads CSV in any common encoding and with any common separator, or a workbook's \
                first sheet (xlsx, by Debian's xlsx2csv), and guesses what \
                the columns hold: cell, mobile, phone; zip, postcode; time_zone; language; \
                first_name, last_name, name. All other columns are fields for the script. A broken \
                file changes nothing. Columns are named by heading, or by number from 1.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The CSV file, or a workbook.")
        var file: String?
        @Option(name: .long, help: "Name, id or join code of the campaign.")
        var campaign: String
        @Option(name: .long, help: "Why these people may be texted, kept as evidence.")
        var consent: String?
        @Option(name: .long, help: "The words they agreed to.")
        var consentWording = ""
        @Option(name: .long, help: "Column with numbers; repeat it, the most trusted first.")
        var number: [String] = []
        @Option(name: .long, help: "Column with time zones.")
        var zone: String?
        @Option(name: .long, help: "Column with postal codes.")
        var zip: String?
        @Option(name: .long, help: "Column with languages.")
        var language: String?
        @Option(name: .long, help: "Column with whole names.")
        var name: String?
        @Option(name: .long, help: "Column with first names.")
        var firstName: String?
        @Option(name: .long, help: "Column with last names.")
        var lastName: String?
        @Option(name: .long, help: "Column with the day of each consent.")
        var consentDateColumn: String?
        @Option(name: .long, help: "Column with the words of each consent.")
        var consentWordingColumn: String?
        @Flag(name: .long, help: "Write names in capitals in small letters: AISHA becomes Aisha.")
        var calmNames = false
        @Option(name: .long, help: "Write rejected rows to this file, as CSV.")
        var rejects: String?
        @Flag(name: .long, help: "Only say how the columns would be read.")
        var dryRun = false
        @Flag(name: .long, help: "Go on with the campaign's interrupted import.")
        var resume = false
        @Flag(name: .long, help: "Undo the campaign's last import, if nobody of it was drawn yet.")
        var undo = false

        func validate() throws {
            if resume && undo { throw ValidationError("Give --resume or --undo, not both.") }
            if file == nil && !resume && !undo {
                throw ValidationError("Name the CSV file to import.")
            }
            if file != nil && consent == nil && !dryRun {
                throw ValidationError(
                    "Say why these people may be texted, e.g. --consent \"joined at a rally\".")
            }
        }

        func run() async throws {
            let context = try await CommandContext(common)
            if dryRun, let file { return try await preview(file, context) }
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let bar = ProgressBar("Importing")
            let (report, rejected) = try await context.withDatabase(connections: 4) { database in
                let organisation = try await tenant.find(in: database)
                let target = try await Campaigns(database: database)
                    .find(campaign, organisation: organisation.id)
                let imports = Imports(database: database, secret: secret)
                let report = try await work(imports, target, bar)
                bar.finish()
                if let rejects { try await write(report, imports, organisation, to: rejects) }
                let rejected = try await imports.rejects(
                    of: report.id, organisation: organisation.id, limit: 10_000)
                return (report, rejected)
            }
            try show(report, rejected, context.output)
        }

        private func work(
            _ imports: Imports, _ target: Campaign, _ bar: ProgressBar
        ) async throws -> ImportReport {
            let show: @Sendable (ImportProgress) -> Void = { progress in
                // Reading and saving take about as long as each other.
                let share = progress.total == 0 ? 0 : progress.done * 500 / progress.total
                bar.update(done: progress.phase == .reading ? share : 500 + share, of: 1_000)
            }
            if undo {
                return try await imports.undoLast(
                    campaign: target.id, organisation: target.organisation)
            }
            if resume {
                return try await imports.resumeLast(
                    campaign: target.id, organisation: target.organisation, progress: show)
            }
            let file = file ?? ""
            return try await Workbook.withTable(of: file) { table in
                var request = ImportRequest(
                    organisation: target.organisation, campaign: target.id, path: table,
                    fileName: file.split(separator: "/").last.map(String.init),
                    consentSource: consent ?? "")
                request.consentWording = consentWording
                request.choices = choices
                return try await imports.run(request, progress: show)
            }
        }

        private var choices: ColumnChoices {
            var choices = ColumnChoices()
            choices.numbers = number
            choices.zone = zone
            choices.postalCode = zip
            choices.language = language
            choices.name = name
            choices.firstName = firstName
            choices.lastName = lastName
            choices.consentDate = consentDateColumn
            choices.consentWording = consentWordingColumn
            choices.calmsNames = calmNames
            return choices
        }

        private func preview(_ file: String, _ context: CommandContext) async throws {
            let countries = try await context.withDatabase { database in
                try await tenant.find(in: database).countries
            }
            let (columns, sample) = try await Workbook.withTable(of: file) { table in
                try Imports.preview(path: table, choices: choices, countries: countries)
            }
            try context.output.json(columns)
            let first = sample.dropFirst(columns.hasHeader ? 1 : 0).first ?? []
            context.output.table(
                ["column", "read as", "first value"],
                columns.fields.indices.map { column in
                    [
                        columns.fields[column], columns.role(of: column),
                        column < first.count ? first[column] : "",
                    ]
                })
        }
    }
}

/// A report with its rejected rows, as JSON.
private struct FullReport: Encodable {
    var report: ImportReport
    var rejects: [RejectedRow]

    func encode(to encoder: any Encoder) throws {
        try report.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rejects, forKey: .rejects)
    }

    enum CodingKeys: CodingKey { case rejects }
}

extension ContactsCommand.Import {
    private func show(
        _ report: ImportReport, _ rejected: [RejectedRow], _ output: Output
    ) throws {
        try output.json(FullReport(report: report, rejects: rejected))
        if report.state == .undone { return output.line("Undone: \(report.fileName).") }
        output.table(
            ["rows", ""],
            [
                ["read", "\(report.read)"], ["good", "\(report.good)"],
                ["duplicate", "\(report.duplicate)"], ["opted out", "\(report.optedOut)"],
                ["landline?", "\(report.landline)"], ["unlikely?", "\(report.unlikely)"],
                ["rejected", "\(report.rejected)"],
            ])
        let shown = rejected.prefix(20)
        for row in shown { output.line("row \(row.row): \(row.reason) (\(row.detail))") }
        if report.rejected > shown.count {
            output.line("… and \(report.rejected - shown.count) more; see --rejects FILE.")
        }
    }

    private func write(
        _ report: ImportReport, _ imports: Imports, _ organisation: Organisation, to path: String
    ) async throws {
        var text = "row,reason,detail\n"
        var last = 0
        while true {
            let rows = try await imports.rejects(
                of: report.id, organisation: organisation.id, after: last, limit: 10_000)
            guard let end = rows.last else { break }
            for row in rows {
                let detail = row.detail.replacing("\"", with: "\"\"")
                text += "\(row.row),\(row.reason),\"\(detail)\"\n"
            }
            last = end.row
        }
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw CommandFailure.badData("The file \(path) cannot be written.")
        }
    }
}
