import ArgumentParser
import Curl
import Foundation
import Postgres
import Store

/// `barnstorm bench webhook`: how long a provider waits for our answer, which comes after the commit.
///
/// The web is a process of its own, as `serve --only web` runs it; this process plays the provider.
struct WebhookBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Delivery reports and STOPs, from the provider's request to our answer.",
        discussion: """
            First at a steady rate, each wait counted from the instant at which the request was due; \
            one STOP in fifty milliseconds runs beside the reports. Then as fast as they are answered. \
            An answer is given after the commit, so a STOP's wait is the time until it holds.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Delivery reports a second.") var rate = 2_000
    @Option(help: "Seconds of each part.") var seconds = 10
    @Option(help: "Rounds; medians are printed at the end.") var rounds = 3

    func run() async throws {
        let context = try await CommandContext(common)
        let house = try await BenchHouse.open(context.settings, knobs: SendBenchCommand.quiet)
        do {
            let web = try await BenchWeb.start(house, context.settings)
            defer { web.stop() }
            var runs: [WebhookRun] = []
            for round in 1...max(1, rounds) {
                for run in try await self.round(round, house, web) {
                    runs.append(run)
                    try context.output.print(run, run.line)
                }
            }
            for name in [WebhookRun.steady, WebhookRun.flood] {
                let same = runs.filter { $0.name == name }
                if let median = WebhookRun.median(same) {
                    context.output.line("median " + median.line)
                }
            }
        } catch {
            try? await house.close()
            throw error
        }
        try await house.close()
    }

    private func round(
        _ round: Int, _ house: BenchHouse, _ web: BenchWeb
    ) async throws -> [WebhookRun] {
        let stops = seconds * 20
        let steady = try await WebhookSeed(house: house, web: web).fill(
            texts: rate * seconds, stops: stops, round: 2 * round)
        let flood = try await WebhookSeed(house: house, web: web).fill(
            texts: rate * seconds, stops: 0, round: 2 * round + 1)
        let driver = WebhookDriver()
        defer { driver.close() }
        return [
            try await measure(WebhookRun.steady, house, web) {
                await driver.run(
                    steady.reports, every: .seconds(1) / rate, beside: steady.stops,
                    every: .milliseconds(50))
            },
            try await measure(WebhookRun.flood, house, web) {
                await driver.run(flood.reports, every: .zero, beside: [], every: .zero)
            },
        ]
    }

    private func measure(
        _ name: String, _ house: BenchHouse, _ web: BenchWeb, _ body: () async -> WebhookWaits
    ) async throws -> WebhookRun {
        let before = try await ProcessorTime.now(house, own: [web.processID])
        let clock = ContinuousClock.now
        let waits = await body()
        let seconds = (ContinuousClock.now - clock) / .seconds(1)
        let spent = try await ProcessorTime.now(house, own: [web.processID]) - before
        return WebhookRun(name: name, seconds: seconds, waits: waits, spent: spent)
    }
}

/// One measured run of webhooks; waits in milliseconds.
struct WebhookRun: Encodable, Sendable {
    static let steady = "steady"
    static let flood = "as fast as can"

    var name: String
    var webhooks: Int
    /// Answered other than 2xx, or not at all.
    var refused: Int
    var perSecond: Double
    var p50: Double
    var p99: Double
    var stopP50: Double?
    var stopP99: Double?
    /// Microseconds of processor time for each webhook.
    var ownMicroseconds: Double
    var databaseMicroseconds: Double

    init(name: String, seconds: Double, waits: WebhookWaits, spent: ProcessorTime) {
        self.name = name
        webhooks = waits.reports.count + waits.stops.count
        refused = waits.refused
        perSecond = Double(webhooks) / seconds
        p50 = Self.percentile(0.5, waits.reports) ?? 0
        p99 = Self.percentile(0.99, waits.reports) ?? 0
        stopP50 = Self.percentile(0.5, waits.stops)
        stopP99 = Self.percentile(0.99, waits.stops)
        ownMicroseconds = spent.own / Double(max(1, webhooks)) * 1e6
        databaseMicroseconds = spent.database / Double(max(1, webhooks)) * 1e6
    }

    /// Nearest rank.
    private static func percentile(_ share: Double, _ waits: [Double]) -> Double? {
        guard !waits.isEmpty else { return nil }
        let rank = Int((share * Double(waits.count)).rounded(.up))
        return waits.sorted()[max(0, rank - 1)] * 1_000
    }

    var line: String {
        let stops =
            stopP50.map { String(format: "  STOP p50 %.1f p99 %.1f ms", $0, stopP99 ?? 0) } ?? ""
        return String(
            format:
                "%@  %7.0f/s  p50 %.1f p99 %.1f ms%@  our %.1f µs  database %.1f µs  refused %d",
            name.padding(toLength: 15, withPad: " ", startingAt: 0), perSecond, p50, p99, stops,
            ownMicroseconds, databaseMicroseconds, refused)
    }

    /// Medians of several runs of one name, field by field.
    static func median(_ runs: [WebhookRun]) -> WebhookRun? {
        guard var middle = runs.first else { return nil }
        func median(_ value: (WebhookRun) -> Double) -> Double {
            runs.map(value).sorted()[runs.count / 2]
        }
        middle.perSecond = median(\.perSecond)
        middle.p50 = median(\.p50)
        middle.p99 = median(\.p99)
        middle.stopP50 = middle.stopP50.map { _ in median { $0.stopP50 ?? 0 } }
        middle.stopP99 = middle.stopP99.map { _ in median { $0.stopP99 ?? 0 } }
        middle.ownMicroseconds = median(\.ownMicroseconds)
        middle.databaseMicroseconds = median(\.databaseMicroseconds)
        middle.refused = runs.reduce(0) { $0 + $1.refused }
        return middle
    }
}
