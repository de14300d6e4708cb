/// PostgreSQL's binary arrays, one dimension.
///
/// Header of five 32-bit integers: dimensions (0 if empty), whether NULLs follow, element OID,
/// element count, lower bound 1. Then each element: its length (-1 for NULL) and its octets.
/// Source: `array_send` in the server's `arrayfuncs.c`.
enum ArrayFormat {
    /// Appends the header.
    static func header(count: Int, hasNulls: Bool, oid: UInt32, into bytes: inout [UInt8]) {
        bytes.append(integer: Int32(count == 0 ? 0 : 1))
        bytes.append(integer: Int32(hasNulls ? 1 : 0))
        bytes.append(integer: oid)
        guard count > 0 else { return }
        bytes.append(integer: Int32(count))
        bytes.append(integer: Int32(1))
    }

    /// Encodes elements whose memory, after `swap`, is their binary form: no call per octet.
    static func encode<Element, Stored: BitwiseCopyable>(
        fixed array: [Element], oid: UInt32, into bytes: inout [UInt8],
        swap: (Element) -> Stored
    ) {
        header(count: array.count, hasNulls: false, oid: oid, into: &bytes)
        let size = MemoryLayout<Stored>.size
        bytes.reserveCapacity(bytes.count + array.count * (4 + size))
        let length = Int32(size).bigEndian
        for element in array {
            withUnsafeBytes(of: length) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: swap(element)) { bytes.append(contentsOf: $0) }
        }
    }

    /// Encodes any elements, NULLs included.
    static func encode<Element: SQLValue>(array: [Element], into bytes: inout [UInt8]) throws {
        let hasNulls = array.contains(where: \.isNull)
        header(count: array.count, hasNulls: hasNulls, oid: Element.oid, into: &bytes)
        for element in array {
            guard !element.isNull else {
                bytes.append(integer: Int32(-1))
                continue
            }
            let place = bytes.count
            bytes.append(integer: Int32(0))
            try element.encode(into: &bytes)
            let length = Int32(bytes.count - place - 4).bigEndian
            bytes.withUnsafeMutableBytes {
                $0.storeBytes(of: length, toByteOffset: place, as: Int32.self)
            }
        }
    }

    /// Decodes any elements.
    ///
    /// - Throws: ``PostgresError`` of kind `value` for more than one dimension, a NULL where
    ///   `Element` has none, or damaged octets.
    static func decode<Element: SQLValue>(
        _ bytes: UnsafeRawBufferPointer, as type: Element.Type
    ) throws -> [Element] {
        guard bytes.count >= 12 else { throw damaged }
        let dimensions: Int32 = bytes.integer(at: 0)
        guard dimensions != 0 else { return [] }
        guard dimensions == 1, bytes.count >= 20 else {
            throw PostgresError(.value, "An array column has \(dimensions) dimensions, not one.")
        }
        let oid: UInt32 = bytes.integer(at: 8)
        let count = Int(bytes.integer(at: 12) as Int32)
        var values: [Element] = []
        values.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            guard offset + 4 <= bytes.count else { throw damaged }
            let length = Int(bytes.integer(at: offset) as Int32)
            offset += 4
            guard length >= 0 else {
                values.append(try Element.decodeNull())
                continue
            }
            guard offset + length <= bytes.count else { throw damaged }
            let octets = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            values.append(try Element.decode(octets, oid: oid))
            offset += length
        }
        return values
    }

    private static var damaged: PostgresError {
        PostgresError(.value, "An array column is shorter than it says.")
    }
}

extension SQLElement where Self: SQLValue {
    package static func encode(array: [Self], into bytes: inout [UInt8]) throws {
        try ArrayFormat.encode(array: array, into: &bytes)
    }

    package static func decode(array bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> [Self] {
        try ArrayFormat.decode(bytes, as: Self.self)
    }
}

extension Array: SQLValue where Element: SQLElement {
    package static var oid: UInt32 { Element.arrayOID }

    package func encode(into bytes: inout [UInt8]) throws {
        try Element.encode(array: self, into: &bytes)
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> [Element] {
        try Element.decode(array: bytes, oid: oid)
    }
}

extension Optional: SQLElement where Wrapped: SQLScalar {
    package static var arrayOID: UInt32 { Wrapped.arrayOID }
}

/// `[UInt8]` is `bytea`, no array.
extension UInt8: SQLElement {
    package static var arrayOID: UInt32 { OID.bytea }

    package static func encode(array: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: array)
    }

    package static func decode(array bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> [UInt8] {
        guard oid == OID.bytea else { throw [UInt8].mismatch(oid) }
        return Array(bytes)
    }
}

/// `[[UInt8]]` is `bytea[]`.
extension Array: SQLElement where Element == UInt8 {
    package static var arrayOID: UInt32 { 1001 }
}
