import ArgumentParser
import Logging
import ServiceLifecycle

/// `barnstorm up`: everything on this machine.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run everything on this machine: database, web, worker, and a simulated carrier.",
        discussion: """
            Keeps a private PostgreSQL and all files under --data. Without a configured provider \
            (BARNSTORM_PROVIDER) texts go to a simulated carrier, whose people answer. Ctrl-C stops \
            everything; the next 'up' goes on where this one ended.
            """)

    @OptionGroup var common: CommonOptions
    @Option(name: .long, help: "Where everything is kept.")
    var data = ".barnstorm"
    @Flag(name: .long, help: "Load a campaign that talks back, launch it and show what happens.")
    var demo = false

    func run() async throws {
        let given = try await CommandContext(common)
        try Logs.bootstrap(given.settings, level: .warning)
        Watching.start()
        let folder = try DataDirectory(data)
        let ending = UpEnding()
        let service = UpService(
            folder: folder, configFile: common.config, output: given.output, isDemo: demo,
            ending: ending)
        var configuration = ServiceGroupConfiguration(
            services: [
                .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "barnstorm.up"))
        configuration.logging.keys = .init()
        try await ServiceGroup(configuration: configuration).run()
        if let failure = ending.failure { throw failure }
    }
}
