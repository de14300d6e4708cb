import ArgumentParser
import Postgres

/// `barnstorm doctor`: what is missing or misconfigured, one line each with the cure.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what is missing or misconfigured, one line each with the cure.",
        discussion: "Changes nothing. Exit code 1 if anything is wrong.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try await CommandContext(common)
        let migrations = try Migrations(directory: MigrationDirectory.find(context.settings))
        let wrong = try await context.withDatabase { database in
            var found = MachineChecks(settings: context.settings).findings()
            found += try await DatabaseChecks(database: database).findings()
            let pending = try await database.withConnection {
                try await migrations.pending(on: $0)
            }
            found.append(schema(pending))
            if pending.isEmpty {
                found += try await TextChecks(database: database).findings()
                found += try await LedgerChecks(
                    database: database, settings: context.settings
                ).findings()
                if context.settings.value("SECRET_FILE") != nil {
                    let installation = try Installation(context.settings)
                    found += try await ProviderChecks(
                        installation: installation, database: database
                    ).findings()
                }
            }
            for finding in found { try context.output.print(finding, finding.line) }
            return found.count { !$0.isFine }
        }
        if wrong > 0 { throw CommandFailure.checkFailed() }
    }

    private func schema(_ pending: [String]) -> Diagnosis {
        pending.isEmpty
            ? .fine("schema", "All migrations have run.")
            : .wrong(
                "schema", "\(pending.count) migrations have not run.",
                cure: "Run 'barnstorm migrate'.")
    }
}
