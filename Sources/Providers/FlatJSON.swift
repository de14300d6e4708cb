/// Reads single members of a JSON object's top level.
///
/// Every text sent brings an answer of some 500 bytes of which two fields matter; a full parser
/// would cost more than the request. Nested values are stepped over, so that a field of the same
/// name inside them is never taken; anything that is not JSON yields nothing.
struct FlatJSON {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// What stood behind each wanted name: text without quotes, numbers as written, null omitted.
    ///
    /// - Parameter names: plain ASCII names.
    /// - Returns: whether the object was complete, and the members found before it ended or broke.
    static func members(_ names: [StaticString], of bytes: [UInt8]) -> (
        isComplete: Bool, values: [String?]
    ) {
        var reader = FlatJSON(bytes)
        var values = [String?](repeating: nil, count: names.count)
        let isComplete = reader.readObject { reader, name in
            let wanted = names.firstIndex { wanted in
                wanted.utf8CodeUnitCount == name.count
                    && name.elementsEqual(
                        UnsafeBufferPointer(start: wanted.utf8Start, count: name.count))
            }
            guard let value = reader.readValue() else { return false }
            if let wanted, values[wanted] == nil { values[wanted] = value.scalar }
            return true
        }
        return (isComplete, values)
    }

    private mutating func readObject(
        _ member: (inout FlatJSON, ArraySlice<UInt8>) -> Bool
    ) -> Bool {
        guard next() == UInt8(ascii: "{") else { return false }
        if peek() == UInt8(ascii: "}") { return true }
        while true {
            guard let name = readString(), next() == UInt8(ascii: ":") else { return false }
            guard member(&self, name) else { return false }
            switch next() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"): return true
            default: return false
            }
        }
    }

    /// Steps over one value; nil if it is cut off or no JSON.
    private mutating func readValue() -> (scalar: String?, Void)? {
        switch peek() {
        case UInt8(ascii: "\""):
            guard let text = readString() else { return nil }
            return (String(decoding: text, as: UTF8.self), ())
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return skipNested() ? (nil, ()) : nil
        default:
            let start = index
            while index < bytes.count, Self.isBare(bytes[index]) { index += 1 }
            guard index > start, index < bytes.count else { return nil }
            let word = String(decoding: bytes[start..<index], as: UTF8.self)
            return (word == "null" ? nil : word, ())
        }
    }

    /// Brackets are counted, strings inside stepped over.
    private mutating func skipNested() -> Bool {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                guard readString() != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            index += 1
            if depth == 0 { return true }
        }
        return false
    }

    /// The inside of a string as written; escapes are stepped over, not resolved: no name or id
    /// of a provider contains one.
    private mutating func readString() -> ArraySlice<UInt8>? {
        guard next() == UInt8(ascii: "\"") else { return nil }
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 2
            case UInt8(ascii: "\""):
                index += 1
                return bytes[start..<(index - 1)]
            default: index += 1
            }
        }
        return nil
    }

    private mutating func peek() -> UInt8? {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            default: return bytes[index]
            }
        }
        return nil
    }

    private mutating func next() -> UInt8? {
        guard let byte = peek() else { return nil }
        index += 1
        return byte
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "E"):
            true
        default: false
        }
    }
}
