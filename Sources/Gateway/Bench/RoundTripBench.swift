import ArgumentParser
import Foundation
import Providers
import Store

/// `barnstorm bench roundtrip`: texts per second from the outbox to a recorded receipt, beside the
/// bare loop with a bare webhook.
struct RoundTripBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roundtrip",
        abstract: "From the outbox to a committed receipt, beside the bare loop.",
        discussion: """
            A worker sends while a web of its own process takes one delivery report for each text. \
            The bare loop posts the same texts, inserts what came back, and inserts each report.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Texts of each run.") var texts = 40_000
    @Option(help: "Rounds; each runs all shapes once, medians are printed at the end.")
    var rounds = 3
    @Option(help: "Numbers of the thin shape.") var thin = 2_000

    /// One receipt for every text, at once.
    static let receipts = """
        {"people": {"replies": 0, "stops": 0}, "receipts": {"reports_sent": false, \
        "delivered": 1, "final_milliseconds": 0, "jitter_milliseconds": 100}}
        """
    private static let bare = "bare loop, receipts"
    private var shapes: [(name: String, numbers: Int)] {
        [("one fat sender", 1), ("\(thin) thin senders", thin)]
    }

    func run() async throws {
        let context = try await CommandContext(common)
        let house = try await BenchHouse.open(context.settings, knobs: Self.receipts)
        var runs: [BenchRun] = []
        do {
            let hooks = try await BareHooks.start(house)
            let web = try await BenchWeb.start(house, context.settings)
            defer { web.stop() }
            for round in 1...max(1, rounds) {
                for run in try await self.round(round, house, hooks, web) {
                    runs.append(run)
                    try context.output.print(run, run.line)
                }
            }
            try await hooks.close()
        } catch {
            try? await house.close()
            throw error
        }
        try await house.close()
        for name in [Self.bare] + shapes.map(\.name) {
            guard let median = BenchRun.median(runs.filter { $0.name == name }) else { continue }
            context.output.line("median " + median.line)
        }
    }

    private func round(
        _ round: Int, _ house: BenchHouse, _ hooks: BareHooks, _ web: BenchWeb
    ) async throws -> [BenchRun] {
        let plain = try provider(house, hook: "bench", publicURL: hooks.url)
        let bare = try await measure(Self.bare, house, [getpid()]) {
            try await BareLoop(house: house, provider: plain).run(texts: texts)
            try await hooks.wait(for: texts)
        }
        var runs = [bare]
        for (name, count) in shapes {
            let seed = SendSeed(
                house: house,
                provider: try provider(house, hook: web.account.account.hook, publicURL: web.url),
                callbackKey: web.account.callbackKey, goal: [.delivered])
            let organisation = try await seed.fill(senders: count, texts: texts, round: round)
            var run = try await measure(name, house, [getpid(), web.processID]) {
                try await seed.send(organisation: organisation, texts: texts)
            }
            run.ratio = run.textsPerSecond / bare.textsPerSecond
            runs.append(run)
        }
        return runs
    }

    private func provider(
        _ house: BenchHouse, hook: String, publicURL: String
    ) throws -> any Provider {
        try Providers.make(
            ProviderAccount(
                id: 1, provider: "twilio", apiURL: house.carrier.url,
                credentials: [
                    "account_sid": CarrierProcess.accountSid,
                    "auth_token": CarrierProcess.authToken,
                ], hook: hook, publicURL: publicURL))
    }

    private func measure(
        _ name: String, _ house: BenchHouse, _ own: [Int32], _ body: () async throws -> Void
    ) async throws -> BenchRun {
        let before = try await ProcessorTime.now(house, own: own)
        let time = try await ContinuousClock().measure(body)
        let spent = try await ProcessorTime.now(house, own: own) - before
        return BenchRun(name: name, texts: texts, seconds: time / .seconds(1), spent: spent)
    }
}
