/// Chance that repeats: the same seed and the same thing give the same number.
///
/// The mixing steps are those of SplitMix64 (Steele, Lea, Flood 2014). Each of them can be undone,
/// which ``CarrierSid`` uses.
enum CarrierHash {
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// The value that ``mix(_:)`` turned into `mixed`.
    static func unmix(_ mixed: UInt64) -> UInt64 {
        var value = mixed
        value = (value ^ (value >> 31) ^ (value >> 62)) &* 0x3196_42b2_d24d_8ec3
        value = (value ^ (value >> 27) ^ (value >> 54)) &* 0x96de_1b17_3f11_9089
        return value ^ (value >> 30) ^ (value >> 60)
    }

    /// A number that depends on all parts and their order.
    static func of(_ seed: UInt64, _ parts: UInt64...) -> UInt64 {
        parts.reduce(mix(seed &+ 0x9e37_79b9_7f4a_7c15)) { mix($0 ^ ($1 &* 0x9e37_79b9_7f4a_7c15)) }
    }

    /// A hash as a share between 0 and 1, never 1 itself.
    static func share(_ hash: UInt64) -> Double { Double(hash >> 11) * 0x1p-53 }
}

/// A message id of the provider's shape, `SM` and 32 hexadecimal digits, made from a count.
///
/// The first 16 digits are the count under a keyed mixing that can be undone, the last 16 a check
/// on them: looking a text up by its id needs no table, and an id of another run is not ours.
struct CarrierSid: Sendable {
    let key: UInt64

    /// Writes the id of text number `sequence`; texts with media begin with `MM`.
    func bytes(of sequence: UInt64, hasMedia: Bool) -> [UInt8] {
        let first = CarrierHash.mix(sequence ^ key)
        let second = check(first)
        return [UInt8](unsafeUninitializedCapacity: 34) { buffer, count in
            buffer[0] = hasMedia ? UInt8(ascii: "M") : UInt8(ascii: "S")
            buffer[1] = UInt8(ascii: "M")
            for index in 0..<16 {
                let shift = UInt64(60 - 4 * index)
                buffer[2 + index] = hexDigit(first >> shift)
                buffer[18 + index] = hexDigit(second >> shift)
            }
            count = 34
        }
    }

    /// The count in an id that this run gave out, or nil.
    func sequence(of sid: some StringProtocol) -> UInt64? {
        guard sid.utf8.count == 34, sid.hasPrefix("SM") || sid.hasPrefix("MM"),
            let first = UInt64(sid.dropFirst(2).prefix(16), radix: 16),
            let second = UInt64(sid.dropFirst(18), radix: 16), second == check(first)
        else { return nil }
        return CarrierHash.unmix(first) ^ key
    }

    private func check(_ first: UInt64) -> UInt64 { CarrierHash.mix(first ^ ~key) }

    private func hexDigit(_ value: UInt64) -> UInt8 {
        let nibble = UInt8(truncatingIfNeeded: value & 15)
        return nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
