import Foundation

/// Brings the pictures of texts from the provider, who alone may be asked for them.
package struct Pictures: Sendable {
    private let fetch: @Sendable (_ account: Int32, _ url: String) async throws -> [UInt8]?

    /// - Parameter fetch: the octets at an address of an account's provider; nil if they cannot be
    ///   had or the address is none of the provider's.
    package init(
        fetch: @escaping @Sendable (_ account: Int32, _ url: String) async throws -> [UInt8]?
    ) {
        self.fetch = fetch
    }

    /// A picture with the type that its own octets show, whatever anybody called it; nil for what
    /// is no picture of a kind that browsers only draw.
    func picture(account: Int32, url: String) async throws -> (type: String, octets: [UInt8])? {
        guard let octets = try await fetch(account, url), let type = Self.type(of: octets) else {
            return nil
        }
        return (type, octets)
    }

    /// Source: WHATWG MIME Sniffing, section 6.1. SVG is left out: it can hold script.
    static func type(of octets: [UInt8]) -> String? {
        func begins(_ signature: [UInt8], at offset: Int = 0) -> Bool {
            octets.dropFirst(offset).starts(with: signature)
        }
        if begins([0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
        if begins([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
        if begins(Array("GIF87a".utf8)) || begins(Array("GIF89a".utf8)) { return "image/gif" }
        if begins(Array("RIFF".utf8)), begins(Array("WEBPVP".utf8), at: 8) { return "image/webp" }
        return nil
    }
}
