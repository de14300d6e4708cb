import ArgumentParser
import Postgres
import Store

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
        subcommands: [Add.self, List.self])

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
}
