/// One HTTP/1.1 request, sent at most once.
package struct HTTPRequest: Sendable, CustomStringConvertible {
    /// For example `POST`; sent as it stands.
    package var method: String
    /// An absolute URL.
    package var url: String
    /// Whole lines, `Name: value`. Requests with equal headers share one prepared list.
    package var headers: [String]
    /// The body; its length is announced, so a request cut short cannot be taken for a whole one.
    package var body: [UInt8]
    /// From submission to libcurl until the last octet of the answer, connecting included.
    package var timeout: Duration = .seconds(30)
    /// Name look-up, TCP and TLS together.
    package var connectTimeout: Duration = .seconds(5)
    /// Asked once, on the engine's thread, when the connection stands and the first octet of the
    /// body is wanted; `false` ends the request before a body octet leaves. Without a body it
    /// is asked before the request starts. It must not block.
    package var gate: (@Sendable () -> Bool)?
    /// Octets of the answer's body that are kept; a longer answer is cut and says so.
    package var responseLimit = 65_536
    /// URL schemes that may be used, separated by commas.
    package var allowedProtocols = "http,https"

    package init(
        method: String = "POST", url: String, headers: [String] = [], body: [UInt8] = [],
        timeout: Duration = .seconds(30), connectTimeout: Duration = .seconds(5),
        gate: (@Sendable () -> Bool)? = nil, responseLimit: Int = 65_536,
        allowedProtocols: String = "http,https"
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.gate = gate
        self.responseLimit = responseLimit
        self.allowedProtocols = allowedProtocols
    }
}

extension HTTPRequest {
    /// Neither address, headers nor body: they hold numbers, texts and credentials.
    package var description: String { "\(method) of \(body.count) octets" }
}

/// One mail, handed to an SMTP server.
package struct MailRequest: Sendable, CustomStringConvertible {
    /// `smtp://host:587` or `smtps://host:465`.
    package var url: String
    /// The envelope's sender, a bare address.
    package var from: String
    /// The envelope's recipients, bare addresses.
    package var to: [String]
    /// Headers, an empty line and the body, lines ended by CR LF (RFC 5322).
    package var message: [UInt8]
    package var user: String?
    package var password: String?
    package var timeout: Duration = .seconds(30)
    /// Whether a server at `smtp://` must offer STARTTLS; only a loopback server may do without.
    package var requiresTLS: Bool

    package init(
        url: String, from: String, to: [String], message: [UInt8], user: String? = nil,
        password: String? = nil, timeout: Duration = .seconds(30), requiresTLS: Bool = true
    ) {
        self.url = url
        self.from = from
        self.to = to
        self.message = message
        self.user = user
        self.password = password
        self.timeout = timeout
        self.requiresTLS = requiresTLS
    }
}

extension MailRequest {
    /// Neither addresses, words nor credentials.
    package var description: String { "mail of \(message.count) octets" }
}
