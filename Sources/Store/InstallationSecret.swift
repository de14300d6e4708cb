import Foundation
import Glibc
import Secrets

/// The one secret of an installation, in a file of its own and never in the database.
///
/// Whoever has it can read provider credentials and tell whose number hides behind a hash; whoever
/// loses it must enter credentials again, and imports no longer recognise erased people. Keys for
/// each purpose are derived by HKDF-SHA256 (RFC 5869), so that none can be told from another.
package struct InstallationSecret: Sendable {
    private let bytes: [UInt8]

    /// What a derived key is for; the raw value is HKDF's *info*.
    package enum Purpose: String, Sendable {
        /// HMAC-SHA256 of numbers, which outlives erasure.
        case numberHash = "barnstorm number hash 1"
        /// AES-256-GCM of credentials.
        case sealing = "barnstorm sealing 1"
        /// Ed25519 seed of ledger heads.
        case signing = "barnstorm signing 1"
        /// AES-256-GCM of people's own keys, whose destruction is erasure.
        case people = "barnstorm people 1"
        /// P-256 key of Web Push (VAPID); browsers are bound to it.
        case push = "barnstorm push 1"
    }

    /// - Parameter bytes: 32 random ones.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the file, or makes it, readable by its owner only.
    ///
    /// Two processes that start at once agree: the file appears complete or not at all.
    /// - Throws: ``InvalidInput`` if the file cannot be read or made, others may read it, or it
    ///   does not hold 64 hexadecimal digits.
    package static func load(path: String) throws -> InstallationSecret {
        if access(path, F_OK) != 0 { try create(path) }
        var status = stat()
        guard stat(path, &status) == 0, let data = FileManager.default.contents(atPath: path) else {
            throw InvalidInput(
                "The secret file \(path) cannot be read; let this user read it.")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw InvalidInput("Others can read the secret file \(path); run 'chmod 600 \(path)'.")
        }
        let digits = String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard digits.utf8.count == 64, let bytes = [UInt8](hex: digits) else {
            throw InvalidInput(
                "The secret file \(path) is damaged; restore it from a backup (64 hexadecimal "
                    + "digits).")
        }
        return InstallationSecret(bytes: bytes)
    }

    /// A key of 32 bytes for one purpose.
    package func key(_ purpose: Purpose) -> [UInt8] {
        HKDF.derive(key: bytes, info: Array(purpose.rawValue.utf8), count: 32)
    }

    /// What stands in `contact.number_hash` for a number in E.164.
    package func numberHash(_ number: String) -> [UInt8] {
        HMAC.sha256(key: key(.numberHash), Array(number.utf8))
    }

    /// Writes a draft and links it under its name, which fails if another process was first.
    private static func create(_ path: String) throws {
        let draft = "\(path).\(getpid()).\(Token.random(bytes: 4).hex)"
        let text = Token.random(bytes: 32).hex + "\n"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw InvalidInput(
                "The secret file \(path) cannot be made; create its folder or set "
                    + "BARNSTORM_SECRET_FILE to a place this user may write.")
        }
        defer { unlink(draft) }
        let written = Array(text.utf8).withUnsafeBytes {
            write(descriptor, $0.baseAddress, $0.count)
        }
        let isSynced = fsync(descriptor) == 0
        close(descriptor)
        guard written == text.utf8.count, isSynced else {
            throw InvalidInput("The secret file \(path) cannot be written; is the disk full?")
        }
        guard link(draft, path) == 0 || errno == EEXIST else {
            throw InvalidInput("The secret file \(path) cannot be made in its folder.")
        }
    }
}
