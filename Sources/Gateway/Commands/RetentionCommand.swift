import ArgumentParser
import Foundation
import Secrets
import Store

/// `barnstorm retention`: how long things are kept, and what went.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention", abstract: "How long things are kept, and what went.",
        discussion: """
            The worker takes away what is over its time, every night after two o'clock (UTC). \
            Legal holds beat every limit ('barnstorm audit hold').
            """,
        subcommands: [Show.self, Set.self, Preview.self, Run.self, Certificate.self],
        defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the limits and the last rounds.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption

        func run() async throws {
            let context = try await CommandContext(common)
            let (days, rounds) = try await context.withDatabase { database in
                let house = try await tenant.find(in: database).id
                return (
                    try await Retention(database: database).settings(organisation: house),
                    try await Deletions(database: database).list(organisation: house)
                )
            }
            let limits = Dictionary(
                uniqueKeysWithValues: days.map { ($0.key.rawValue, $0.value) })
            try context.output.json(Answer(limits: limits, rounds: rounds))
            context.output.table(
                ["kind", "kept for days"],
                RetentionKind.allCases.map {
                    [$0.rawValue, days[$0].map(String.init) ?? "for ever"]
                })
            guard !rounds.isEmpty else { return }
            context.output.line()
            context.output.table(
                ["certificate", "kind", "finished", "rows", "held", "line"],
                rounds.map { round in
                    [
                        round.id.text, round.kind.rawValue,
                        round.finishedAt?.formatted(.iso8601) ?? "interrupted", "\(round.total)",
                        "\(round.held)", round.line.map(String.init) ?? "",
                    ]
                })
        }

        private struct Answer: Encodable {
            var limits: [String: Int]
            var rounds: [Deletion]
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set or lift a limit; the ledger keeps it.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "words, uploads, contacts, requests or raw.")
        var kind: String
        @Option(name: .long, help: "Days; without it, the limit is lifted.")
        var days: Int?

        func run() async throws {
            guard let kind = RetentionKind(rawValue: kind) else {
                throw CommandFailure.usage(
                    "\(self.kind) is no kind; there are "
                        + RetentionKind.allCases.map(\.rawValue).joined(separator: ", ") + ".")
            }
            let context = try await CommandContext(common)
            try await context.withDatabase { database in
                try await Retention(database: database).set(
                    kind, days: days, organisation: try await tenant.find(in: database).id,
                    by: nil)
            }
            let told = days.map { "\($0) days" } ?? "for ever"
            try context.output.print(
                ["kind": kind.rawValue, "kept": told], "Keeps \(kind.rawValue) \(told).")
        }
    }

    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What the next round would take, by kind and month; changes nothing.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption

        func run() async throws {
            let context = try await CommandContext(common)
            let previews = try await context.withDatabase { database in
                try await Retention(database: database).preview(
                    organisation: try await tenant.find(in: database).id)
            }
            try context.output.json(previews)
            context.output.table(
                ["kind", "what", "month", "would go", "held"],
                previews.flatMap { preview in
                    preview.parts.map {
                        [preview.kind.rawValue, $0.source, $0.month, "\($0.due)", "\($0.held)"]
                    }
                })
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take away what is over its time now, as the worker does at night.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption

        func run() async throws {
            let context = try await CommandContext(common)
            let rounds = try await context.withDatabase { database in
                var rounds: [Deletion] = []
                for house in try await tenant.all(in: database) {
                    rounds += try await Deletions(database: database).run(organisation: house.id)
                }
                return rounds
            }
            try context.output.json(rounds)
            for round in rounds {
                context.output.line(
                    "\(round.kind.rawValue): \(round.total) rows went, \(round.held) are held; "
                        + "certificate \(round.id.text), line \(round.line ?? 0).")
            }
            if rounds.isEmpty { context.output.line("Nothing is over its time.") }
        }
    }

    struct Certificate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a round took, with the proof of its line under a signed head.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "Its id, see 'barnstorm retention list'.")
        var id: String
        @Option(name: .long, help: "Folder to write, for ops/verify_bundle.py.")
        var out: String?

        func run() async throws {
            guard let id = UUID(uuidString: id) else {
                throw CommandFailure.usage("\(id) is no id; see 'barnstorm retention list'.")
            }
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let (round, bundle) = try await context.withDatabase { database in
                let house = try await tenant.find(in: database).id
                guard
                    let round = try await Deletions(database: database).find(
                        id, organisation: house), let line = round.line
                else { throw CommandFailure.badData("No round \(id.text) has ended here.") }
                let heads = try LedgerHeads(database: database, seed: secret.key(.signing))
                return (round, try await heads.prove([line], organisation: house))
            }
            if let out {
                var folder = try BundleFolder(out)
                try folder.write(bundle)
                try folder.write("certificate.txt", Array(Self.text(round, bundle).utf8))
                try folder.finish()
            }
            try context.output.print(round, Self.text(round, bundle))
        }

        private static func text(_ round: Deletion, _ bundle: ProofBundle) -> String {
            let rows = round.removed.filter { $0.value > 0 }.sorted { $0.key < $1.key }
                .map { "  \($0.key): \($0.value)" }
            return
                ([
                    "Certificate of deletion \(round.id.text)",
                    "Rule: \(round.kind.rawValue) are kept \(round.days) days; what is from before "
                        + "\(round.before.formatted(.iso8601)) went.",
                    "Ran from \(round.startedAt.formatted(.iso8601)) to "
                        + "\(round.finishedAt?.formatted(.iso8601) ?? "-").",
                    "Rows that went: \(round.total)",
                ] + rows + [
                    "Rows that legal holds kept: \(round.held)",
                    "Digest of their ids (SHA-256): \(round.digest)",
                    "Line \(round.line ?? 0) of the ledger, under the head of "
                        + "\(bundle.head.size) lines signed at \(bundle.head.signedAt):",
                    "  root \(bundle.head.root)",
                    "  key \(bundle.head.keyID)",
                    "  signature \(bundle.head.signature)",
                ]).joined(separator: "\n")
        }
    }
}
