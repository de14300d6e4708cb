import ArgumentParser
import Logging

/// `barnstorm serve`: web and worker, or one of them, against the configured database.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve the web and send texts, on any number of machines.",
        discussion: """
            Needs a database that 'barnstorm migrate' has prepared. SIGTERM ends it within 15 \
            seconds: what is in flight is finished, what has not left goes back.
            """)

    enum Part: String, CaseIterable, ExpressibleByArgument, Sendable { case web, worker }

    @OptionGroup var common: CommonOptions
    @Option(name: .long, help: "Run only this part; may be given more than once.")
    var only: [Part] = []

    func run() async throws {
        let context = try await CommandContext(common)
        try Logs.bootstrap(context.settings)
        Watching.start()
        let parts = only.isEmpty ? Set(Part.allCases) : Set(only)
        let server = try await Server(context.settings, parts: parts)
        try await server.run()
    }
}
