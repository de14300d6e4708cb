/// A webhook address, cut into what the client and the signature need.
///
/// The fragment is never requested and never signed; it carries the retry rules (`#rc=5&rp=all`).
struct CarrierURL: Sendable {
    /// When a webhook that failed is tried again, beside the default of once on connect failure.
    struct RetryPolicy: OptionSet, Sendable {
        let rawValue: UInt8
        static let connect = RetryPolicy(rawValue: 1)
        static let read = RetryPolicy(rawValue: 2)
        static let clientError = RetryPolicy(rawValue: 4)
        static let serverError = RetryPolicy(rawValue: 8)
    }

    /// Everything before the fragment, exactly as given: this is what is signed.
    let signed: [UInt8]
    let host: String
    let port: Int
    /// Path and query.
    let target: String
    let isPlain: Bool
    private(set) var retries = 1
    private(set) var retryPolicy: RetryPolicy = .connect

    init?(_ bytes: [UInt8]) {
        let fragmentStart = bytes.firstIndex(of: UInt8(ascii: "#")) ?? bytes.endIndex
        signed = Array(bytes[..<fragmentStart])
        let text = String(decoding: signed, as: UTF8.self)
        let scheme = text.hasPrefix("http://") ? "http://" : "https://"
        guard text.hasPrefix(scheme) else { return nil }
        isPlain = scheme == "http://"
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest[authority.endIndex...]
        target = path.hasPrefix("/") ? String(path) : "/" + path
        guard let (host, port) = Self.split(authority, isPlain: isPlain) else { return nil }
        (self.host, self.port) = (host, port)
        if fragmentStart < bytes.endIndex {
            let form = CarrierForm(String(decoding: bytes[(fragmentStart + 1)...], as: UTF8.self))
            readOverrides(form)
        }
    }

    private static func split(_ authority: Substring, isPlain: Bool) -> (String, Int)? {
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let host = parts.first, !host.isEmpty, parts.count <= 2,
            host.utf8.allSatisfy({ CarrierForm.isUnreserved($0) && $0 != UInt8(ascii: "_") })
        else { return nil }
        guard parts.count == 2 else { return (String(host), isPlain ? 80 : 443) }
        return Int(parts[1]).flatMap { (1...65_535) ~= $0 ? (String(host), $0) : nil }
    }

    private mutating func readOverrides(_ form: CarrierForm) {
        if let count = form["rc"].flatMap({ Int($0) }) { retries = min(max(count, 0), 5) }
        guard let policy = form["rp"] else { return }
        let names: [Substring: RetryPolicy] = [
            "ct": .connect, "rt": .read, "4xx": .clientError, "5xx": .serverError,
            "all": [.connect, .read, .clientError, .serverError],
        ]
        let policies = policy.split(separator: ",").compactMap { names[$0] }
        if !policies.isEmpty { retryPolicy = policies.reduce([]) { $0.union($1) } }
    }
}
