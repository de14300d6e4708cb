import ArgumentParser
import Foundation
import Store

/// `barnstorm account`: credentials at providers.
struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Credentials at providers.",
        subcommands: [Add.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add credentials, which are stored encrypted.",
            discussion: """
                Credentials come from a file with a JSON object, for example \
                {"account_sid": "AC…", "auth_token": "…"}; '-' reads standard input. Values given \
                by --credential NAME=VALUE win, but other users of the machine can see them.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "A name for it.")
        var name: String
        @Option(name: .long, help: "The provider: twilio, simulated, …")
        var provider = "twilio"
        @Option(name: .long, help: "Address of its API, if not the provider's own.")
        var apiUrl: String?
        @Option(name: .long, help: "A file with a JSON object of credentials; - for stdin.")
        var credentials: String?
        @Option(name: .long, help: "NAME=VALUE; repeat it.")
        var credential: [String] = []
        @Option(name: .long, help: "Texts in flight at once, 1 to 500.")
        var inFlight: Int16 = 100
        @Option(name: .long, help: "Segments a second over all its numbers.")
        var rate: Float?
        @Flag(name: .long, help: "Share it over all organisations of the installation.")
        var shared = false

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let values = try read()
            guard !values.isEmpty else {
                throw CommandFailure.usage(
                    "The account needs credentials; give --credentials FILE or --credential.")
            }
            let added = try await context.withDatabase { database in
                let organisation = shared ? nil : try await tenant.find(in: database).id
                return try await Accounts(database: database, secret: secret).add(
                    organisation: organisation, provider: provider, name: name, apiURL: apiUrl,
                    credentials: values, inFlightMax: inFlight, segmentsPerSecond: rate)
            }
            try context.output.print(
                added,
                "Added account \(added.id), \(added.name). Its webhooks arrive under "
                    + "/hooks/\(added.provider)/\(added.hook)/.")
        }

        private func read() throws -> [String: String] {
            var values: [String: String] = [:]
            if let credentials {
                let data =
                    credentials == "-"
                    ? FileHandle.standardInput.readDataToEndOfFile()
                    : FileManager.default.contents(atPath: credentials)
                guard let data,
                    let object = try? JSONDecoder().decode([String: String].self, from: data)
                else {
                    throw CommandFailure.badData(
                        "\(credentials) holds no JSON object of texts; see 'account add --help'.")
                }
                values = object
            }
            for pair in credential {
                guard let sign = pair.firstIndex(of: "="), sign > pair.startIndex else {
                    throw CommandFailure.usage("--credential is of the form NAME=VALUE.")
                }
                values[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
            }
            return values
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the accounts, without their credentials.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let all = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                return try await Accounts(database: database, secret: secret)
                    .list(organisation: organisation.id)
            }
            try context.output.json(all)
            // Without a public address the path still says what to type behind it.
            let origin = (try? context.settings.publicURL()) ?? ""
            context.output.table(
                ["id", "name", "provider", "shared", "a message comes in", "state"],
                all.map {
                    [
                        "\($0.id)", $0.name, $0.provider, $0.organisation == nil ? "yes" : "no",
                        "\(origin)/hooks/\($0.provider)/\($0.hook)/inbound",
                        $0.closedReason.map { "closed: \($0)" } ?? "open",
                    ]
                })
        }
    }
}
