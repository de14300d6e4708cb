import CLibCrypto

/// A hash function, looked up in OpenSSL once.
///
/// `@unchecked Sendable`: an `EVP_MD` never changes after it was fetched, and it is never freed.
struct Digest: @unchecked Sendable {
    let pointer: OpaquePointer
    /// OpenSSL's name, for functions that take it as a parameter.
    let name: String
    /// Octets of a hash.
    let count: Int

    private init(_ name: String) {
        guard let pointer = EVP_MD_fetch(nil, name, nil) else {
            preconditionFailure("OpenSSL was built without \(name)")
        }
        self.pointer = pointer
        self.name = name
        count = Int(EVP_MD_get_size(pointer))
    }

    static let sha1 = Digest("SHA1")
    static let sha256 = Digest("SHA256")
    static let sha512 = Digest("SHA512")
}

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The hash of `bytes`, 32 octets.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish()
    }
}

/// SHA-256 of what comes in pieces.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer

    package init() {
        context = EVP_MD_CTX_new()
        succeed(EVP_DigestInit_ex2(context, Digest.sha256.pointer, nil))
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds a piece.
    package mutating func update(_ bytes: [UInt8]) {
        succeed(EVP_DigestUpdate(context, bytes, bytes.count))
    }

    /// Adds a piece of memory.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        succeed(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
    }

    /// The hash of all pieces, 32 octets.
    package consuming func finish() -> [UInt8] {
        filled(Digest.sha256.count) { succeed(EVP_DigestFinal_ex(context, $0, nil)) }
    }
}

/// An array of `count` octets that OpenSSL writes.
func filled(_ count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, written in
        // Without capacity there is no address; OpenSSL then writes nothing.
        if let start = buffer.baseAddress { body(start) }
        written = count
    }
}

/// OpenSSL answers 1 on success; in calls that use it, only a lack of memory does otherwise.
func succeed(_ code: Int32) {
    precondition(code == 1, "OpenSSL failed: out of memory or a broken installation")
}
