import ArgumentParser
import Foundation
import Store

extension Settlements.Result: ExpressibleByArgument {
    package init?(argument: String) {
        switch argument {
        case "accepted": self = .accepted
        case "rejected": self = .rejected
        default: return nil
        }
    }

    package static var allValueStrings: [String] { ["accepted", "rejected"] }
}

/// `barnstorm indoubt`: texts of which nobody can tell whether they were taken.
struct InDoubtCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "indoubt",
        abstract: "Texts whose answer was lost: list them, settle them.",
        discussion: """
            They are never sent again by themselves. Receipts and the provider's log settle most \
            within minutes; what is left waits here for a person. Settling says what became of \
            a text, it sends nothing.
            """,
        subcommands: [List.self, Settle.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what is in doubt.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Option(name: .long, help: "Only of this campaign: its name, id or join code.")
        var campaign: String?
        @Option(name: .long, help: "At most so many.")
        var limit = 1_000

        func run() async throws {
            let context = try await CommandContext(common)
            let doubts = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database).id
                let wanted = try await campaign.asyncMap {
                    try await Campaigns(database: database).find($0, organisation: organisation).id
                }
                return try await Settlements(database: database).list(
                    organisation: organisation, campaign: wanted, limit: limit)
            }
            for doubt in doubts { try context.output.json(doubt) }
            context.output.table(
                ["text", "try", "since", "from", "to", "code"],
                doubts.map { doubt in
                    [
                        doubt.message.text, "\(doubt.n)", doubt.since.formatted(Output.instant),
                        doubt.from ?? "-", doubt.to ?? "-", doubt.code ?? "-",
                    ]
                })
        }
    }

    struct Settle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what became of texts in doubt, one by one or all of a campaign.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "Ids of texts, as 'indoubt list' shows them.")
        var texts: [String] = []
        @Option(name: .customLong("as"), help: "What became of them: accepted or rejected.")
        var result: Settlements.Result
        @Option(name: .long, help: "How you know; it stands beside each of them.")
        var reason: String
        @Option(name: .long, help: "All of this campaign: its name, id or join code.")
        var campaign: String?
        @Flag(name: .long, help: "All of the organisation.")
        var all = false

        func run() async throws {
            let ids = try texts.map { text in
                guard let id = UUID(uuidString: text) else {
                    throw CommandFailure.usage("\(text) is not the id of a text.")
                }
                return id
            }
            guard !ids.isEmpty || campaign != nil || all else {
                throw CommandFailure.usage("Name texts, or give --campaign NAME or --all.")
            }
            let context = try await CommandContext(common)
            let count = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database).id
                let wanted = try await campaign.asyncMap {
                    try await Campaigns(database: database).find($0, organisation: organisation).id
                }
                return try await Settlements(database: database).settle(
                    organisation: organisation, campaign: wanted,
                    messages: ids.isEmpty ? nil : ids, as: result, reason: reason, member: nil)
            }
            try context.output.print(["settled": count], "Settled \(count) texts.")
        }
    }
}

extension Optional {
    /// `map` with a closure that waits.
    fileprivate func asyncMap<Value>(
        _ body: (Wrapped) async throws -> Value
    ) async rethrows -> Value? {
        if let self { try await body(self) } else { nil }
    }
}
