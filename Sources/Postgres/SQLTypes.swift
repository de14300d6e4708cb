import FoundationEssentials

extension String: SQLScalar {
    package static var oid: UInt32 { OID.text }
    package static var arrayOID: UInt32 { 1009 }

    /// Appends the text as UTF-8.
    ///
    /// - Throws: for a NUL, which PostgreSQL cannot store in text.
    package func encode(into bytes: inout [UInt8]) throws {
        let start = bytes.count
        var copy = self
        copy.withUTF8 { bytes.append(contentsOf: $0) }
        guard !bytes[start...].contains(0) else {
            throw PostgresError(.value, "A text holds a NUL character; remove it before saving.")
        }
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> String {
        if OID.textual.contains(oid) || oid >= OID.firstCustom {
            return String(decoding: bytes, as: UTF8.self)
        }
        // The binary form of jsonb is a version octet, then the text.
        guard oid == OID.jsonb, bytes.first == 1 else { throw mismatch(oid) }
        return String(decoding: bytes.dropFirst(), as: UTF8.self)
    }
}

extension UUID: SQLScalar {
    package static var oid: UInt32 { OID.uuid }
    package static var arrayOID: UInt32 { 2951 }

    package func encode(into bytes: inout [UInt8]) {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> UUID {
        guard oid == OID.uuid, bytes.count == 16 else { throw mismatch(oid) }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }

    package static func encode(array: [UUID], into bytes: inout [UInt8]) {
        ArrayFormat.encode(fixed: array, oid: oid, into: &bytes, swap: \.uuid)
    }
}

/// `timestamptz`: microseconds since 2000-01-01 UTC; infinities are the distant past and future.
extension Date: SQLScalar {
    package static var oid: UInt32 { OID.timestamptz }
    package static var arrayOID: UInt32 { 1185 }

    /// Seconds from 2000-01-01 to Foundation's 2001-01-01; 2000 was a leap year.
    private static let epochOffset = 366.0 * 86_400

    private var microseconds: Int64 {
        if self == .distantFuture { return .max }
        if self == .distantPast { return .min }
        let seconds = timeIntervalSinceReferenceDate + Self.epochOffset
        // Beyond the server's last year, 294276, there is only infinity.
        guard abs(seconds) < 9.2e12 else { return seconds > 0 ? .max : .min }
        return Int64((seconds * 1_000_000).rounded())
    }

    package func encode(into bytes: inout [UInt8]) { bytes.append(integer: microseconds) }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Date {
        guard oid == OID.timestamptz else { throw mismatch(oid) }
        switch try bytes.whole(Int64.self) {
        case .max: return .distantFuture
        case .min: return .distantPast
        case let microseconds:
            let seconds = Double(microseconds) / 1_000_000
            return Date(timeIntervalSinceReferenceDate: seconds - epochOffset)
        }
    }

    package static func encode(array: [Date], into bytes: inout [UInt8]) {
        ArrayFormat.encode(fixed: array, oid: oid, into: &bytes) { $0.microseconds.bigEndian }
    }
}

/// `interval`: microseconds, days (read as 24 hours), months (refused: they have no length).
extension Duration: SQLScalar {
    package static var oid: UInt32 { OID.interval }
    package static var arrayOID: UInt32 { 1187 }

    package func encode(into bytes: inout [UInt8]) {
        let (seconds, attoseconds) = components
        bytes.append(integer: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        bytes.append(integer: Int64(0))
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> Duration {
        guard oid == OID.interval, bytes.count == 16 else { throw mismatch(oid) }
        guard bytes.integer(at: 12) as Int32 == 0 else {
            throw PostgresError(.value, "An interval column holds months, which have no length.")
        }
        let days: Int32 = bytes.integer(at: 8)
        return .microseconds(bytes.integer(at: 0) as Int64) + .seconds(86_400 * Int64(days))
    }
}

/// A JSON document as `jsonb`, kept as UTF-8.
package struct JSONB: SQLScalar, Equatable {
    /// The document.
    package let bytes: [UInt8]

    /// Wraps a document that is JSON already; the server refuses anything else.
    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// Encodes `value` with ISO 8601 dates and sorted keys.
    package init(encoding value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        bytes = Array(try encoder.encode(value))
    }

    /// The document as a value.
    package func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: Data(bytes))
    }

    package static var oid: UInt32 { OID.jsonb }
    package static var arrayOID: UInt32 { 3807 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(1)  // version of the binary form
        bytes.append(contentsOf: self.bytes)
    }

    package static func decode(_ bytes: UnsafeRawBufferPointer, oid: UInt32) throws -> JSONB {
        if oid == OID.json { return JSONB(bytes: Array(bytes)) }
        guard oid == OID.jsonb, bytes.first == 1 else { throw mismatch(oid) }
        return JSONB(bytes: Array(bytes.dropFirst()))
    }
}
