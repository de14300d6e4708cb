import Secrets

/// `X-Twilio-Signature`: who sent a webhook, over its URL and every parameter.
///
/// Source: docs "Secure webhooks" and "Sign webhooks with shared keys"; request_validator.py of the
/// Python SDK 9.13.0. There is no timestamp in it, so replays are harmless by deduplication only.
struct TwilioSignature: Sendable {
    /// The configured public address, in the forms under which Twilio may have signed it: with the
    /// port and without, because the sender is not consistent.
    private let origins: [[UInt8]]
    /// Path of the public address, which a proxy may have taken off the target.
    private let path: String
    private let tokens: [[UInt8]]
    private let sharedKey: (sid: String, secret: [UInt8])?

    init(publicURL: String, tokens: [String], sharedKey: (sid: String, secret: String)?) {
        let address = PublicAddress(publicURL)
        origins = address.origins.map { Array($0.utf8) }
        path = address.path
        self.tokens = tokens.map { Array($0.utf8) }
        self.sharedKey = sharedKey.map { (sid: $0.sid, secret: Array($0.secret.utf8)) }
    }

    /// Whether Twilio made this request for us, in time that does not depend on the signature.
    func isGenuine(_ webhook: Webhook) -> Bool {
        guard let text = webhook.header("X-Twilio-Signature"),
            let given = [UInt8](base64: text), let keys = keys(for: webhook),
            let parameters = parameters(of: webhook)
        else { return false }
        var isEqual = false
        for origin in origins {
            let data = origin + Array(signedTarget(webhook.target).utf8) + parameters
            for key in keys.values {
                let expected =
                    keys.isSHA256 ? HMAC.sha256(key: key, data) : HMAC.sha1(key: key, data)
                if constantTimeEquals(expected, given) { isEqual = true }
            }
        }
        return isEqual
    }

    /// The keys and algorithm that the webhook claims; nil for any that we do not know.
    private func keys(for webhook: Webhook) -> (values: [[UInt8]], isSHA256: Bool)? {
        guard let settings = webhook.header("X-Twilio-Webhooks-Signature-Settings") else {
            return (tokens, false)
        }
        var fields: [Substring: Substring] = [:]
        for field in settings.split(separator: ",") {
            let parts = field.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            fields[parts[0].drop { $0 == " " }] = parts[1]
        }
        guard let sharedKey, let key = fields["key"], key == sharedKey.sid else { return nil }
        switch fields["algorithm"] {
        case "HMAC_SHA256": return ([sharedKey.secret], true)
        case "HMAC_SHA1": return ([sharedKey.secret], false)
        default: return nil
        }
    }

    /// Path and query as they were configured at Twilio; the fragment was never sent.
    private func signedTarget(_ target: String) -> String {
        target.hasPrefix(path + "/") || path.isEmpty ? target : path + target
    }

    /// What follows the URL in the signed data; nil if the body does not fit its own hash.
    private func parameters(of webhook: Webhook) -> [UInt8]? {
        guard webhook.method == "POST" else { return [] }
        if let hash = bodyHash(in: webhook.target) {
            let actual = Array(SHA256.hash(webhook.body).hex.utf8)
            return constantTimeEquals(actual, Array(hash.lowercased().utf8)) ? [] : nil
        }
        let type = webhook.header("Content-Type")?.lowercased() ?? ""
        guard type.isEmpty || type.hasPrefix("application/x-www-form-urlencoded") else {
            return nil
        }
        return Self.sorted(Form(webhook.body))
    }

    private func bodyHash(in target: String) -> Substring? {
        target.split(separator: "?", maxSplits: 1).dropFirst().first?
            .split(separator: "&").first { $0.hasPrefix("bodySHA256=") }?
            .dropFirst("bodySHA256=".count)
    }

    /// Names and values one behind the other, sorted by bytes, each distinct pair once. An empty
    /// value leaves its name.
    static func sorted(_ form: Form) -> [UInt8] {
        form.bytes.withUnsafeBufferPointer { bytes in
            let pairs = form.pairs.sorted { a, b in
                let names = compare(bytes[a.name], bytes[b.name])
                return names == 0 ? compare(bytes[a.value], bytes[b.value]) < 0 : names < 0
            }
            var data: [UInt8] = []
            data.reserveCapacity(bytes.count)
            var last: Form.Pair?
            for pair in pairs {
                if let last, bytes[last.name].elementsEqual(bytes[pair.name]),
                    bytes[last.value].elementsEqual(bytes[pair.value])
                {
                    continue
                }
                data.append(contentsOf: bytes[pair.name])
                data.append(contentsOf: bytes[pair.value])
                last = pair
            }
            return data
        }
    }

    private static func compare(
        _ a: Slice<UnsafeBufferPointer<UInt8>>, _ b: Slice<UnsafeBufferPointer<UInt8>>
    ) -> Int {
        var (i, j) = (a.startIndex, b.startIndex)
        while i < a.endIndex, j < b.endIndex {
            if a[i] != b[j] { return a[i] < b[j] ? -1 : 1 }
            i += 1
            j += 1
        }
        return a.count - b.count
    }
}

/// A configured public base URL, taken apart without changing a byte that is signed.
struct PublicAddress: Sendable {
    /// Scheme and host with the port (the scheme's own if none is written) and without.
    let origins: [String]
    /// Without a trailing slash; empty for the root.
    let path: String

    init(_ url: String) {
        guard let schemeEnd = url.firstRange(of: "://") else {
            origins = []
            path = ""
            return
        }
        let scheme = String(url[..<schemeEnd.lowerBound])
        let rest = url[schemeEnd.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        var path = rest.dropFirst(authority.count)
        while path.last == "/" { path.removeLast() }
        self.path = String(path)
        let hasPort =
            authority.last != "]" && authority.contains(":")
            && (authority.first != "[" || authority.contains("]:"))
        let host = hasPort ? authority[..<authority.lastIndex(of: ":")!] : authority
        let port =
            hasPort
            ? authority[authority.index(after: authority.lastIndex(of: ":")!)...]
            : (scheme == "http" ? "80" : "443")
        origins = ["\(scheme)://\(host):\(port)", "\(scheme)://\(host)"]
    }
}
