/// Object identifiers of built-in types, from `pg_type.dat`.
enum OID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let timestamptz: UInt32 = 1184
    static let interval: UInt32 = 1186
    static let numeric: UInt32 = 1700
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802
    /// Types made by a user or an extension (enums, citext) start here.
    static let firstCustom: UInt32 = 16384
    /// "char", name, unknown, bpchar, varchar: types whose binary form is their text.
    static let textual: Set<UInt32> = [18, 19, text, json, 705, 1042, 1043]
}

extension Bool: SQLScalar {
    package static var oid: UInt32 { OID.bool }
    package static var arrayOID: UInt32 { 1000 }

    package func encode(into bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Bool {
        guard oid == OID.bool else { throw mismatch(oid) }
        return try bytes.whole(UInt8.self) != 0
    }
}

/// Reads any integer column; a width that does not fit is refused, never cut.
private func decodeInteger<Integer: SQLScalar & FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, oid: UInt32
) throws -> Integer {
    let wide: Int64
    switch oid {
    case OID.int8: wide = try bytes.whole(Int64.self)
    case OID.int4: wide = Int64(try bytes.whole(Int32.self))
    case OID.int2: wide = Int64(try bytes.whole(Int16.self))
    case OID.oid: wide = Int64(try bytes.whole(UInt32.self))
    case OID.numeric:  // sum() over bigint
        guard let exact = Int64(exactly: try decodeNumeric(bytes)) else {
            throw PostgresError(.value, "A numeric column does not hold a whole number.")
        }
        wide = exact
    default: throw Integer.mismatch(oid)
    }
    guard let value = Integer(exactly: wide) else {
        throw PostgresError(.value, "A column holds a number too large for \(Integer.self).")
    }
    return value
}

/// Reads `numeric`: base-10000 digits behind weight, sign and scale.
///
/// Exact up to 2^53, which is ample for sums shown to people.
/// Source: `numeric_send` in the server's `numeric.c`.
private func decodeNumeric(_ bytes: UnsafeRawBufferPointer) throws -> Double {
    guard bytes.count >= 8 else { throw Double.mismatch(OID.numeric) }
    let digits = Int(bytes.integer(at: 0) as Int16)
    let weight = Int(bytes.integer(at: 2) as Int16)
    let sign: UInt16 = bytes.integer(at: 4)
    guard sign == 0 || sign == 0x4000, bytes.count == 8 + 2 * digits else {
        throw PostgresError(.value, "A numeric column holds no finite number.")
    }
    var whole = 0.0
    var fraction = 0.0
    var scale = 1.0
    for index in 0..<digits {
        let digit = Double(bytes.integer(at: 8 + 2 * index) as Int16)
        if index <= weight {
            whole = whole * 10_000 + digit
        } else {
            scale *= 10_000
            fraction += digit / scale
        }
    }
    // Trailing zero digits of the whole part are not sent; leading ones of the fraction neither.
    if weight >= digits { for _ in digits...weight { whole *= 10_000 } }
    if weight < -1 { for _ in (weight + 1)..<0 { fraction /= 10_000 } }
    return (sign == 0 ? 1 : -1) * (whole + fraction)
}

extension Int16: SQLScalar {
    package static var oid: UInt32 { OID.int2 }
    package static var arrayOID: UInt32 { 1005 }

    package func encode(into bytes: inout [UInt8]) { bytes.append(integer: self) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Int16 {
        try decodeInteger(bytes, oid: oid)
    }

    package static func encode(array: [Int16], into bytes: inout [UInt8]) {
        ArrayFormat.encode(fixed: array, oid: oid, into: &bytes) { $0.bigEndian }
    }
}

extension Int32: SQLScalar {
    package static var oid: UInt32 { OID.int4 }
    package static var arrayOID: UInt32 { 1007 }

    package func encode(into bytes: inout [UInt8]) { bytes.append(integer: self) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Int32 {
        try decodeInteger(bytes, oid: oid)
    }

    package static func encode(array: [Int32], into bytes: inout [UInt8]) {
        ArrayFormat.encode(fixed: array, oid: oid, into: &bytes) { $0.bigEndian }
    }
}

extension Int: SQLScalar {
    package static var oid: UInt32 { OID.int8 }
    package static var arrayOID: UInt32 { 1016 }

    package func encode(into bytes: inout [UInt8]) { bytes.append(integer: self) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Int {
        if oid == OID.int8, bytes.count == 8 { return bytes.integer() }
        return try decodeInteger(bytes, oid: oid)
    }

    package static func encode(array: [Int], into bytes: inout [UInt8]) {
        ArrayFormat.encode(fixed: array, oid: oid, into: &bytes) { $0.bigEndian }
    }
}

extension Float: SQLScalar {
    package static var oid: UInt32 { OID.float4 }
    package static var arrayOID: UInt32 { 1021 }

    package func encode(into bytes: inout [UInt8]) { bytes.append(integer: bitPattern) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Float {
        guard oid == OID.float4 else { throw mismatch(oid) }
        return Float(bitPattern: try bytes.whole(UInt32.self))
    }
}

extension Double: SQLScalar {
    package static var oid: UInt32 { OID.float8 }
    package static var arrayOID: UInt32 { 1022 }

    package func encode(into bytes: inout [UInt8]) { bytes.append(integer: bitPattern) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Double {
        switch oid {
        case OID.float8: Double(bitPattern: try bytes.whole(UInt64.self))
        case OID.float4: Double(Float(bitPattern: try bytes.whole(UInt32.self)))
        case OID.numeric: try decodeNumeric(bytes)
        default: throw mismatch(oid)
        }
    }
}
