import Foundation
import Postgres
import Store

/// What a fresh installation starts with: a first organisation, and beside the simulated carrier
/// numbers to text from.
struct UpSeed: Sendable {
    let organisation: Organisation
    /// The unguessable part of the account's webhook addresses; nil without an account.
    let hook: String?
    /// The first owner's way in: a path that serves once, within a day.
    let ownerPath: String

    static let organisationName = "Riverside Neighbors"
    /// Where the people of the list that ships live: whose law holds, and whose numbers are read
    /// without a prefix, most usual first.
    private static let countries = [
        "US", "CA", "GB", "FR", "DE", "SE", "AU", "PR", "VI", "GU", "MP", "AS",
    ]
    /// 212-555-0100 to -0119: reserved for fiction. Each passes one segment a second, as a
    /// long code in the United States does.
    private static let numbers = (100..<120).map { "+12125550\($0)" }

    /// Adds what is missing and leaves alone what is there.
    static func plant(_ plan: UpPlan, in database: Database) async throws -> UpSeed {
        let organisations = Organisations(database: database)
        let organisation =
            if let first = try await organisations.list().first {
                first
            } else {
                try await organisations.add(
                    name: organisationName, countries: countries,
                    pacedAllowed: plan.isSimulated)
            }
        let installation = try Installation(plan.settings)
        let account = try await installation.seedAccount(in: database)
        if plan.isSimulated, let account {
            try await addNumbers(account, organisation, database)
        }
        return UpSeed(
            organisation: organisation, hook: account?.hook,
            ownerPath: try await ownerPath(organisation, database))
    }

    /// A new link each time: whoever starts the program owns the machine.
    private static func ownerPath(
        _ organisation: Organisation, _ database: Database
    ) async throws -> String {
        let members = Members(database: database)
        let known = try await members.list(organisation: organisation.id)
        let owner =
            if let first = known.first(where: { $0.role == .owner && $0.deactivatedAt == nil }) {
                first
            } else {
                try await members.add(
                    organisation: organisation.id, name: "Owner", email: "owner@localhost",
                    role: .owner)
            }
        let token = try await StaffLinks(database: database).make(
            .link, organisation: organisation.id, member: owner.id)
        return "/o/in/\(token)"
    }

    private static func addNumbers(
        _ account: Account, _ organisation: Organisation, _ database: Database
    ) async throws {
        let senders = Senders(database: database)
        guard try await senders.list(organisation: organisation.id).isEmpty else { return }
        let new = numbers.map { number in
            var sender = NewSender(account: account.id, number: number)
            sender.country = "US"
            sender.registration = ["campaign": "simulated"]
            return sender
        }
        _ = try await senders.add(new, organisation: organisation.id)
    }
}
