import Foundation
import Postgres
import Secrets

/// Credentials at a provider, without the credentials.
package struct Account: Sendable, Equatable, Codable {
    package var id: Int32
    /// `nil`: shared by the whole installation.
    package var organisation: Int32?
    package var provider: String
    package var name: String
    /// `nil`: the provider's own address.
    package var apiURL: String?
    /// The unguessable part of its webhook addresses.
    package var hook: String
    package var inFlightMax: Int16
    package var segmentsPerSecond: Float?
    package var closedUntil: Date?
    package var closedReason: String?

    static let columns: SQL = """
        id, organisation_id, provider, name, api_url, hook, in_flight_max, segments_per_second,
        closed_until, closed_reason
        """

    init(row: borrowing Row) throws {
        id = try row.value(0)
        organisation = try row.value(1)
        provider = try row.value(2)
        name = try row.value(3)
        apiURL = try row.value(4)
        hook = try row.value(5)
        inFlightMax = try row.value(6)
        segmentsPerSecond = try row.value(7)
        closedUntil = try row.value(8)
        closedReason = try row.value(9)
    }
}

/// An account with what it takes to use it; never logged, never shown.
package struct OpenedAccount: Sendable {
    package var account: Account
    /// By the provider's own names, e.g. `account_sid`.
    package var credentials: [String: String]
    /// Binds an attempt id in a callback address to this account.
    package var callbackKey: [UInt8]
}

/// Provider accounts; writes `account`. Credentials are sealed with AES-256-GCM under a key of the
/// installation's secret, bound to their hook so that they cannot be moved to another row.
package struct Accounts: Sendable {
    private let database: Database
    private let key: [UInt8]

    package init(database: Database, secret: InstallationSecret) {
        self.database = database
        key = secret.key(.sealing)
    }

    /// Adds an account.
    ///
    /// - Parameters:
    ///   - organisation: `nil` shares it over the whole installation.
    ///   - apiURL: `nil` is the provider's own; anything else a double or a proxy.
    /// - Throws: ``InvalidInput`` for an empty or taken name.
    package func add(
        organisation: Int32?, provider: String, name: String, apiURL: String? = nil,
        credentials: [String: String], inFlightMax: Int16 = 100, segmentsPerSecond: Float? = nil
    ) async throws -> Account {
        let name = try nonEmpty(name, "The account needs a name.")
        guard (1...500).contains(inFlightMax), segmentsPerSecond ?? 1 > 0 else {
            throw InvalidInput("An account has 1 to 500 texts in flight and a positive rate.")
        }
        let hook = Token.random(bytes: 18).base64URL
        let sealed = try seal(credentials, hook)
        return try await refusingDuplicates(
            "There is already an account called \(name); choose another name."
        ) {
            try await database.transaction(organisation: organisation) { connection in
                let account = try await connection.first(
                    """
                    INSERT INTO account (organisation_id, provider, name, api_url, credentials,
                        hook, callback_key, in_flight_max, segments_per_second)
                    VALUES (\(organisation), \(provider), \(name), \(apiURL), \(sealed), \(hook),
                        \(Token.random(bytes: 32)), \(inFlightMax), \(segmentsPerSecond))
                    RETURNING \(Account.columns)
                    """, decode: Account.init(row:))!
                if let organisation {
                    try await SettingChanges.record(
                        organisation,
                        [
                            "setting": "account added", "account": "\(account.id)",
                            "provider": provider,
                        ], on: connection)
                }
                return account
            }
        }
    }

    /// The shared account of that name with these credentials, made or brought up to date: how the
    /// environment's settings get in.
    package func seed(
        provider: String, name: String, apiURL: String?, credentials: [String: String]
    ) async throws -> Account {
        let known = try await list(organisation: nil)
        guard let old = known.first(where: { $0.organisation == nil && $0.name == name }) else {
            return try await add(
                organisation: nil, provider: provider, name: name, apiURL: apiURL,
                credentials: credentials)
        }
        return try await database.first(
            """
            UPDATE account SET provider = \(provider), api_url = \(apiURL),
                credentials = \(try seal(credentials, old.hook))
            WHERE id = \(old.id) RETURNING \(Account.columns)
            """, decode: Account.init(row:))!
    }

    /// Accounts that an organisation may use, shared ones included; `nil` gives all there are.
    package func list(organisation: Int32?) async throws -> [Account] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(Account.columns) FROM account
                WHERE organisation_id IS NULL OR \(organisation) IS NULL
                    OR organisation_id = \(organisation)
                ORDER BY id
                """, decode: Account.init(row:))
        }
    }

    /// All accounts with their credentials opened, for a worker or the webhooks.
    ///
    /// - Throws: ``InvalidInput`` if the installation's secret is not the one they were sealed with.
    package func opened() async throws -> [OpenedAccount] {
        let rows = try await database.rows(
            "SELECT \(Account.columns), credentials, callback_key FROM account ORDER BY id"
        ) { row in
            (try Account(row: row), try row.value(10) as [UInt8], try row.value(11) as [UInt8])
        }
        return try rows.map { account, sealed, callbackKey in
            OpenedAccount(
                account: account, credentials: try open(sealed, account),
                callbackKey: callbackKey)
        }
    }

    private func seal(_ credentials: [String: String], _ hook: String) throws -> [UInt8] {
        try AESGCM.seal(
            JSONB(encoding: credentials).bytes, key: key, associatedData: Array(hook.utf8))
    }

    private func open(_ sealed: [UInt8], _ account: Account) throws -> [String: String] {
        guard
            let bytes = try? AESGCM.open(
                sealed, key: key, associatedData: Array(account.hook.utf8)),
            let values = try? JSONB(bytes: bytes).decode([String: String].self)
        else {
            throw InvalidInput(
                "The credentials of account \(account.name) were sealed with another secret file; "
                    + "restore that file or add the account again.")
        }
        return values
    }
}
