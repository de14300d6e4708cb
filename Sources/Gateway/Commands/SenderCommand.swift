import ArgumentParser
import Foundation
import Store
import Texting

/// `barnstorm sender`: the numbers we text from.
struct SenderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sender", abstract: "The numbers we text from.",
        subcommands: [Add.self, List.self, Register.self, Retire.self, Release.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add numbers to a pool, all or none.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "Numbers, best with + and country code.")
        var numbers: [String]
        @Option(name: .long, help: "Name or id of the account; not needed if there is one.")
        var account: String?
        @Option(name: .long, help: "The pool from which campaigns take it.")
        var pool = "default"
        @Option(name: .long, help: "Segments a second, as the carrier allows.")
        var rate: Float = 1
        @Option(name: .long, help: "Segments a day.")
        var dailyCap: Int32?
        @Option(name: .long, help: "The zone in which that day begins.")
        var capZone = "America/Los_Angeles"
        @Option(name: .long, help: "The provider's pool object, e.g. a messaging service id.")
        var service: String?
        @Option(name: .long, help: "NAME=VALUE of its registration, e.g. brand=B123; repeat it.")
        var registration: [String] = []
        @Option(name: .long, help: "Day on which the registration expires, e.g. 2027-01-31.")
        var registrationExpires: String?

        func run() async throws {
            let context = try await CommandContext(common)
            let secret = try InstallationSecret.load(path: context.settings.secretFile())
            let added = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                let accounts = try await Accounts(database: database, secret: secret)
                    .list(organisation: organisation.id)
                let account = try choose(accounts)
                return try await Senders(database: database).add(
                    try numbers.map { try sender($0, account.id, organisation) },
                    organisation: organisation.id)
            }
            try context.output.print(
                added,
                added.map { "Added \($0.number) to pool \($0.pool)." }.joined(separator: "\n"))
        }

        private func choose(_ accounts: [Account]) throws -> Account {
            guard let account else {
                guard accounts.count == 1 else {
                    throw CommandFailure.usage(
                        accounts.isEmpty
                            ? "There is no account yet; run 'barnstorm account add'."
                            : "There are several accounts; say which by --account.")
                }
                return accounts[0]
            }
            guard let found = accounts.first(where: { $0.name == account || "\($0.id)" == account })
            else {
                throw CommandFailure.badData(
                    "There is no account \(account); see 'barnstorm account list'.")
            }
            return found
        }

        private func sender(
            _ text: String, _ account: Int32, _ organisation: Organisation
        ) throws -> NewSender {
            var sender = NewSender(account: account, number: text)
            // Short codes and names are no telephone numbers; the provider knows them as they are.
            if let number = PhoneNumber(text, regions: organisation.countries) {
                sender.number = number.e164
                sender.country = number.region
            }
            sender.pool = pool
            sender.segmentsPerSecond = rate
            sender.dailyCap = dailyCap
            sender.capZone = capZone
            sender.service = service
            sender.registration = try SenderCommand.facts(registration)
            sender.registrationExpiresAt = try registrationExpires.map(SenderCommand.day)
            return sender
        }
    }

    /// `NAME=VALUE` pairs.
    static func facts(_ pairs: [String]) throws -> [String: String] {
        var facts: [String: String] = [:]
        for pair in pairs {
            guard let sign = pair.firstIndex(of: "=") else {
                throw CommandFailure.usage("--registration is of the form NAME=VALUE.")
            }
            facts[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
        }
        return facts
    }

    static func day(_ text: String) throws -> Date {
        guard let date = try? Date(text + "T00:00:00Z", strategy: .iso8601) else {
            throw CommandFailure.usage("\(text) is no day; write it like 2027-01-31.")
        }
        return date
    }

    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Renew a number's registration; texts that left keep the old one.",
            discussion: """
                Names that 'audit registration' compares: brand, campaign, token (kept, never \
                shown whole), token_expires=YYYY-MM-DD, and channel: 10dlc, toll-free or short code.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The number, as 'sender list' shows it.")
        var number: String
        @Option(name: .long, help: "NAME=VALUE of its registration; repeat it, all take its place.")
        var registration: [String] = []
        @Option(name: .long, help: "Day on which it expires, e.g. 2027-01-31.")
        var registrationExpires: String?

        func run() async throws {
            guard !registration.isEmpty else {
                throw CommandFailure.usage("Say by --registration NAME=VALUE what it is now.")
            }
            let context = try await CommandContext(common)
            let facts = try SenderCommand.facts(registration)
            let expires = try registrationExpires.map(SenderCommand.day)
            let sender = try await context.withDatabase { database in
                try await Senders(database: database).register(
                    number: number, facts: facts, expires: expires,
                    organisation: try await tenant.find(in: database).id)
            }
            try context.output.print(sender, "Registered \(sender.number) anew.")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the numbers.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Option(name: .long, help: "Only this pool.")
        var pool: String?
        @Flag(name: .long, help: "Retired ones too.")
        var all = false

        func run() async throws {
            let context = try await CommandContext(common)
            let senders = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                return try await Senders(database: database).list(
                    organisation: organisation.id, pool: pool, includingRetired: all)
            }
            try context.output.json(senders)
            context.output.table(
                ["number", "pool", "account", "segments/s", "a day", "state"],
                senders.map {
                    [
                        $0.number, $0.pool, "\($0.account)", "\($0.segmentsPerSecond)",
                        $0.dailyCap.map(String.init) ?? "-",
                        $0.retiredAt != nil
                            ? "retired" : $0.quarantinedAt != nil ? "quarantine" : "in use",
                    ]
                })
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a number out of its pool for good.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var tenant: OrganisationOption
        @Argument(help: "The number, as 'sender list' shows it.")
        var number: String

        func run() async throws {
            let context = try await CommandContext(common)
            let retired = try await context.withDatabase { database in
                let organisation = try await tenant.find(in: database)
                return try await Senders(database: database).retire(
                    number: number, organisation: organisation.id)
            }
            try context.output.print(retired, "Retired \(retired.number).")
        }
    }
}
