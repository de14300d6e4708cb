import ArgumentParser
import Foundation
import Postgres
import Store

/// `barnstorm bench seed`: a database with so many people and so much history, in minutes.
struct SeedBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Make a database with so many people and so much history.",
        discussion: """
            People, campaigns, texts, tries, outcomes, reports, replies, stops with their lines in \
            the ledger, answers and totals: consistent with each other and lawful, each text \
            pressed by a signed-in texter in everybody's hours, so that 'campaign status', 'doctor' \
            and every 'audit' hold. All campaigns but the last are finished; the last is live, with \
            some of its people still to be asked. The same options make the same people.

            Works on the configured server, in a database of its own whose name begins with \
            barnstorm_bench_. Refuses any other, and a disk with less than twice the room.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Name of the database.") var database = "barnstorm_bench_board"
    @Flag(help: "Drop it first, if it is there and a bench's.") var replace = false
    @Option(help: "People; rounded up to hundreds.") var people = 100_000
    @Option(help: "First texts over all campaigns; each campaign texts everybody once.")
    var texts: Int?
    @Option(help: "Months over which the campaigns are spread.") var months = 1
    @Option(help: "Share of people who write back to a text.") var replies = 0.12
    @Option(help: "Share of people who stop after a text.") var stops = 0.011
    @Option(help: "Share of the last campaign's people who have been asked.") var sent = 0.8
    @Option(help: "Numbers of ours.") var numbers = 50
    @Option(help: "Connections that write at once.") var jobs = 2
    @Flag(help: "The server's disk is elsewhere and you have looked at it.")
    var roomChecked = false

    func run() async throws {
        let context = try await CommandContext(common)
        let plan = try plan()
        try await BenchDatabase.checkRoom(
            bytes: plan.bytes, isChecked: roomChecked, context.settings)
        let clock = ContinuousClock()
        let start = clock.now
        let url = try await BenchDatabase.make(
            database, replaces: replace, context.settings)
        let pool = try Database(url: url, size: jobs + 1, applicationName: "barnstorm bench")
        let bar = ProgressBar("Texts")
        let secret = try InstallationSecret.load(path: context.settings.secretFile())
        let town = try await BenchTown.found(plan, pool, secret)
        try await town.fill(jobs: jobs) { done in bar.update(done: done, of: plan.texts) }
        bar.finish()
        await pool.close()
        let seconds = (clock.now - start) / .seconds(1)
        let report = SeedReport(
            database: database, url: url, organisation: Int(town.organisation),
            campaign: town.last.text, people: plan.people, texts: plan.texts,
            campaigns: plan.campaigns, seconds: seconds)
        try context.output.print(report, report.sentence)
    }

    private func plan() throws -> SeedPlan {
        let people = (max(people, 100) + 99) / 100 * 100
        let campaigns = max(1, ((texts ?? people) + people - 1) / people)
        guard (0...1).contains(replies), (0...replies).contains(stops), (0.01...1).contains(sent),
            months > 0, numbers > 0, (1...16).contains(jobs)
        else {
            throw CommandFailure.usage(
                "Shares lie between 0 and 1, stops among the replies; months and numbers from 1; "
                    + "jobs from 1 to 16.")
        }
        return SeedPlan(
            people: people, campaigns: campaigns, months: months, replies: replies, stops: stops,
            sent: sent, numbers: numbers)
    }
}

/// What a seeded database will hold.
struct SeedPlan: Sendable {
    var people: Int
    var campaigns: Int
    var months: Int
    var replies: Double
    var stops: Double
    /// Of the last campaign.
    var sent: Double
    var numbers: Int

    /// People of a campaign who have been drawn, a multiple of a hundred.
    func drawn(campaign: Int) -> Int {
        campaign < campaigns ? people : Int(Double(people) * sent) / 100 * 100
    }

    /// So many volunteers that each presses about every five seconds while a campaign is sent.
    var texters: Int { max(40, people * 5 / Int(BenchTown.sending)) }

    var texts: Int { (1...campaigns).reduce(0) { $0 + drawn(campaign: $1) } }

    /// On disk, indexes included: measured on a database of a million.
    var bytes: Int {
        people * 700 + people * campaigns * 350 + texts * (1_000 + Int(replies * 1_500))
            + 64 * 1_048_576
    }
}

struct SeedReport: Encodable, Sendable {
    var database: String
    var url: String
    var organisation: Int
    /// The one that is live.
    var campaign: String
    var people: Int
    var texts: Int
    var campaigns: Int
    var seconds: Double

    var sentence: String {
        "Made \(database): \(people) people, \(texts) texts in \(campaigns) campaigns, in "
            + String(format: "%.0f s.", seconds) + " Live campaign: \(campaign)."
    }
}
