import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The fields of a form or of an address's query.
struct Form: Sendable {
    private var fields: [String: String] = [:]

    init(encoded text: some StringProtocol) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(parts[0]), parts.count == 2,
                let value = Self.decode(parts[1]), fields[name] == nil
            else { continue }
            fields[name] = value
        }
    }

    /// A field without its surrounding space; empty counts as not given. NUL never gets further.
    subscript(name: String) -> String? {
        let text = fields[name]?.replacing("\0", with: "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return text?.isEmpty == false ? text : nil
    }

    /// Names of all fields that were given.
    var names: [String] { fields.keys.sorted() }

    func id(_ name: String) -> UUID? { self[name].flatMap(UUID.init(uuidString:)) }

    private static func decode(_ text: some StringProtocol) -> String? {
        text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding
    }
}

extension Request {
    /// Reads the form that was posted, up to `limit` octets.
    ///
    /// - Throws: ``HTTPError`` 413 for a larger one.
    func form(limit: Int = 64 * 1024) async throws -> Form {
        let buffer = try await body.collect(upTo: limit)
        return Form(encoded: String(buffer: buffer))
    }

    var query: Form { Form(encoded: uri.query ?? "") }

    /// A cookie's value.
    func cookie(_ name: String) -> String? {
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == name {
                    return String(parts[1])
                }
            }
        }
        return nil
    }

    /// Whether script asks, which wants values instead of a page.
    var wantsJSON: Bool { headers[.accept]?.hasPrefix("application/json") ?? false }
}
