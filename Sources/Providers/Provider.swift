import Curl
import Texting

/// A company that carries our texts: the one seam of the program, because providers really are many.
///
/// Every requirement is a pure function from values to values; the callers do the I/O. What a
/// provider knows of headers, fields and codes stays behind it, so that Sending and Ingress name
/// none of them. Documentation page *Providers* checks the seam against five companies.
package protocol Provider: Sendable {
    /// - Throws: ``ProviderSetupError`` with a sentence when a credential is missing.
    init(account: ProviderAccount) throws

    /// The one request that hands `text` over. Its body is complete; nothing is added later.
    func request(for text: OutboundText) -> HTTPRequest

    /// What the answer, or its absence, proves about the text. The provider's own code decides
    /// first, the HTTP status second.
    func outcome(of result: HTTPResult) -> SendOutcome

    /// Why a text failed, by the code of a refusal or of a delivery report.
    func cause(of code: String) -> FailureCause

    /// A request that lists what was sent to one number around a time, or nil if the provider
    /// has no look-up.
    func lookUpRequest(_ query: LookUp) -> HTTPRequest?

    /// The texts such a list shows, and where it goes on.
    ///
    /// - Throws: ``ProviderAnswerError`` if the answer is no list.
    func lookUpAnswer(_ response: HTTPResponse) throws -> LookUpPage

    /// Whether the webhook is the provider's: decided on its raw bytes, in constant time.
    func isGenuine(_ webhook: Webhook) -> Bool

    /// What a genuine webhook says. Several events where the provider sends arrays; none for news
    /// that does not concern us.
    ///
    /// - Throws: ``ProviderAnswerError`` if it cannot be read; the raw webhook is then kept.
    func events(in webhook: Webhook) throws -> [ProviderEvent]

    /// What the provider wants to hear once the events are committed.
    var webhookAnswer: WebhookAnswer { get }

    /// A request that reads the webhook addresses configured at the provider, or nil without one.
    func webhookAddressesRequest() -> HTTPRequest?

    /// The addresses in its answer, by number of ours (E.164).
    func webhookAddresses(in response: HTTPResponse) throws -> [String: ConfiguredAddresses]

    /// A request for a picture that came with a text, or nil for an address that is none of the
    /// provider's: else whoever can name one would make this server call any.
    ///
    /// - Parameter isSentOn: the address is where the provider's own answer pointed to.
    func mediaRequest(_ url: String, isSentOn: Bool) -> HTTPRequest?

    /// Whether the account answers STOP and HELP by itself, so that we stay silent; what holds for
    /// one text is ``InboundText/providerAnswered``.
    var answersStopItself: Bool { get }
}

extension Provider {
    package func mediaRequest(_ url: String, isSentOn: Bool) -> HTTPRequest? { nil }

    /// A company whose codes nobody has sorted yet.
    package func cause(of code: String) -> FailureCause { .other }
}

/// Credentials and addresses of one `account` row, opened.
package struct ProviderAccount: Sendable {
    package var id: Int32
    /// `account.provider`, which is also the name in settings and in webhook addresses.
    package var provider: String
    /// Base URL without a trailing slash; empty: the provider's own.
    package var apiURL: String
    package var credentials: [String: String]
    /// The unguessable part of this account's webhook addresses.
    package var hook: String
    /// Public base URL of this installation without a trailing slash; what providers sign.
    package var publicURL: String

    package init(
        id: Int32, provider: String, apiURL: String, credentials: [String: String], hook: String,
        publicURL: String
    ) {
        self.id = id
        self.provider = provider
        self.apiURL = apiURL
        self.credentials = credentials
        self.hook = hook
        self.publicURL = publicURL
    }
}

/// A text ready for the wire.
package struct OutboundText: Sendable {
    /// E.164.
    package var to: String
    package var from: String
    /// The provider's pool object, where the sender has one.
    package var service: String?
    package var body: String
    package var media: [String]
    /// How long the provider may keep it in its queue: ends with the recipient's window.
    package var validity: Duration
    /// Names this attempt and proves that we minted it; comes back in status webhooks.
    package var token: String

    package init(
        to: String, from: String, service: String?, body: String, media: [String],
        validity: Duration, token: String
    ) {
        self.to = to
        self.from = from
        self.service = service
        self.body = body
        self.media = media
        self.validity = validity
        self.token = token
    }
}

