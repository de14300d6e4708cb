import ArgumentParser
import Foundation
import Postgres
import Secrets
import Store
import Texting

/// `barnstorm audit`: what compliance staff must be able to show, one question each.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Answer a question of compliance staff from the facts.",
        discussion: "Exit code 1 if the answer shows a violation.",
        subcommands: [
            Number.self, AfterOptOutQuestion.self, Latency.self, Deadlines.self, Consent.self,
            Human.self, Quiet.self, Frequency.self, Registration.self, Identity.self,
            SuppressionSync.self, Unreviewed.self, Detector.self, OptIn.self, WrongNumber.self,
            Import.self, Edits.self, Access.self, Config.self, SubjectAccess.self,
            HoldCommand.self, RetentionQuestion.self, Verify.self, Prove.self, Volume.self,
            Complaints.self, CaseBundle.self, Key.self, Anchor.self,
        ])

    /// Which stops a question is about.
    struct SpanOptions: ParsableArguments {
        @Option(name: .long, help: "Only stops from this instant on, e.g. 2026-11-01T00:00:00Z.")
        var since: String?
        @Option(name: .long, help: "Only stops up to this instant.")
        var until: String?

        func span() throws -> Audits.Span {
            Audits.Span(since: try since.map(Self.instant), until: try until.map(Self.instant))
        }

        static func instant(_ text: String) throws -> Date {
            guard let date = try? Date(text, strategy: .iso8601) else {
                throw CommandFailure.usage(
                    "\(text) is no instant; write it as 2026-11-01T00:00:00Z.")
            }
            return date
        }
    }

    struct Number: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything about one number: consent, texts, receipts, replies, stops.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The number; without a prefix it is read as of the organisation's country.")
        var number: String

        func run() async throws {
            let context = try await CommandContext(common)
            let (written, history) = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                guard let read = PhoneNumber(number, regions: organisation.countries) else {
                    throw CommandFailure.badData("\(number) is not a telephone number.")
                }
                return (
                    read.e164,
                    try await Audits(database: database).number(
                        read.e164, organisation: organisation.id)
                )
            }
            guard let history else {
                return try context.output.print(
                    ["number": written], "Nothing is known of \(written).")
            }
            try context.output.json(history)
            show(history, context.output)
            guard history.violations.isEmpty else { throw CommandFailure.checkFailed() }
        }

        private func show(_ history: NumberHistory, _ output: Output) {
            let standing =
                history.optedOutAt.map { "stopped at \($0.formatted(Output.instant))" }
                ?? "may be texted"
            output.line("\(history.number): contact \(history.contact.text), \(standing).")
            output.table(
                ["at", "kind", "what"],
                history.events.map { event in
                    let words = event.body.map { ": “\($0)”" } ?? ""
                    return [event.at.formatted(Output.instant), event.kind, event.what + words]
                })
            for text in history.violations { output.line(text.sentence) }
        }
    }

    struct AfterOptOutQuestion: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "after-optout",
            abstract: "Texts handed over after a stop held, or while it was being taken in.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @OptionGroup var period: SpanOptions

        func run() async throws {
            let context = try await CommandContext(common)
            let answer = try await context.withDatabase { database in
                try await Audits(database: database).afterOptOut(
                    organisation: try await tenant.find(in: database).id, span: period.span())
            }
            try context.output.json(answer)
            for text in answer.texts { context.output.line(text.sentence) }
            let leaving = answer.leaving
            context.output.line(
                "\(answer.stops) stops, \(answer.violations.count) texts after them, "
                    + "\(leaving.count) already leaving (answered \(leaving.p50.seconds) later in "
                    + "the middle, \(leaving.worst.seconds) at worst).")
            guard answer.violations.isEmpty else { throw CommandFailure.checkFailed() }
        }
    }

    struct Latency: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "optout-latency",
            abstract: "How soon stops hold and are confirmed.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @OptionGroup var period: SpanOptions

        func run() async throws {
            let context = try await CommandContext(common)
            let answer = try await context.withDatabase { database in
                try await Audits(database: database).optOutLatency(
                    organisation: try await tenant.find(in: database).id, span: period.span())
            }
            try context.output.json(answer)
            context.output.table(
                ["from the text until", "count", "p50", "p95", "p99", "worst"],
                [
                    row("the stop holds", answer.effective),
                    row("it is confirmed", answer.confirmation),
                ])
            for fault in answer.faults {
                context.output.line(
                    "Line \(fault.line), contact \(fault.contact.text): \(fault.reason)")
            }
            guard answer.faults.isEmpty else { throw CommandFailure.checkFailed() }
        }

        private func row(_ name: String, _ spans: Percentiles) -> [String] {
            [name, "\(spans.count)"]
                + [spans.p50, spans.p95, spans.p99, spans.worst].map(\.seconds)
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                Whether the log is what was written: chain, signed heads, anchors, people's rows.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Option(
            name: .long,
            help: "File, saved mail (.eml) or folder of anchored heads; else BARNSTORM_ANCHOR_DIR.")
        var anchors: String?

        func run() async throws {
            let context = try await CommandContext(common)
            let results = try await context.withDatabase { database in
                let ledger = Ledger(database: database)
                var results: [Verdict] = []
                for organisation in try await tenant.all(in: database) {
                    var check = try await ledger.check(organisation.id)
                    check.findings += try await heads(context, database, organisation.id)
                    results.append(Verdict(organisation, check))
                }
                return results
            }
            for result in results {
                try context.output.json(result)
                context.output.line(result.sentence)
                for finding in result.findings { context.output.line("  " + finding) }
            }
            guard results.allSatisfy(\.sound) else { throw CommandFailure.checkFailed() }
        }

        /// What is wrong with signatures and anchors; nothing is asked without a secret file.
        private func heads(
            _ context: CommandContext, _ database: Database, _ organisation: Int32
        ) async throws -> [String] {
            guard context.settings.value("SECRET_FILE") != nil else { return [] }
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            var outside: (heads: [SignedHead], unreadable: Int) = ([], 0)
            if let path = anchors ?? context.settings.value("ANCHOR_DIR") {
                outside = try AnchorDesk.read(path)
            }
            let heads = try LedgerHeads(database: database, seed: secret.key(.signing))
            return try await heads.check(organisation, outside: outside.heads)
                + (outside.unreadable > 0
                    ? ["\(outside.unreadable) anchored lines cannot be read."] : [])
        }

        private struct Verdict: Encodable, Sendable {
            var organisation: Int32
            var name: String
            var sound: Bool
            var lines: Int
            var root: String
            var findings: [String]

            init(_ organisation: Organisation, _ check: LedgerCheck) {
                self.organisation = organisation.id
                name = organisation.name
                sound = check.isSound
                lines = check.lines
                root = check.root.hex
                findings = check.findings
            }

            var sentence: String {
                sound
                    ? "\(name): \(lines) lines, sound; root \(root)."
                    : "\(name): \(lines) lines, NOT sound:"
            }
        }
    }
}

extension Double {
    /// Seconds for people, to the millisecond.
    fileprivate var seconds: String { String(format: "%.3f s", self) }
}

extension TextNearStop {
    fileprivate var sentence: String {
        let text = "try \(n) of text \(message.text) to contact \(contact.text) (\(result))"
        let stop = "the stop of line \(line) at \(effectiveAt.formatted(Output.instant))"
        return switch standing {
        case .after: "VIOLATION: \(text) came after \(stop)."
        case .leaving: "Already leaving: \(text) at \(stop)."
        case .between: "Before it held: \(text) before \(stop)."
        }
    }
}
