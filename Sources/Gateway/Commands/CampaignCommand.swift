import ArgumentParser
import Foundation
import Store

extension CampaignMode: ExpressibleByArgument {}
extension AssignmentRule: ExpressibleByArgument {}

/// Which campaign a command is about.
struct CampaignArgument: ParsableArguments {
    @OptionGroup var common: CommonOptions
    @OptionGroup var tenant: OrganisationOption
    @Argument(help: "Name, id or join code of the campaign.")
    var campaign: String

    /// Runs `body` with the campaign that was named.
    func run<Value: Sendable>(
        _ context: CommandContext,
        _ body: @Sendable (Campaigns, Campaign) async throws -> Value
    ) async throws -> Value {
        try await context.withDatabase { database in
            let organisation = try await tenant.find(in: database)
            let campaigns = Campaigns(database: database)
            return try await body(
                campaigns, try await campaigns.find(campaign, organisation: organisation.id))
        }
    }
}

/// `barnstorm campaign`: from a draft to the last text.
struct CampaignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "campaign", abstract: "Campaigns: create, launch, watch, stop.",
        subcommands: [
            Create.self, Script.self, Launch.self, Pause.self, Resume.self, Finish.self,
            Release.self, Status.self, List.self, EstimateList.self,
        ])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a draft.",
            discussion: """
                The script may hold merge fields with fallback values, as in \
                "Hi {first_name|friend}, this is Ana with Acme. Reply STOP to opt out."
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "Its name.")
        var name: String
        @Option(name: .long, help: "hand: one press, one text; paced: the worker at its pace.")
        var mode: CampaignMode = .hand
        @Option(name: .long, help: "The pool of numbers to text from.")
        var pool = "default"
        @Option(name: .long, help: "To whom replies go: sender, even or pool.")
        var assignment: AssignmentRule = .sender
        @Option(name: .long, help: "The words of the first text.")
        var script: String?
        @Option(name: .long, help: "A file with the words of the first text.")
        var scriptFile: String?
        @Option(name: .long, help: "Earliest local hour, e.g. 10:00.")
        var opens: String?
        @Option(name: .long, help: "Local hour at which texting ends, e.g. 19:30.")
        var closes: String?
        @Option(name: .long, help: "No first text after this instant, e.g. 2026-11-03T20:00:00Z.")
        var sendBefore: String?
        @Option(name: .long, help: "First texts a minute over all numbers (paced mode).")
        var perMinute: Int32?
        @Option(name: .long, help: "Price of a segment, e.g. 0.0079.")
        var price: Double = 0
        @Option(name: .long, help: "What the first texts may cost together.")
        var ceiling: Double?
        @Option(name: .long, help: "Text so many people first, then wait for 'campaign release'.")
        var canary: Int32?

        func run() async throws {
            let context = try await CommandContext(common)
            var new = NewCampaign(name: name)
            new.mode = mode
            new.pool = pool
            new.assignment = assignment
            new.script = try ScriptText.read(script, scriptFile)
            new.opensMinute = try opens.map(LocalHour.minute)
            new.closesMinute = try closes.map(LocalHour.minute)
            new.sendBefore = try sendBefore.map(LocalHour.instant)
            new.perMinute = perMinute
            new.priceMicros = try LocalHour.micros(price)
            new.spendCeilingMicros = try ceiling.map(LocalHour.micros)
            new.canary = canary
            let draft = new
            let made = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                return try await Campaigns(database: database)
                    .create(draft, organisation: organisation.id)
            }
            try context.output.print(
                made,
                "Created \(made.name) as a draft; texters will join by code \(made.code ?? "-").")
        }
    }

    struct Script: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a campaign new words, for everybody drawn from now on.")

        @OptionGroup var target: CampaignArgument
        @Option(name: .long, help: "The words of the first text.")
        var script: String?
        @Option(name: .long, help: "A file with the words of the first text.")
        var scriptFile: String?

        func run() async throws {
            let context = try await CommandContext(target.common)
            guard let words = try ScriptText.read(script, scriptFile) else {
                throw CommandFailure.usage("Give the words by --script or --script-file.")
            }
            let version = try await target.run(context) { campaigns, campaign in
                try await campaigns.addScript(
                    words, to: campaign.id, organisation: campaign.organisation)
            }
            try context.output.print(["version": version], "Script version \(version) holds now.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the campaigns.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption

        func run() async throws {
            let context = try await CommandContext(common)
            let all = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                return try await Campaigns(database: database).list(organisation: organisation.id)
            }
            try context.output.json(all)
            context.output.table(
                ["name", "state", "mode", "pool", "code"],
                all.map {
                    [$0.name, $0.state.rawValue, $0.mode.rawValue, $0.pool, $0.code ?? ""]
                })
        }
    }
}

/// The words of a first text from the command line or a file.
enum ScriptText {
    static func read(_ words: String?, _ file: String?) throws -> String? {
        guard let file else { return words }
        guard words == nil else {
            throw CommandFailure.usage("Give --script or --script-file, not both.")
        }
        guard let data = FileManager.default.contents(atPath: file),
            let text = String(validating: data, as: UTF8.self)
        else { throw CommandFailure.badData("The script file \(file) is no readable UTF-8 text.") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// Values as people type them.
enum LocalHour {
    /// Minutes of the day.
    static func minute(_ text: String) throws -> Int16 {
        let parts = text.split(separator: ":").map { Int16($0) }
        guard parts.count == 2, let hour = parts[0], let minute = parts[1], (0...24).contains(hour),
            (0...59).contains(minute), hour * 60 + minute <= 1440
        else { throw CommandFailure.usage("\(text) is no time of day; write it like 19:30.") }
        return hour * 60 + minute
    }

    static func instant(_ text: String) throws -> Date {
        guard let date = try? Date(text, strategy: .iso8601) else {
            throw CommandFailure.usage("\(text) is no instant; write it like 2026-11-03T20:00:00Z.")
        }
        return date
    }

    /// Millionths of the currency.
    static func micros(_ amount: Double) throws -> Int {
        guard amount >= 0, amount < 1e9 else {
            throw CommandFailure.usage("A price or ceiling is a number from 0 on.")
        }
        return Int((amount * 1_000_000).rounded())
    }
}
