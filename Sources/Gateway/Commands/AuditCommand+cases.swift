import ArgumentParser
import Foundation
import Postgres
import Store
import Texting

extension AuditCommand {
    /// `audit dsar`: what a person may have of us, and their erasure.
    struct SubjectAccess: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "dsar",
            abstract: "All that is known of a person, for them; --erase erases them.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The person's number, or the id of their contact.")
        var person: String
        @Flag(
            name: .long, help: "Erase: words, names and number go; a keyed hash and the stop stay.")
        var erase = false
        @Option(name: .long, help: "Why; the ledger keeps it.")
        var reason = "access request"

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let erased = try await context.withDatabase { database in
                let house = try await tenant.find(in: database)
                let audits = Audits(database: database)
                let contact = try await audits.contact(
                    person, organisation: house.id, regions: house.countries)
                let cases = Cases(database: database, key: secret.key(.people))
                if erase {
                    let erasure = try await cases.erase(
                        contact: contact, organisation: house.id, by: nil, reason: reason)
                    return (contact, Optional(erasure), Optional<PersonBundle>.none)
                }
                let bundle = try await audits.person(
                    contact, organisation: house.id, cases: cases, reason: reason)
                return (contact, nil, bundle)
            }
            if let bundle = erased.2 {
                try context.output.json(bundle)
                return context.output.line(try bundle.text())
            }
            guard let erasure = erased.1 else { return }
            try context.output.print(
                erasure,
                """
                Erased contact \(erased.0.text): \(erasure.texts) texts, \(erasure.listRows) list \
                rows, \(erasure.notes) notes, \(erasure.sealedFacts) sealed facts.
                Kept: the keyed hash of the number and the stop, so that they stay suppressed; \
                times and results of texts and where their consent came from, as proof.
                """)
        }
    }

    /// `audit hold`: what retention and erasure must leave alone.
    struct HoldCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hold", abstract: "Legal holds.",
            subcommands: [List.self, Add.self, Release.self], defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "List the holds.")
            @OptionGroup var common: CommonOptions
            @OptionGroup var tenant: OrganisationOption

            func run() async throws {
                let context = try await CommandContext(common)
                let holds = try await context.withDatabase { database in
                    try await LegalHolds(database: database).list(
                        organisation: try await tenant.find(in: database).id)
                }
                try context.output.json(holds)
                context.output.table(
                    ["id", "scope", "of", "case", "reason", "placed", "until", "released"],
                    holds.map { hold in
                        [
                            hold.id.text, hold.scope.rawValue,
                            (hold.campaign ?? hold.contact)?.text ?? "all", hold.reference,
                            hold.reason, hold.placedAt.formatted(.iso8601),
                            hold.until?.formatted(.iso8601) ?? "",
                            hold.releasedAt?.formatted(.iso8601) ?? "",
                        ]
                    })
            }
        }

        struct Add: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Place a hold on everything, a campaign or a person.")
            @OptionGroup var common: CommonOptions
            @OptionGroup var tenant: OrganisationOption
            @Option(name: .long, help: "Only this campaign's recipients.")
            var campaign: String?
            @Option(name: .long, help: "Only this person: number or contact id.")
            var person: String?
            @Option(name: .long, help: "The case's reference at court or authority.")
            var reference = ""
            @Option(name: .long, help: "Why it must be kept.")
            var reason: String

            func run() async throws {
                guard campaign == nil || person == nil else {
                    throw CommandFailure.usage("Give --campaign or --person, not both.")
                }
                let context = try await CommandContext(common)
                let hold = try await context.withDatabase { database in
                    let house = try await tenant.find(in: database)
                    return try await LegalHolds(database: database).add(
                        try await target(house, database), reason: reason, reference: reference,
                        organisation: house.id, by: nil)
                }
                try context.output.print(hold, "Placed hold \(hold.id.text).")
            }

            private func target(
                _ house: Organisation, _ database: Database
            ) async throws -> HoldTarget {
                if let person {
                    return .person(
                        try await Audits(database: database).contact(
                            person, organisation: house.id, regions: house.countries))
                }
                guard let campaign else { return .organisation }
                let found = try await Campaigns(database: database).find(
                    campaign, organisation: house.id)
                return .campaign(found.id)
            }
        }

        struct Release: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "Release a hold.")
            @OptionGroup var common: CommonOptions
            @OptionGroup var tenant: OrganisationOption
            @Argument(help: "Its id, see 'audit hold list'.")
            var id: String
            @Option(name: .long, help: "Why it is released.")
            var reason: String

            func run() async throws {
                guard let id = UUID(uuidString: id) else {
                    throw CommandFailure.usage("\(id) is no id; see 'audit hold list'.")
                }
                let context = try await CommandContext(common)
                let hold = try await context.withDatabase { database in
                    try await LegalHolds(database: database).release(
                        id, reason: reason,
                        organisation: try await tenant.find(in: database).id, by: nil)
                }
                try context.output.print(hold, "Released hold \(hold.id.text).")
            }
        }
    }

    /// `audit bundle`: everything for one case, frozen under a hold.
    struct CaseBundle: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "bundle",
            abstract: "Everything about one case in a folder, its person put under a hold.")
        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Option(
            name: .customLong("case"),
            help: "Id of a request, or a person's number or contact id.")
        var reference: String
        @Option(name: .long, help: "Folder to write.")
        var out: String

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let lines = try await context.withDatabase { database in
                let house = try await tenant.find(in: database)
                let audits = Audits(database: database)
                let cases = Cases(database: database, key: secret.key(.people))
                let contact = try await person(audits, cases, house)
                var folder = try BundleFolder(out)
                _ = try await LegalHolds(database: database).add(
                    .person(contact), reason: "evidence bundle", reference: reference,
                    organisation: house.id, by: nil)
                let known = try await audits.person(
                    contact, organisation: house.id, cases: cases,
                    reason: "bundle for case \(reference)")
                try folder.write(
                    "person.json", Array(try Output.encoder.encode(known)) + [0x0A])
                try folder.write("person.txt", Array(try known.text().utf8))
                let heads = try LedgerHeads(database: database, seed: secret.key(.signing))
                let lines = try await heads.lines(of: contact.text, organisation: house.id)
                try folder.write(try await heads.prove(lines, organisation: house.id))
                try folder.finish()
                return lines.count
            }
            try context.output.print(
                ["bundle": out, "lines": "\(lines)"],
                "Wrote the case to \(out), with \(lines) proven lines; its person is under a hold.")
        }

        private func person(
            _ audits: Audits, _ cases: Cases, _ house: Organisation
        ) async throws -> UUID {
            if let id = UUID(uuidString: reference),
                let request = try await cases.request(id, organisation: house.id)
            {
                guard let contact = request.contact else {
                    throw CommandFailure.badData("Nobody knows yet whom that request is about.")
                }
                return contact
            }
            return try await audits.contact(
                reference, organisation: house.id, regions: house.countries)
        }
    }
}

extension PersonBundle {
    /// For reading and printing.
    func text() throws -> String {
        var lines = ["\(history.number): contact \(history.contact.text)"]
        lines += history.events.map { event in
            "\(event.at.formatted(Output.instant))  \(event.kind)  \(event.what)"
                + (event.body.map { ": “\($0)”" } ?? "")
        }
        for request in requests {
            lines.append(
                "request \(request.id.text): \(request.kind.rawValue), due "
                    + request.dueAt.formatted(.iso8601))
        }
        for row in records.listRows {
            let columns = row.columns.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
            lines.append("list of \(row.campaign): \(columns.joined(separator: ", "))")
        }
        lines += records.answers.map {
            "\($0.at.formatted(Output.instant))  answer  \($0.question): \($0.answer)"
        }
        lines += records.notes.map { "\($0.at.formatted(Output.instant))  note  \($0.words)" }
        return lines.joined(separator: "\n") + "\n"
    }
}
