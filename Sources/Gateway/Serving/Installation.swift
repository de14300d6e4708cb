import Foundation
import Ingress
import Logging
import Postgres
import Providers
import Sending
import Store

/// What web and worker share: the secret, and the accounts with their providers.
struct Installation: Sendable {
    let settings: Settings
    let secret: InstallationSecret
    private let publicURL: String
    private let logger = Logger(label: "barnstorm.accounts")

    /// - Throws: ``CommandFailure`` 64 without a secret file; a sentence if it cannot be used.
    init(_ settings: Settings) throws {
        self.settings = settings
        secret = try InstallationSecret.load(path: settings.secretFile())
        publicURL = try settings.publicURL()
    }

    /// The account that the environment describes, made or brought up to date; nil if it describes
    /// none. Its credentials then stand in the database, sealed, like those of any other.
    @discardableResult
    func seedAccount(in database: Database) async throws -> Account? {
        let provider = settings.value("PROVIDER") ?? "twilio"
        // The simulated carrier speaks that company's API and shares its settings.
        let prefix = provider == "simulated" ? "TWILIO" : provider.uppercased()
        var credentials = settings.values(below: prefix)
        let url = credentials.removeValue(forKey: "api_url")
        guard !credentials.isEmpty else { return nil }
        do {
            _ = try Providers.make(
                ProviderAccount(
                    id: 0, provider: provider, apiURL: url ?? "", credentials: credentials,
                    hook: "", publicURL: publicURL))
        } catch let error as ProviderSetupError {
            throw CommandFailure.usage(error.description)
        }
        return try await Accounts(database: database, secret: secret).seed(
            provider: provider, name: "environment", apiURL: url, credentials: credentials)
    }

    /// Every account with its provider. One whose credentials do not fit is left out: its numbers
    /// rest, the others go on.
    func accounts(
        in database: Database
    ) async throws -> [(opened: OpenedAccount, provider: any Provider)] {
        try await Accounts(database: database, secret: secret).opened().compactMap { opened in
            let account = ProviderAccount(
                id: opened.account.id, provider: opened.account.provider,
                apiURL: opened.account.apiURL ?? "", credentials: opened.credentials,
                hook: opened.account.hook, publicURL: publicURL)
            do {
                return (opened, try Providers.make(account))
            } catch {
                logger.error(
                    "An account cannot be used.",
                    metadata: ["account": "\(account.id)", "error": "\(error)"])
                return nil
            }
        }
    }
}
