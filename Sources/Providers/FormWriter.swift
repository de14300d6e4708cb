/// Writes `application/x-www-form-urlencoded` bytes (WHATWG URL §5.2) without strings in between.
struct FormWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    /// Starts with bytes that are encoded already, for fields that never change.
    init(encoded prefix: [UInt8], capacity: Int = 512) {
        bytes.reserveCapacity(max(capacity, prefix.count))
        bytes.append(contentsOf: prefix)
    }

    /// Appends `name=value`; the name is plain ASCII letters and is written as it stands.
    mutating func append(_ name: StaticString, _ value: some StringProtocol) {
        begin(name)
        var value = String(value)
        value.withUTF8 { append(escaping: $0) }
    }

    mutating func append(_ name: StaticString, _ value: Int) { append(name, String(value)) }

    private mutating func begin(_ name: StaticString) {
        if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "="))
    }

    /// Everything but unreserved characters (RFC 3986 §2.3) becomes `%XX`, a space too: every
    /// reader of forms takes `%20`.
    private mutating func append(escaping value: UnsafeBufferPointer<UInt8>) {
        for byte in value {
            if Self.unreserved[Int(byte)] {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(Self.hexDigits[Int(byte >> 4)])
                bytes.append(Self.hexDigits[Int(byte & 15)])
            }
        }
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)
    private static let unreserved: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for byte in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8 {
            table[Int(byte)] = true
        }
        return table
    }()
}
