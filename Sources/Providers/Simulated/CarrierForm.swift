/// The fields of an `application/x-www-form-urlencoded` body or query, decoded, in their order.
///
/// One array holds all decoded bytes, since decoding never lengthens: a send request has a dozen
/// names and values, and arrays of their own were a fifth of its cost.
struct CarrierForm {
    private struct Field {
        var name: Range<Int>
        var value: Range<Int>
    }

    private var bytes: [UInt8] = []
    private var places: [Field] = []

    /// Splits at `&` and the first `=`; `+` is a space, a broken `%` stands for itself.
    init(_ raw: UnsafeRawBufferPointer) {
        var places: [Field] = []
        places.reserveCapacity(8)
        bytes = [UInt8](unsafeUninitializedCapacity: raw.count) { buffer, count in
            var index = 0
            while index < raw.count {
                if raw[index] == UInt8(ascii: "&") {
                    index += 1
                    continue
                }
                let nameStart = count
                index = Self.decode(raw, from: index, into: buffer, &count, endsAtEquals: true)
                let nameEnd = count
                if index < raw.count, raw[index] == UInt8(ascii: "=") {
                    let start = index + 1
                    index = Self.decode(raw, from: start, into: buffer, &count, endsAtEquals: false)
                }
                places.append(Field(name: nameStart..<nameEnd, value: nameEnd..<count))
            }
        }
        self.places = places
    }

    init(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        self = bytes.withUnsafeBytes { CarrierForm($0) }
    }

    /// All fields in their order.
    var fields: [(name: [UInt8], value: [UInt8])] {
        places.map { (Array(bytes[$0.name]), Array(bytes[$0.value])) }
    }

    /// The first value under `name`, as text.
    subscript(name: String) -> String? {
        first(Array(name.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    func first(_ name: [UInt8]) -> [UInt8]? {
        for place in places where isNamed(place, name) { return Array(bytes[place.value]) }
        return nil
    }

    func all(_ name: [UInt8]) -> [[UInt8]] {
        places.filter { isNamed($0, name) }.map { Array(bytes[$0.value]) }
    }

    private func isNamed(_ place: Field, _ name: [UInt8]) -> Bool {
        guard place.name.count == name.count else { return false }
        for index in 0..<name.count where bytes[place.name.lowerBound + index] != name[index] {
            return false
        }
        return true
    }

    /// Decodes up to `&` or the end, a name also up to `=`; tells where it stopped.
    private static func decode(
        _ raw: UnsafeRawBufferPointer, from start: Int,
        into buffer: UnsafeMutableBufferPointer<UInt8>, _ count: inout Int, endsAtEquals: Bool
    ) -> Int {
        var index = start
        while index < raw.count {
            let byte = raw[index]
            if byte == UInt8(ascii: "&") || (endsAtEquals && byte == UInt8(ascii: "=")) { break }
            if byte == UInt8(ascii: "%"), index + 2 < raw.count,
                let high = hexValue(raw[index + 1]), let low = hexValue(raw[index + 2])
            {
                buffer[count] = high << 4 | low
                index += 3
            } else {
                buffer[count] = byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte
                index += 1
            }
            count += 1
        }
        return index
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
