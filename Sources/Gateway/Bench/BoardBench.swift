import ArgumentParser
import Foundation
import Postgres
import Store

/// `barnstorm bench board`: how long a board takes over a campaign of many people while texts flow.
struct BoardBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "board",
        abstract: "The board of a seeded campaign while texts flow.",
        discussion: """
            Reads the board of the live campaign that 'bench seed' made, again and again, while \
            totals and conversations change beside it as they do when texts leave and people answer. \
            Ends with 1 if PostgreSQL would scan a whole table for any of its statements.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Name of the seeded database.") var database = "barnstorm_bench_board"
    @Option(help: "Boards to read.") var looks = 500
    @Option(help: "Texts a second that flow beside it.") var rate = 2_000

    func run() async throws {
        let context = try await CommandContext(common)
        let url = try await BenchDatabase.find(database, context.settings)
        let pool = try Database(
            url: url, size: 4, role: "barnstorm_web", applicationName: "barnstorm bench")
        let owner = try Database(url: url, size: 2, applicationName: "barnstorm bench")
        let found = try await owner.first(
            """
            SELECT organisation_id, id FROM campaign WHERE state = 'live'
            ORDER BY launched_at DESC LIMIT 1
            """
        ) { row in (try row.value(0) as Int32, try row.value(1) as UUID) }
        guard let (organisation, campaign) = found else {
            throw CommandFailure.badData("The database \(database) has no live campaign.")
        }
        let boards = Boards(database: pool)
        let scans = try await boards.sequentialScans(of: campaign, organisation: organisation)
        let rate = rate
        let stream = Task { try await Self.flow(owner, organisation, campaign, rate: rate) }
        var times: [Double] = []
        let clock = ContinuousClock()
        var people = 0
        for _ in 0..<max(1, looks) {
            let time = try await clock.measure {
                people =
                    try await boards.facts(of: campaign, organisation: organisation)?.people ?? 0
            }
            times.append(time / .milliseconds(1))
        }
        stream.cancel()
        let texts = (try? await stream.value) ?? 0
        let report = BoardReport(
            people: people, looks: looks, textsMeanwhile: texts,
            p50Milliseconds: Self.share(0.5, of: times),
            p95Milliseconds: Self.share(0.95, of: times),
            worstMilliseconds: times.max() ?? 0, sequentialScans: scans)
        await pool.close()
        await owner.close()
        try context.output.print(report, report.sentence)
        guard scans.isEmpty else { throw ExitCode(1) }
    }

    /// The value below which that share of them lies.
    private static func share(_ share: Double, of times: [Double]) -> Double {
        let sorted = times.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    /// What the worker and the webhooks write while a campaign is sent: totals of several writers,
    /// and people who answer. Until it is cancelled.
    private static func flow(
        _ database: Database, _ organisation: Int32, _ campaign: UUID, rate: Int
    ) async throws -> Int {
        var texts = 0
        let batch = max(1, rate / 20)
        let writers = (0..<3).map { _ in UUID.v7() }
        while !Task.isCancelled {
            try await database.execute(
                """
                INSERT INTO tally (organisation_id, campaign_id, minute, kind, writer, amount)
                SELECT \(organisation), \(campaign), date_trunc('minute', now()), k,
                    \(writers.randomElement() ?? writers[0]), \(batch)
                FROM unnest('{1,2,20,30,40}'::smallint[]) AS k ORDER BY k
                ON CONFLICT (organisation_id, campaign_id, minute, kind, writer)
                DO UPDATE SET amount = tally.amount + excluded.amount
                """)
            try await database.execute(
                """
                UPDATE conversation SET last_inbound_at = now(),
                    needs_reply_since = CASE WHEN needs_reply_since IS NULL THEN now() END
                WHERE organisation_id = \(organisation) AND id IN (
                    SELECT id FROM conversation WHERE organisation_id = \(organisation)
                        AND id > gen_random_uuid() LIMIT 5)
                """)
            texts += batch
            try? await Task.sleep(for: .milliseconds(50))
        }
        return texts
    }
}

/// What a run of the board's bench found.
private struct BoardReport: Encodable {
    var people: Int
    var looks: Int
    var textsMeanwhile: Int
    var p50Milliseconds: Double
    var p95Milliseconds: Double
    var worstMilliseconds: Double
    /// Statements that would read a whole table, by name; none is the aim.
    var sequentialScans: [String]

    var sentence: String {
        let times = String(
            format: "p50 %.1f ms, p95 %.1f ms, worst %.1f ms", p50Milliseconds, p95Milliseconds,
            worstMilliseconds)
        let scans =
            sequentialScans.isEmpty
            ? "no statement scans a table"
            : "whole tables are read by: " + sequentialScans.joined(separator: ", ")
        return "Board of \(people) people, \(looks) looks, \(textsMeanwhile) texts meanwhile: "
            + times + "; \(scans)."
    }
}
