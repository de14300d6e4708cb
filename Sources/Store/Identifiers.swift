import Foundation
import Synchronization

/// Where the next identifier of this process comes from.
///
/// Ids minted by one process ascend: 12 bits after the version nibble count within a millisecond,
/// so that recipients keep their position order. Source: RFC 9562 §5.7 and §6.2, method 1.
private let clock = Mutex((millisecond: UInt64(0), counter: UInt16(0)))

extension UUID {
    /// A fresh UUIDv7. It tells when it was made: never use one as a secret.
    package static func v7(at moment: Date = Date()) -> UUID {
        let now = UInt64(max(0, moment.timeIntervalSince1970 * 1000))
        let (millisecond, counter) = clock.withLock { state in
            if now > state.millisecond {
                state = (now, UInt16.random(in: 0..<0x400))
            } else if state.counter == 0xFFF {
                state = (state.millisecond + 1, 0)  // borrow from the next one, RFC 9562 §6.2
            } else {
                state.counter += 1
            }
            return state
        }
        let random = UInt64.random(in: 0...UInt64.max)
        let high = millisecond << 16 | 0x7000 | UInt64(counter)
        let low = 0x8000_0000_0000_0000 | random >> 2
        return UUID(high: high, low: low)
    }

    /// Builds one from its two halves, most significant byte first.
    package init(high: UInt64, low: UInt64) {
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) {
            $0.storeBytes(of: high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        self.init(uuid: bytes)
    }

    /// The 16 bytes, in network order.
    package var bytes: [UInt8] { withUnsafeBytes(of: uuid) { Array($0) } }

    /// The lower case form that PostgreSQL and our addresses use.
    package var text: String { uuidString.lowercased() }
}
