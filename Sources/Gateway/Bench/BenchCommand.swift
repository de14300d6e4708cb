import ArgumentParser

/// `barnstorm bench`: repeatable measurements of the hot paths, beside the machine's bare limit.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure the hot paths beside the bare parts they are made of.",
        discussion: """
            Works in a database of its own on the configured server, which it drops at the end, and \
            against a simulated carrier in a process of its own. Ratios within one run count; \
            absolute rates vary with the machine. Build with 'swift build -c release' first.
            """,
        subcommands: [
            SendBenchCommand.self, WebhookBenchCommand.self, RoundTripBenchCommand.self,
            TapBenchCommand.self,
            SeedBenchCommand.self, BoardBenchCommand.self,
        ])
}