/// What one request proved.
package enum SendOutcome: Sendable, Equatable {
    case accepted(providerID: String)
    /// Refused for good. The code is the provider's; the kind says whose problem it is.
    case rejected(code: String, kind: Refusal)
    /// Proven unprocessed: it may be tried again.
    case unsent(code: String, pause: Pause)
    /// Nobody can tell; never sent again by itself.
    case unknown(code: String)

    package enum Refusal: Sendable, Equatable { case recipient, optedOut, message, expired }

    /// Who has to slow down or stop before the next try.
    package enum Pause: Sendable, Equatable {
        /// Nothing is wrong over there: our own gate closed.
        case none
        case sender(after: Duration?)
        /// Also when nobody answered at the provider's address: nothing left this machine.
        case account(after: Duration?)
        /// Only this pair of numbers.
        case pair(after: Duration?)
        /// Key, balance, suspension: the account's circuit opens until a person looks.
        case accountClosed
    }
}

/// What to ask a provider about texts whose answer was lost.
package struct LookUp: Sendable {
    package var to: String
    package var from: String
    package var service: String?
    /// UTC day, `YYYY-MM-DD`.
    package var day: String
    /// Where the last page said to go on.
    package var page: String?
    /// List what people wrote to `from` instead of what we sent.
    package var inbound: Bool

    package init(
        to: String, from: String, service: String?, day: String, page: String? = nil,
        inbound: Bool = false
    ) {
        self.to = to
        self.from = from
        self.service = service
        self.day = day
        self.page = page
        self.inbound = inbound
    }
}

package struct LookUpPage: Sendable {
    package var texts: [ListedText]
    package var next: String?

    package init(texts: [ListedText], next: String?) {
        self.texts = texts
        self.next = next
    }
}

/// A text as the provider remembers it. `createdAt` is in seconds since 1970.
package struct ListedText: Sendable {
    package var providerID: String
    package var from: String
    package var to: String
    package var body: String?
    package var createdAt: Double
    package var status: DeliveryStatus?
    package var code: String?
    package var isInbound: Bool
    /// Of inbound texts: the deduplication key that the webhook would have brought.
    package var key: String?

    package init(
        providerID: String, from: String, to: String, body: String?, createdAt: Double,
        status: DeliveryStatus?, code: String?, isInbound: Bool, key: String? = nil
    ) {
        self.providerID = providerID
        self.from = from
        self.to = to
        self.body = body
        self.createdAt = createdAt
        self.status = status
        self.code = code
        self.isInbound = isInbound
        self.key = key
    }
}

/// A request as it reached us: bytes untouched.
package struct Webhook: Sendable {
    package var method: String
    /// Path and query exactly as received.
    package var target: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(
        method: String, target: String, headers: [(name: String, value: String)], body: [UInt8]
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}

package enum ProviderEvent: Sendable {
    case status(StatusReport)
    case inbound(InboundText)
}

/// Ranked: arrival order is not promised, a status never goes back. Raw values stand in `receipt`.
package enum DeliveryStatus: Int16, Sendable, Comparable {
    case queued = 1, sending, sent, delivered, undelivered, failed, canceled

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    /// Nothing follows it.
    package var isFinal: Bool { self >= .delivered }
}

package struct StatusReport: Sendable {
    /// What ``OutboundText/token`` was, if the webhook carried it.
    package var token: String?
    package var providerID: String
    package var status: DeliveryStatus
    package var code: String?
    /// The code says that the person stopped us at the provider.
    package var optedOut: Bool
    /// Deduplication key within the account.
    package var key: String

    package init(
        token: String?, providerID: String, status: DeliveryStatus, code: String?, optedOut: Bool,
        key: String
    ) {
        self.token = token
        self.providerID = providerID
        self.status = status
        self.code = code
        self.optedOut = optedOut
        self.key = key
    }
}

package struct InboundText: Sendable {
    package var providerID: String
    /// E.164, the person's.
    package var from: String
    /// E.164, ours.
    package var to: String
    package var body: String
    package var media: [Media]
    /// The provider's own mark: opt_out, opt_in or help.
    package var mark: String?
    /// It has answered the person itself; we must not.
    package var providerAnswered: Bool
    package var key: String

    package struct Media: Sendable, Codable {
        package var url: String
        package var type: String

        package init(url: String, type: String) {
            self.url = url
            self.type = type
        }
    }

    package init(
        providerID: String, from: String, to: String, body: String, media: [Media], mark: String?,
        providerAnswered: Bool, key: String
    ) {
        self.providerID = providerID
        self.from = from
        self.to = to
        self.body = body
        self.media = media
        self.mark = mark
        self.providerAnswered = providerAnswered
        self.key = key
    }
}

package struct WebhookAnswer: Sendable {
    package var status: Int
    package var contentType: String?
    package var body: [UInt8]

    package init(status: Int, contentType: String?, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

package struct ConfiguredAddresses: Sendable, Equatable {
    package var inbound: String?
    package var status: String?

    package init(inbound: String?, status: String?) {
        self.inbound = inbound
        self.status = status
    }
}

/// What is wrong with an account's settings, as a sentence that says what to do.
package struct ProviderSetupError: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// An answer or webhook that cannot be read.
package struct ProviderAnswerError: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
