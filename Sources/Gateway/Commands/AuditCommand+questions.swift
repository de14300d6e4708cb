import ArgumentParser
import Foundation
import Postgres
import Store

/// A question whose answer is counts, a table and findings: printed the same way each time.
protocol AuditQuestion: AsyncParsableCommand, Sendable {
    var common: CommonOptions { get }
    var tenant: AuditCommand.Scope { get }

    func answer(_ audits: Audits, _ organisation: Organisation) async throws -> AuditAnswer
}

extension AuditQuestion {
    func run() async throws {
        let context = try await CommandContext(common)
        let found = try await context.withDatabase { database -> AuditAnswer in
            try await self.answer(
                Audits(database: database), try await tenant.find(in: database))
        }
        try found.show(on: context.output)
    }
}

extension AuditAnswer {
    /// Prints the answer.
    ///
    /// - Throws: ``CommandFailure`` 1 if something is wrong.
    func show(on output: Output) throws {
        try output.json(self)
        if !rows.isEmpty { output.table(columns, rows) }
        for finding in findings {
            let about = [
                finding.message.map { "text \($0.text)" },
                finding.contact.map { "contact \($0.text)" },
                finding.member.map { "member \($0.text)" },
                finding.at.map { $0.formatted(Output.instant) },
            ].compactMap(\.self).joined(separator: ", ")
            output.line("VIOLATION \(finding.rule): \(finding.sentence) \(about)")
        }
        let counted = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        output.line(
            "\(question): \(violations) violations"
                + (counted.isEmpty ? "." : "; \(counted.joined(separator: ", "))."))
        guard isClean else { throw CommandFailure.checkFailed() }
    }
}

extension AuditCommand {
    /// Whose facts, and of what time.
    struct Scope: ParsableArguments {
        @OptionGroup var tenant: OrganisationOption
        @Option(name: .long, help: "Only from this instant on, e.g. 2026-11-01T00:00:00Z.")
        var since: String?
        @Option(name: .long, help: "Only up to this instant.")
        var until: String?

        func find(in database: Database) async throws -> Organisation {
            try await tenant.find(in: database)
        }

        func span() throws -> Audits.Span {
            Audits.Span(
                since: try since.map(SpanOptions.instant),
                until: try until.map(SpanOptions.instant))
        }
    }

    struct Human: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Texts without a distinct human act: none, shared, too fast, no session.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.human(organisation: house.id, span: tenant.span())
        }
    }

    struct Quiet: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Texts outside the recipient's hours, in every zone in which they may be.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.quiet(organisation: house.id, span: tenant.span())
        }
    }

    struct Frequency: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "People who got more first texts in 24 hours than the cap allows.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.frequency(organisation: house.id, span: tenant.span())
        }
    }

    struct Consent: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "First texts to people without a valid consent record.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope
        @Flag(name: .long, help: "Show what is missing (the only question so far).")
        var missing = false

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.consentMissing(organisation: house.id, span: tenant.span())
        }
    }

    struct Registration: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Texts by number and registration; expired, missing, soon to expire.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.registration(organisation: house.id, span: tenant.span())
        }
    }

    struct Identity: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "First texts that lack sender, way to stop or imprint.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.identity(organisation: house.id)
        }
    }

    struct Edits: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "First texts that differ from the script they name.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.edits(organisation: house.id, span: tenant.span())
        }
    }

    struct SuppressionSync: AuditQuestion {
        static let configuration = CommandConfiguration(
            commandName: "suppression-sync",
            abstract: "Stops that a provider knows and we do not, or knew before us.",
            discussion: """
                Reads what providers answered to our texts; with --list, also the list of stops \
                that a provider hands out, and compares it with ours in both directions.
                """)
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope
        @Option(name: .long, help: "CSV file with the provider's list of stops.")
        var list: String?

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            let numbers = try list.map {
                try OptOutLists.numbers(path: $0, regions: house.countries)
            }
            return try await audits.suppressionSync(
                organisation: house.id, span: tenant.span(), list: numbers)
        }
    }

    struct Unreviewed: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Replies that wait because they may be a stop, and their clocks.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.unreviewed(organisation: house.id)
        }
    }

    struct Detector: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Stops by rule, detector version and person; overrides and reversals.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.detector(organisation: house.id, span: tenant.span())
        }
    }

    struct OptIn: AuditQuestion {
        static let configuration = CommandConfiguration(
            commandName: "optin",
            abstract: "Everybody who may be texted again after a stop, and by what evidence.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope
        @Flag(name: .long, help: "After a stop (the only question so far).")
        var afterOptout = false

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.optInAfterOptOut(organisation: house.id, span: tenant.span())
        }
    }

    struct WrongNumber: AuditQuestion {
        static let configuration = CommandConfiguration(
            commandName: "wrong-number", abstract: "Wrong numbers, and any later text to them.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.wrongNumber(organisation: house.id, span: tenant.span())
        }
    }

    struct Import: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Lists: source, who brought them, basis, and why rows were dropped.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope
        @Argument(help: "File name or id of the list; without it, all.")
        var list: String?

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            let answer = try await audits.imports(organisation: house.id, list: list)
            guard list == nil || !answer.rows.isEmpty else {
                throw CommandFailure.badData("There is no list \(list ?? ""); see 'audit import'.")
            }
            return answer
        }
    }

    struct Access: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Who looked at or took away personal data.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.access(organisation: house.id, span: tenant.span())
        }
    }

    struct Config: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Changes of settings, and who made them.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.config(organisation: house.id, span: tenant.span())
        }
    }

    struct Volume: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Texts sent and received by day, number and campaign.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.volume(organisation: house.id, span: tenant.span())
        }
    }

    struct Deadlines: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Stops and requests by mail, phone or post, and their clocks.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.deadlines(organisation: house.id, span: tenant.span())
        }
    }

    struct Complaints: AuditQuestion {
        static let configuration = CommandConfiguration(
            abstract: "Complaints with their state and dates.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.deadlines(
                organisation: house.id, kind: .complaint, span: tenant.span())
        }
    }

    struct RetentionQuestion: AuditQuestion {
        static let configuration = CommandConfiguration(
            commandName: "retention",
            abstract: "What retention would delete, under which limit, and what holds keep.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: Scope
        @Flag(name: .long, help: "Only show it; this command never deletes.")
        var dryRun = false

        func answer(_ audits: Audits, _ house: Organisation) async throws -> AuditAnswer {
            try await audits.retention(organisation: house.id)
        }
    }
}
