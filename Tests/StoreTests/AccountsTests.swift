import Foundation
import Support
import Testing

@testable import Store

/// Credentials and the secret they are sealed with.
@Suite(.freshDatabase) struct AccountsTests {
    @Test func `credentials come back under the same secret, and under no other`() async throws {
        let town = try await Town()
        let stored = try await town.database.first("SELECT credentials FROM account") {
            try $0.value(0) as [UInt8]
        }

        let opened = try await Accounts(database: town.database, secret: town.secret).opened()

        #expect(opened.map(\.credentials) == [["account_sid": "AC1", "auth_token": "secret"]])
        #expect(opened[0].callbackKey.count == 32)
        #expect(stored?.isEmpty == false)
        #expect(!String(decoding: stored ?? [], as: UTF8.self).contains("secret"))
        let other = InstallationSecret(bytes: [UInt8](repeating: 8, count: 32))
        await #expect(throws: InvalidInput.self) {
            try await Accounts(database: town.database, secret: other).opened()
        }
    }

    @Test func `credentials moved to another row cannot be opened`() async throws {
        let town = try await Town()
        let accounts = Accounts(database: town.database, secret: town.secret)
        _ = try await accounts.add(
            organisation: town.organisation.id, provider: "simulated", name: "second",
            credentials: ["account_sid": "AC2"])
        try await town.database.execute(
            """
            UPDATE account SET credentials = (SELECT credentials FROM account WHERE name = 'second')
            WHERE name = 'carrier'
            """)

        await #expect(throws: InvalidInput.self) { try await accounts.opened() }
    }

    @Test func `the environment's account is made once and kept up to date`() async throws {
        let town = try await Town()
        let accounts = Accounts(database: town.database, secret: town.secret)

        let first = try await accounts.seed(
            provider: "twilio", name: "twilio", apiURL: nil, credentials: ["auth_token": "a"])
        let second = try await accounts.seed(
            provider: "twilio", name: "twilio", apiURL: "http://localhost",
            credentials: ["auth_token": "b"])

        #expect(first.id == second.id && first.hook == second.hook)
        let opened = try await accounts.opened().first { $0.account.id == first.id }
        #expect(opened?.credentials == ["auth_token": "b"])
    }

    @Test func `what waits under a retired number leaves from another of its pool`() async throws {
        let town = try await Town(senders: 2)
        let senders = Senders(database: town.database)
        try await town.add(Town.list(40))
        try await town.launch()
        _ = try await town.drawPaced(40)

        _ = try await senders.retire(
            number: town.senders[0].number, organisation: town.organisation.id)

        let waiting = try await town.database.rows(
            "SELECT sender_id, sum(cardinality(message_ids))::bigint FROM outbox GROUP BY 1"
        ) { row in (try row.value(0) as UUID, try row.value(1) as Int) }
        #expect(waiting.count == 1 && waiting[0].0 == town.senders[1].id && waiting[0].1 == 40)
        await #expect(throws: InvalidInput.self) {
            try await senders.retire(
                number: town.senders[1].number, organisation: town.organisation.id)
        }
    }

    @Test func `a number is used once per account, and a retired one leaves the pool`() async throws
    {
        let town = try await Town(senders: 2)
        let senders = Senders(database: town.database)
        let account = town.senders[0].account

        await #expect(throws: InvalidInput.self) {
            try await senders.add(
                NewSender(account: account, number: town.senders[0].number),
                organisation: town.organisation.id)
        }
        _ = try await senders.retire(
            number: town.senders[0].number, organisation: town.organisation.id)

        #expect(
            try await senders.list(organisation: town.organisation.id).map(\.id)
                == [town.senders[1].id])
    }
}

/// The installation's secret file.
@Suite struct InstallationSecretTests {
    @Test func `the file is made once, readable by its owner only`() throws {
        let path = NSTemporaryDirectory() + "barnstorm-secret-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }

        let first = try InstallationSecret.load(path: path)
        let second = try InstallationSecret.load(path: path)

        #expect(first.key(.sealing) == second.key(.sealing))
        #expect(first.key(.sealing) != first.key(.numberHash))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        #expect(throws: InvalidInput.self) { try InstallationSecret.load(path: path) }
    }

    @Test func `a damaged file is refused, and so is a missing folder`() throws {
        let path = NSTemporaryDirectory() + "barnstorm-secret-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)

        #expect(throws: InvalidInput.self) { try InstallationSecret.load(path: path) }
        #expect(throws: InvalidInput.self) {
            try InstallationSecret.load(path: "/nonexistent/folder/secret")
        }
    }
}
