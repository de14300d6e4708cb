import Curl
import Secrets

/// Twilio Programmable Messaging, SMS and MMS; also the simulated carrier, which speaks its API.
///
/// Source: twilio-oai `twilio_api_v2010.yaml` and the documentation pages that each part cites.
///
/// Credentials: `account_sid` and `auth_token`; optional `api_key_sid` and `api_key_secret` (used to
/// call, while webhooks stay signed with the token), `previous_auth_token` (accepted on webhooks
/// during a rotation), `shared_key_sid` and `shared_key_secret` (webhooks signed by SharedKey),
/// `messaging_service_sid` (for senders without a service of their own) and `provider_answers`
/// = `true` if Twilio's own keyword answers are switched on.
package struct Twilio: Provider {
    let account: ProviderAccount
    let accountSid: String
    let service: String?
    /// Base URL and path of the account, without a trailing slash.
    let accountURL: String
    let origin: String
    let authorization: String
    /// `StatusCallback` up to the token, or nil without a public address to call back.
    let statusCallback: String?
    let signature: TwilioSignature
    package let answersStopItself: Bool

    static let defaultURL = "https://api.twilio.com"
    /// How often and on what Twilio repeats a status: a status that is lost is never sent again.
    /// Source: docs "Webhooks: Connection Overrides".
    static let retryFragment = "#rc=5&rp=all"

    package init(account: ProviderAccount) throws {
        func credential(_ name: String) -> String? {
            account.credentials[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        guard let accountSid = credential("account_sid") else {
            throw ProviderSetupError("The Twilio account has no account_sid; set it and restart.")
        }
        guard let token = credential("auth_token") else {
            throw ProviderSetupError(
                "The Twilio account has no auth_token, which signs webhooks; set it and restart.")
        }
        self.account = account
        self.accountSid = accountSid
        service = credential("messaging_service_sid")
        origin = account.apiURL.isEmpty ? Self.defaultURL : account.apiURL
        accountURL = "\(origin)/2010-04-01/Accounts/\(accountSid)"
        let (user, password) =
            if let key = credential("api_key_sid"), let secret = credential("api_key_secret") {
                (key, secret)
            } else {
                (accountSid, token)
            }
        authorization = "Authorization: Basic " + Array("\(user):\(password)".utf8).base64
        statusCallback =
            account.publicURL.isEmpty
            ? nil
            : "\(account.publicURL)/hooks/\(account.provider)/\(account.hook)/status?a="
        signature = TwilioSignature(
            publicURL: account.publicURL,
            tokens: [token, credential("previous_auth_token")].compactMap(\.self),
            sharedKey: credential("shared_key_sid").flatMap { sid in
                credential("shared_key_secret").map { (sid: sid, secret: $0) }
            })
        answersStopItself = credential("provider_answers") == "true"
    }

    /// An empty document of instructions: no reply. Plain text would be sent as one.
    package var webhookAnswer: WebhookAnswer {
        WebhookAnswer(status: 200, contentType: "text/xml", body: Array("<Response/>".utf8))
    }

    package func isGenuine(_ webhook: Webhook) -> Bool { signature.isGenuine(webhook) }
}
