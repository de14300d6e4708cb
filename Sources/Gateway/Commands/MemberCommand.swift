import ArgumentParser
import Store
import Texting

extension Role: ExpressibleByArgument {}

/// `barnstorm member`: the people of an organisation.
struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "The people of an organisation.",
        subcommands: [Add.self, Link.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a person and print the link that lets them in, once.")

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
            let base = try context.settings.publicURL()
            let (added, token) = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                let member = try await Members(database: database).add(
                    organisation: organisation.id, name: name, email: email,
                    number: try number.map { try read($0, organisation) }, role: role)
                let token = try await StaffLinks(database: database).make(
                    .invitation, organisation: organisation.id, member: member.id)
                return (member, token)
            }
            let link = "\(base)/o/in/\(token)"
            try context.output.print(
                Linked(member: added, link: link),
                """
                Added \(added.role.rawValue) \(added.name). Hand over this link; it lets one person \
                in, once, within three days:
                  \(link)
                """)
        }

        private func read(_ text: String, _ organisation: Organisation) throws -> String {
            switch PhoneNumber.parse(text, regions: organisation.countries) {
            case .number(let number): return number.e164
            case .invalid(let fault): throw CommandFailure.badData("\(text): \(fault)")
            }
        }
    }

    /// A member with the link that lets them in.
    private struct Linked: Encodable {
        let member: Member
        let link: String

        func encode(to encoder: any Encoder) throws {
            try member.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(link, forKey: .link)
        }

        private enum Key: CodingKey { case link }
    }

    struct Link: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a link that signs a member in, once, within a day.",
            discussion: """
                For the first owner of an installation, and for one who lost password and phone: \
                whoever may run this command may do everything anyway. The ledger keeps a line.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The member's name, email address or number.")
        var who: String

        func run() async throws {
            let context = try await CommandContext(common)
            let base = try context.settings.publicURL()
            let (member, token) = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                let members = try await Members(database: database).list(
                    organisation: organisation.id)
                let found = members.filter {
                    $0.deactivatedAt == nil
                        && ($0.name == who || $0.email == who.lowercased() || $0.number == who)
                }
                guard found.count == 1 else {
                    throw CommandFailure.badData(
                        found.isEmpty
                            ? "There is no member \(who); see 'barnstorm member list'."
                            : "Several members are called \(who); give the address instead.")
                }
                let token = try await StaffLinks(database: database).make(
                    .link, organisation: organisation.id, member: found[0].id)
                return (found[0], token)
            }
            let link = "\(base)/o/in/\(token)"
            try context.output.print(
                Linked(member: member, link: link), "\(member.name) comes in by: \(link)")
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
