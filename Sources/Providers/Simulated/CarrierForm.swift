/// The fields of an `application/x-www-form-urlencoded` body or query, decoded, in their order.
struct CarrierForm {
    private(set) var fields: [(name: [UInt8], value: [UInt8])] = []

    /// Splits at `&` and the first `=`; `+` is a space, a broken `%` stands for itself.
    init(_ bytes: UnsafeRawBufferPointer) {
        fields.reserveCapacity(8)
        var start = 0
        while start < bytes.count {
            var end = start
            var equals = -1
            while end < bytes.count, bytes[end] != UInt8(ascii: "&") {
                if equals < 0, bytes[end] == UInt8(ascii: "=") { equals = end }
                end += 1
            }
            if end > start {
                let nameEnd = equals < 0 ? end : equals
                let name = Self.decode(bytes, start, nameEnd)
                fields.append((name, equals < 0 ? [] : Self.decode(bytes, equals + 1, end)))
            }
            start = end + 1
        }
    }

    init(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        self = bytes.withUnsafeBytes { CarrierForm($0) }
    }

    /// The first value under `name`, as text.
    subscript(name: String) -> String? {
        first(Array(name.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    func first(_ name: [UInt8]) -> [UInt8]? {
        for field in fields where field.name == name { return field.value }
        return nil
    }

    func all(_ name: [UInt8]) -> [[UInt8]] {
        fields.filter { $0.name == name }.map(\.value)
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: end - start) { buffer, count in
            var index = start
            while index < end {
                let byte = bytes[index]
                if byte == UInt8(ascii: "%"), index + 2 < end,
                    let high = hexValue(bytes[index + 1]), let low = hexValue(bytes[index + 2])
                {
                    buffer[count] = high << 4 | low
                    index += 3
                } else {
                    buffer[count] = byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte
                    index += 1
                }
                count += 1
            }
        }
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
