/// Why a secret could not be used; never contains it.
package enum SecretsError: Error, Equatable, CustomStringConvertible {
    /// The sealed octets were changed, cut, or sealed with another key or other associated data.
    case cannotOpen
    /// The octets name a key that is not in the key ring.
    case unknownKey(id: UInt32)
    /// A key of the wrong length or not on the curve.
    case badKey
    /// A stored password hash that cannot be read.
    case badHash

    package var description: String {
        switch self {
        case .cannotOpen:
            "The sealed value cannot be opened: it was changed, or the key is another one."
        case .unknownKey(let id):
            "The sealed value names key \(id), which BARNSTORM_SECRET_FILE does not hold."
        case .badKey: "The key has the wrong length or is no key of its kind."
        case .badHash: "The stored password hash cannot be read; set a new password."
        }
    }
}
