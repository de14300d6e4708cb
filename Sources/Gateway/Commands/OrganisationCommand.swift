import ArgumentParser
import Postgres
import Store
import Texting

/// Says for which tenant a command works; needed only where there are several.
struct OrganisationOption: ParsableArguments {
    @Option(name: .long, help: "Name or number of the organisation; not needed if there is one.")
    var organisation: String?

    func find(in database: Database) async throws -> Organisation {
        try await Organisations(database: database).find(organisation)
    }
}

/// `barnstorm organisation`: tenants.
struct OrganisationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "organisation", abstract: "Tenants: who texts.",
        subcommands: [Add.self, List.self, Change.self, Profile.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add an organisation.")

        @OptionGroup var common: CommonOptions
        @Argument(help: "Its name, as people know it.")
        var name: String
        @Option(name: .long, help: "Two-letter code; repeat it, the most usual country first.")
        var country: [String] = ["US"]
        @Flag(
            name: .long,
            help: "Let campaigns text without a person's press, where the law allows it.")
        var pacedAllowed = false
        @Option(name: .long, help: "Texts to one person in 24 hours, over all campaigns.")
        var frequencyCap: Int16 = 3

        func run() async throws {
            let context = try await CommandContext(common)
            let added = try await context.withDatabase { database in
                try await Organisations(database: database).add(
                    name: name, countries: country, pacedAllowed: pacedAllowed,
                    frequencyCap: frequencyCap)
            }
            try context.output.print(added, "Added organisation \(added.id), \(added.name).")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the organisations.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            let context = try await CommandContext(common)
            let all = try await context.withDatabase { database in
                try await Organisations(database: database).list()
            }
            try context.output.json(all)
            context.output.table(
                ["id", "name", "countries", "paced"],
                all.map {
                    [
                        "\($0.id)", $0.name, $0.countries.joined(separator: ","),
                        $0.pacedAllowed ? "yes" : "no",
                    ]
                })
        }
    }

    struct Change: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "set",
            abstract: "Change what the law of its countries hangs on; the ledger keeps it.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Option(name: .long, help: "Whether campaigns may text without a person's press: yes, no.")
        var pacedAllowed: String?
        @Option(name: .long, help: "Countries by their codes, joined by commas.")
        var countries: String?
        @Option(name: .long, help: "What each first text must carry; empty: nothing.")
        var imprint: String?
        @Option(
            name: .long,
            help: "Whether its texts ask for money or sell, so that sales laws hold: yes, no.")
        var strictSales: String?
        @Option(name: .long, help: "Texts to one person in 24 hours, over all campaigns.")
        var frequencyCap: Int16?
        @Option(name: .long, help: "Why.")
        var reason: String

        func run() async throws {
            guard
                pacedAllowed != nil || countries != nil || imprint != nil || strictSales != nil
                    || frequencyCap != nil
            else {
                throw CommandFailure.usage(
                    "Say what to change: --paced-allowed, --countries, --imprint, --strict-sales or "
                        + "--frequency-cap.")
            }
            for (name, value) in [("paced-allowed", pacedAllowed), ("strict-sales", strictSales)] {
                guard value == nil || ["yes", "no"].contains(value) else {
                    throw CommandFailure.usage("--\(name) is yes or no.")
                }
            }
            let context = try await CommandContext(common)
            let changed = try await context.withDatabase { database in
                let organisations = Organisations(database: database)
                var house = try await tenant.find(in: database)
                if let pacedAllowed {
                    house = try await organisations.allowPaced(
                        pacedAllowed == "yes", reason: reason, organisation: house.id)
                }
                if let countries {
                    house = try await organisations.setCountries(
                        countries.split(separator: ",").map(String.init), reason: reason,
                        organisation: house.id)
                }
                if let imprint {
                    house = try await organisations.setImprint(
                        imprint, reason: reason, organisation: house.id)
                }
                if let strictSales {
                    house = try await organisations.setStrictSales(
                        strictSales == "yes", reason: reason, organisation: house.id)
                }
                if let frequencyCap {
                    house = try await organisations.setFrequencyCap(
                        frequencyCap, reason: reason, organisation: house.id)
                }
                return house
            }
            try context.output.print(changed, "Changed organisation \(changed.name).")
        }
    }

    struct Profile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Which rules of which law hold for it, with source and date.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption

        func run() async throws {
            let context = try await CommandContext(common)
            let house = try await context.withDatabase { try await tenant.find(in: $0) }
            let rules = house.countries.flatMap { JurisdictionProfile(country: $0).rules }
            let hours = HoursRules.shared.rows.filter {
                house.countries.contains($0.jurisdiction) || $0.jurisdiction == "*"
            }
            try context.output.json(Answer(organisation: house, rules: rules))
            context.output.table(
                ["country", "rule", "value", "in force", "reviewed", "basis"],
                rules.map {
                    [$0.country, $0.name, $0.value, $0.inForce, $0.reviewedOn, $0.basis]
                })
            context.output.line("\(hours.count) rules of hours hold besides.")
            context.output.line("Imprint: \(house.imprint ?? "none").")
            context.output.line(
                "Strict sales mode: \(house.isStrictSales ? "on" : "off"); paced mode: "
                    + (house.pacedAllowed ? "allowed." : "not allowed: one press, one text."))
        }

        private struct Answer: Encodable {
            var organisation: Organisation
            var rules: [JurisdictionProfile.Rule]
        }
    }
}
