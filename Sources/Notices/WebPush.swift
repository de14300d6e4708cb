import Curl
import Foundation
import Secrets

/// A browser that asked to be told.
package struct PushSubscription: Sendable {
    /// Address at the browser vendor's push service, https.
    package var endpoint: String
    /// The browser's P-256 point, 65 octets.
    package var publicKey: [UInt8]
    /// Its authentication secret, 16 octets.
    package var secret: [UInt8]

    package init(endpoint: String, publicKey: [UInt8], secret: [UInt8]) {
        self.endpoint = endpoint
        self.publicKey = publicKey
        self.secret = secret
    }
}

/// Tells browsers that somebody answered, while no page is open.
///
/// Source: RFC 8030 (delivery), RFC 8291 with RFC 8188 (encryption), RFC 8292 (VAPID).
package struct WebPush: Sendable {
    private let engine: CurlEngine
    private let key: P256PrivateKey
    private let contact: String
    private let hosts: [String]
    private let route: @Sendable (String) -> String

    /// The push services of Chromium, Firefox, Edge and Safari. A browser says where it is told,
    /// so without a list anybody could make this server call any address (reliability 3, 64).
    package static let knownHosts = [
        "fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com",
    ]

    /// What came of a notice.
    package enum Result: Sendable {
        case told
        /// The browser is gone (404, 410): forget the subscription.
        case gone
        case failed
    }

    /// - Parameters:
    ///   - key: the installation's VAPID key; browsers are bound to it.
    ///   - contact: `mailto:` or https address at which a push service reaches the operator.
    ///   - hosts: push services that may be called, with all below them.
    ///   - route: where a request really goes; only tests, whose push service is a double, change it.
    package init(
        key: P256PrivateKey, contact: String, engine: CurlEngine,
        hosts: [String] = knownHosts, route: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.key = key
        self.contact = contact
        self.engine = engine
        self.hosts = hosts
        self.route = route
    }

    /// Whether an endpoint is one of a push service that may be called.
    package func mayCall(_ endpoint: String) -> Bool {
        guard let parts = URLComponents(string: endpoint), parts.scheme == "https",
            parts.user == nil, parts.port == nil, let host = parts.host?.lowercased()
        else { return false }
        return hosts.contains { host == $0 || host.hasSuffix("." + $0) }
    }

    /// What a page hands to `pushManager.subscribe`, base64url.
    package var applicationKey: String { key.publicKey.rawValue.base64URL }

    /// Delivers one notice of at most 3 kB; the newest of a topic replaces older ones.
    package func send(
        _ text: [UInt8], to subscription: PushSubscription, topic: String? = nil
    ) async -> Result {
        guard mayCall(subscription.endpoint),
            let origin = Self.origin(of: subscription.endpoint),
            let body = try? PushEncryption.encrypt(
                text, for: subscription, key: P256PrivateKey(), salt: Token.random(bytes: 16))
        else { return .gone }
        var headers = [
            "Content-Type: application/octet-stream", "Content-Encoding: aes128gcm",
            "TTL: 3600", "Urgency: high",
            "Authorization: \(authorization(origin, at: Date()))",
        ]
        if let topic { headers.append("Topic: \(topic)") }
        let address = route(subscription.endpoint)
        let request = HTTPRequest(
            url: address, headers: headers, body: body, timeout: .seconds(10),
            allowedProtocols: address == subscription.endpoint ? "https" : "http")
        guard case .response(let response) = await engine.perform(request) else { return .failed }
        switch response.status {
        case 200..<300: return .told
        case 404, 410: return .gone
        default: return .failed
        }
    }

    /// RFC 8292 section 3: a token signed for that push service, good for 12 hours.
    func authorization(_ origin: String, at now: Date) -> String {
        let expires = Int(now.timeIntervalSince1970) + 12 * 3600
        let header = Array(#"{"typ":"JWT","alg":"ES256"}"#.utf8).base64URL
        let claims = Array(
            #"{"aud":"\#(origin)","exp":\#(expires),"sub":"\#(contact)"}"#.utf8
        ).base64URL
        let signature = key.sign(Array("\(header).\(claims)".utf8)).base64URL
        return "vapid t=\(header).\(claims).\(signature), k=\(applicationKey)"
    }

    private static func origin(of endpoint: String) -> String? {
        guard let parts = URLComponents(string: endpoint), parts.scheme == "https",
            let host = parts.host
        else { return nil }
        return "https://\(host)" + (parts.port.map { ":\($0)" } ?? "")
    }
}

/// The content coding `aes128gcm` for one record (RFC 8188) with keys of RFC 8291.
enum PushEncryption {
    /// Octets of a record; one record is all we send.
    static let recordSize: UInt32 = 4096

    /// - Parameters:
    ///   - key: made for this message only.
    ///   - salt: 16 random octets.
    /// - Throws: ``SecretsError`` if the subscription's key is no point of the curve.
    static func encrypt(
        _ text: [UInt8], for subscription: PushSubscription, key: P256PrivateKey, salt: [UInt8]
    ) throws -> [UInt8] {
        let theirs = try P256PublicKey(rawValue: subscription.publicKey)
        let ours = key.publicKey.rawValue
        let info = Array("WebPush: info".utf8) + [0] + theirs.rawValue + ours
        let input = HKDF.derive(
            key: key.sharedSecret(with: theirs), salt: subscription.secret, info: info, count: 32)
        let contentKey = HKDF.derive(
            key: input, salt: salt, info: Array("Content-Encoding: aes128gcm".utf8) + [0], count: 16
        )
        let nonce = HKDF.derive(
            key: input, salt: salt, info: Array("Content-Encoding: nonce".utf8) + [0], count: 12)
        // 2 ends the last record; there is no padding.
        let sealed = AES128GCM.seal(text + [2], key: contentKey, nonce: nonce)
        let size = withUnsafeBytes(of: recordSize.bigEndian, Array.init)
        return salt + size + [UInt8(ours.count)] + ours + sealed
    }
}
