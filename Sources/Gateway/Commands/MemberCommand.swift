import ArgumentParser
import Store
import Texting

extension Role: ExpressibleByArgument {}

/// `barnstorm member`: the people of an organisation.
struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "The people of an organisation.",
        subcommands: [Add.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a person, who signs in by email or text.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The person's name.")
        var name: String
        @Option(name: .long, help: "Where sign-in links go.")
        var email: String?
        @Option(name: .long, help: "Where sign-in codes go.")
        var number: String?
        @Option(name: .long, help: "What the person may do.")
        var role: Role = .texter

        func run() async throws {
            let context = try await CommandContext(common)
            let added = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                return try await Members(database: database).add(
                    organisation: organisation.id, name: name, email: email,
                    number: try number.map { try read($0, organisation) }, role: role)
            }
            try context.output.print(added, "Added \(added.role.rawValue) \(added.name).")
        }

        private func read(_ text: String, _ organisation: Organisation) throws -> String {
            switch PhoneNumber.parse(text, regions: organisation.countries) {
            case .number(let number): return number.e164
            case .invalid(let fault): throw CommandFailure.badData("\(text): \(fault)")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the members.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption

        func run() async throws {
            let context = try await CommandContext(common)
            let all = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                return try await Members(database: database).list(organisation: organisation.id)
            }
            try context.output.json(all)
            context.output.table(
                ["name", "role", "email", "number"],
                all.map { [$0.name, $0.role.rawValue, $0.email ?? "", $0.number ?? ""] })
        }
    }
}
