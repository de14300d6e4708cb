import Texting

/// The companies we know, by the name that `account.provider` holds.
package enum Providers {
    /// Names that ``make(_:)`` accepts, for help texts and preflight.
    package static let names = ["simulated", "twilio"]

    /// The provider of an account.
    ///
    /// The simulated carrier speaks Twilio's API at an address of its own, so both are one type.
    ///
    /// - Throws: ``ProviderSetupError`` for an unknown name or a missing credential.
    package static func make(_ account: ProviderAccount) throws -> any Provider {
        switch account.provider {
        case "twilio": return try Twilio(account: account)
        case "simulated":
            guard !account.apiURL.isEmpty else {
                throw ProviderSetupError(
                    "The simulated carrier has no default address; set the account's API URL.")
            }
            return try Twilio(account: account)
        default:
            throw ProviderSetupError(
                "No provider is called \(account.provider); known are "
                    + names.joined(separator: ", ") + ".")
        }
    }
}

extension Providers {
    /// Why a provider refuses with a code, without an account to ask by.
    package static func cause(of code: String, provider: String) -> FailureCause {
        switch provider {
        case "twilio", "simulated": TwilioErrors.cause(code)
        default: .other
        }
    }
}
