import ArgumentParser
import Curl
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
            Then asks a web of its own for the page, as a browser does, each time late enough that \
            nothing is remembered. Ends with 1 if PostgreSQL would scan a whole table for any of the \
            board's statements.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Name of the seeded database.") var database = "barnstorm_bench_board"
    @Option(help: "Boards to read.") var looks = 500
    @Option(help: "Pages to ask for, one a second.") var pages = 40
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
        let (people, times) = try await look(boards, campaign, organisation)
        let visit = try await visit(url, owner, campaign, organisation, context.settings)
        stream.cancel()
        let texts = (try? await stream.value) ?? 0
        let report = BoardReport(
            people: people, looks: looks, textsMeanwhile: texts,
            p50Milliseconds: Self.share(0.5, of: times),
            p95Milliseconds: Self.share(0.95, of: times),
            worstMilliseconds: times.max() ?? 0, pages: pages, pageBytes: visit.bytes,
            pageP50Milliseconds: Self.share(0.5, of: visit.times),
            pageP95Milliseconds: Self.share(0.95, of: visit.times), sequentialScans: scans)
        await pool.close()
        await owner.close()
        try context.output.print(report, report.sentence)
        guard scans.isEmpty else { throw ExitCode(1) }
    }

    /// What a board's statements take, in milliseconds.
    private func look(
        _ boards: Boards, _ campaign: UUID, _ organisation: Int32
    ) async throws -> (people: Int, times: [Double]) {
        var times: [Double] = []
        var people = 0
        let clock = ContinuousClock()
        for _ in 0..<max(1, looks) {
            let time = try await clock.measure {
                people =
                    try await boards.facts(of: campaign, organisation: organisation)?.people ?? 0
            }
            times.append(time / .milliseconds(1))
        }
        return (people, times)
    }

    /// What the whole page takes, from the request to its last byte, in milliseconds.
    ///
    /// A process looks once a second at most, whoever asks; a page that comes later finds nothing
    /// remembered and pays for the look.
    private func visit(
        _ url: String, _ owner: Database, _ campaign: UUID, _ organisation: Int32,
        _ settings: Settings
    ) async throws -> (bytes: Int, times: [Double]) {
        guard pages > 0 else { return (0, []) }
        let member = try await owner.first(
            """
            SELECT id FROM member WHERE organisation_id = \(organisation) AND role = 'owner' LIMIT 1
            """
        ) { try $0.value(0) as UUID }
        guard let member else { throw CommandFailure.badData("The database has no owner.") }
        let token = try await SignIns(database: owner).begin(
            organisation: organisation, member: member, userAgent: nil, strength: .full)
        let web = try await WebProcess.start(
            database: url, carrier: "http://127.0.0.1:9", secretFile: settings.secretFile(),
            settings)
        defer { web.stop() }
        let engine = CurlEngine(maximumInFlight: 1)
        defer { engine.shutdown() }
        var (bytes, times) = (0, [Double]())
        let clock = ContinuousClock()
        for _ in 0..<pages {
            let begin = clock.now
            let answer = await engine.perform(
                HTTPRequest(
                    method: "GET", url: "\(web.url)/o/c/\(campaign.text)",
                    headers: ["Cookie: sid=\(token)"], body: [], responseLimit: 4_000_000))
            guard case .response(let response) = answer, response.status == 200 else {
                throw CommandFailure.unavailable("The board's page did not come: \(answer).")
            }
            times.append((clock.now - begin) / .milliseconds(1))
            bytes = response.body.count
            try await Task.sleep(until: begin + .milliseconds(1_050))
        }
        return (bytes, times)
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
    var pages: Int
    var pageBytes: Int
    /// From the request to the last byte of the page.
    var pageP50Milliseconds: Double
    var pageP95Milliseconds: Double
    /// Statements that would read a whole table, by name; none is the aim.
    var sequentialScans: [String]

    var sentence: String {
        let times = String(
            format: "p50 %.1f ms, p95 %.1f ms, worst %.1f ms", p50Milliseconds, p95Milliseconds,
            worstMilliseconds)
        let page = String(
            format: "page p50 %.1f ms, p95 %.1f ms", pageP50Milliseconds, pageP95Milliseconds)
        let scans =
            sequentialScans.isEmpty
            ? "no statement scans a table"
            : "whole tables are read by: " + sequentialScans.joined(separator: ", ")
        return "Board of \(people) people, \(looks) looks, \(textsMeanwhile) texts meanwhile: "
            + times + "; \(page); \(scans)."
    }
}
