import Foundation
import Secrets

/// Names one attempt in a status address and proves that we minted it.
///
/// 38 bytes in base64url, 51 characters: organisation, text and try in network order, then the
/// first 16 bytes of an HMAC-SHA256 under the account's callback key. The provider signs the whole
/// address; this binding holds also where one does not (Plivo's V2), and between accounts.
package enum AttemptToken {
    private static let payloadBytes = 22
    private static let proofBytes = 16

    /// - Parameter key: `account.callback_key` of the account the text leaves by.
    package static func mint(
        organisation: Int32, message: UUID, n: Int16, key: [UInt8]
    ) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(payloadBytes + proofBytes)
        withUnsafeBytes(of: organisation.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: message.uuid) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: n.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: proof(of: bytes, key: key))
        return bytes.base64URL
    }

    /// The attempt it names; nil for anything that was not minted under `key`.
    package static func open(
        _ token: String, key: [UInt8]
    ) -> (organisation: Int32, message: UUID, n: Int16)? {
        guard let bytes = [UInt8](base64URL: token), bytes.count == payloadBytes + proofBytes else {
            return nil
        }
        let payload = Array(bytes[..<payloadBytes])
        guard constantTimeEquals(proof(of: payload, key: key), Array(bytes[payloadBytes...])) else {
            return nil
        }
        return payload.withUnsafeBytes { raw in
            let high = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
            let low = UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: 12, as: UInt64.self))
            return (
                Int32(bigEndian: raw.loadUnaligned(fromByteOffset: 0, as: Int32.self)),
                UUID(high: high, low: low),
                Int16(bigEndian: raw.loadUnaligned(fromByteOffset: 20, as: Int16.self))
            )
        }
    }

    private static func proof(of payload: [UInt8], key: [UInt8]) -> [UInt8] {
        Array(HMAC.sha256(key: key, payload).prefix(proofBytes))
    }
}
