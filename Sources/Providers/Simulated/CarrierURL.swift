/// A webhook address, cut into what the client and the signature need.
///
/// The fragment is never requested and never signed; it carries the retry rules (`#rc=5&rp=all`).
/// Each accepted text brings one, so it is checked byte by byte and turned to text only when used.
struct CarrierURL: Sendable {
    /// When a webhook that failed is tried again.
    struct RetryPolicy: OptionSet, Sendable {
        let rawValue: UInt8
        static let connect = RetryPolicy(rawValue: 1)
        static let read = RetryPolicy(rawValue: 2)
        static let clientError = RetryPolicy(rawValue: 4)
        static let serverError = RetryPolicy(rawValue: 8)
    }

    private let bytes: [UInt8]
    private let hostRange: Range<Int>
    private let targetStart: Int
    private let fragmentStart: Int
    let port: Int
    let isPlain: Bool

    /// - Returns: nil unless it is an absolute http or https address whose host has no underscore.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        let hostStart: Int
        if bytes.starts(with: Self.http) {
            (hostStart, isPlain) = (Self.http.count, true)
        } else if bytes.starts(with: Self.https) {
            (hostStart, isPlain) = (Self.https.count, false)
        } else {
            return nil
        }
        var index = hostStart
        while index < bytes.count, Self.isHost(bytes[index]) { index += 1 }
        hostRange = hostStart..<index
        guard !hostRange.isEmpty else { return nil }
        var port = isPlain ? 80 : 443
        if index < bytes.count, bytes[index] == UInt8(ascii: ":") {
            port = 0
            index += 1
            while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= bytes[index] {
                port = min(port * 10 + Int(bytes[index] - UInt8(ascii: "0")), 100_000)
                index += 1
            }
            guard (1...65_535).contains(port) else { return nil }
        }
        guard index == bytes.count || "/?#".utf8.contains(bytes[index]) else { return nil }
        self.port = port
        targetStart = index
        fragmentStart = bytes.firstIndex(of: UInt8(ascii: "#")) ?? bytes.count
    }

    /// Everything before the fragment, exactly as given: this is what is signed.
    var signed: ArraySlice<UInt8> { bytes[..<fragmentStart] }
    var host: String { String(decoding: bytes[hostRange], as: UTF8.self) }

    /// Host and port, `127.0.0.1:8080`; the port also where the address leaves it out.
    var authority: String { "\(host):\(port)" }

    /// Path and query.
    var target: String {
        let text = String(decoding: bytes[targetStart..<fragmentStart], as: UTF8.self)
        return text.hasPrefix("/") ? text : "/" + text
    }

    /// How often a failed webhook is tried again, and after what: the provider's default is once,
    /// and only when no connection could be made.
    var retries: (count: Int, policy: RetryPolicy) {
        guard fragmentStart < bytes.count else { return (1, .connect) }
        let form = CarrierForm(String(decoding: bytes[(fragmentStart + 1)...], as: UTF8.self))
        let count = form["rc"].flatMap { Int($0) }.map { min(max($0, 0), 5) } ?? 1
        let named: [Substring: RetryPolicy] = [
            "ct": .connect, "rt": .read, "4xx": .clientError, "5xx": .serverError,
            "all": [.connect, .read, .clientError, .serverError],
        ]
        let policies = (form["rp"] ?? "").split(separator: ",").compactMap { named[$0] }
        return (count, policies.isEmpty ? .connect : policies.reduce([]) { $0.union($1) })
    }

    private static let http = Array("http://".utf8)
    private static let https = Array("https://".utf8)

    private static func isHost(_ byte: UInt8) -> Bool {
        CarrierForm.isUnreserved(byte) && byte != UInt8(ascii: "_")
    }
}
