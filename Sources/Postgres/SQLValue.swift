/// A value that can be a parameter or a column, in PostgreSQL's binary format.
///
/// Integers and floats are big endian; source: the `…_send` and `…_recv` functions of the server.
/// A `RawRepresentable` type over a scalar (an enum over `Int16`) needs only the conformance to
/// ``SQLScalar``.
package protocol SQLValue: Sendable {
    /// The OID of the parameter's type (`pg_type`; the built-in ones never change).
    static var oid: UInt32 { get }
    /// Whether the value is SQL's NULL.
    var isNull: Bool { get }
    /// Appends the binary form.
    ///
    /// - Throws: ``PostgresError`` of kind `value`, for example for text with a NUL.
    func encode(into bytes: inout [UInt8]) throws
    /// Reads a column of type `oid` that is not NULL.
    static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Self
    /// The value of NULL.
    static func decodeNull() throws -> Self
}

extension SQLValue {
    package var isNull: Bool { false }

    package static func decodeNull() throws -> Self {
        throw PostgresError(.value, "A column is NULL where a \(Self.self) was asked for.")
    }

    /// The error for a column of a type that `Self` cannot hold.
    static func mismatch(_ oid: UInt32) -> PostgresError {
        PostgresError(.value, "A column of type OID \(oid) cannot be read as \(Self.self).")
    }
}

/// What can stand in a PostgreSQL array.
///
/// A type of its own, because `[UInt8]` is a `bytea`, not an array of small integers.
package protocol SQLElement: Sendable {
    static var arrayOID: UInt32 { get }
    static func encode(array: [Self], into bytes: inout [UInt8]) throws
    static func decode(array bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> [Self]
}

/// A single value, alone or as an element.
package protocol SQLScalar: SQLValue, SQLElement {}

extension Optional: SQLValue where Wrapped: SQLValue {
    package static var oid: UInt32 { Wrapped.oid }

    package var isNull: Bool { self == nil }

    package func encode(into bytes: inout [UInt8]) throws { try self?.encode(into: &bytes) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Wrapped? {
        try Wrapped.decode(bytes, oid: oid)
    }

    package static func decodeNull() -> Wrapped? { nil }
}

extension SQLScalar where Self: RawRepresentable, RawValue: SQLScalar {
    package static var oid: UInt32 { RawValue.oid }
    package static var arrayOID: UInt32 { RawValue.arrayOID }

    package func encode(into bytes: inout [UInt8]) throws { try rawValue.encode(into: &bytes) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Self {
        guard let value = Self(rawValue: try RawValue.decode(bytes, oid: oid)) else {
            throw PostgresError(.value, "A column holds no known \(Self.self).")
        }
        return value
    }
}

extension UnsafeRawBufferPointer {
    /// The big-endian integer at `offset`; the caller has checked that it lies inside.
    func integer<Integer: FixedWidthInteger>(at offset: Int = 0) -> Integer {
        Integer(bigEndian: loadUnaligned(fromByteOffset: offset, as: Integer.self))
    }

    /// The big-endian integer that fills the whole buffer.
    func whole<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        guard count == MemoryLayout<Integer>.size else {
            throw PostgresError(.value, "A column has \(count) octets where \(type) was expected.")
        }
        return integer()
    }
}

extension [UInt8] {
    /// Appends an integer in network order.
    mutating func append<Integer: FixedWidthInteger>(integer: Integer) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { append(contentsOf: $0) }
    }
}
