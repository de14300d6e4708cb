import ArgumentParser
import Postgres

/// `barnstorm migrate`: brings the schema up to this program.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database schema up to this version.",
        discussion: """
            Runs what is new under migrations/ in order, each in a transaction of its own. Several \
            processes may do so at once. Connect as the user who shall own the tables.
            """)

    @OptionGroup var common: CommonOptions
    @Flag(name: .long, help: "Only say what would run.")
    var dryRun = false

    func run() async throws {
        let context = try await CommandContext(common)
        let migrations = try Migrations(directory: MigrationDirectory.find(context.settings))
        let output = context.output
        let names = try await context.withDatabase { database in
            try await database.withConnection { connection in
                if dryRun { return try await migrations.pending(on: connection) }
                return try await migrations.run(on: connection) { name in
                    output.line("Running \(name)")
                }
            }
        }
        if dryRun { for name in names { output.line("Would run \(name)") } }
        if names.isEmpty { output.line("The schema is up to date.") }
        try output.json(["migrations": names])
    }
}
