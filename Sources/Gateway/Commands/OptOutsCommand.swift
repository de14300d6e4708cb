import ArgumentParser
import Foundation
import Store

/// `barnstorm optouts`: people who stopped elsewhere.
struct OptOutsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "optouts", abstract: "Stops that did not come by text.",
        subcommands: [Import.self])

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Stop everybody whose number is in a list of old opt-outs.",
            discussion: """
                Reads CSV in any common encoding and guesses the column with numbers. Each person \
                gets a line in the ledger with the source and the file's hash. Reading a list \
                again changes nothing.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The CSV file.")
        var file: String
        @Option(name: .long, help: "Where the list comes from, kept as evidence.")
        var source: String

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let report = try await context.withDatabase(connections: 4) { database in
                let organisation = try await tenant.find(in: database)
                return try await OptOutLists(
                    database: database, numberKey: secret.key(.numberHash)
                ).load(
                    path: file, fileName: file.split(separator: "/").last.map(String.init) ?? file,
                    source: source, organisation: organisation.id,
                    regions: organisation.countries, by: nil)
            }
            try context.output.json(report)
            context.output.line(
                "\(report.rows) rows: \(report.stopped) people stopped, \(report.already) had "
                    + "stopped before, \(report.duplicates) twice in the list, "
                    + "\(report.rejected.count) rejected. Line \(report.line) of the ledger.")
            for reject in report.rejected {
                context.output.line("Row \(reject.row): \(reject.reason)")
            }
        }
    }
}
