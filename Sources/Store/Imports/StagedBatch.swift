/// Rows ready for the staging table, in the binary form of PostgreSQL's COPY.
struct StagedBatch: Sendable {
    /// Columns of `stage_…`, in the order of migration 0005.
    static let columnCount: Int16 = 14
    /// Signature, no flags, no extension. Source: PostgreSQL manual, COPY, binary format.
    static let header: [UInt8] =
        Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
    static let trailer: [UInt8] = [0xFF, 0xFF]

    struct Reject: Sendable {
        var row: Int
        var reason: String
        var detail: String
    }

    var tuples = TupleBuffer()
    var rejects: [Reject] = []
    /// Where in `tuples` the number of a zone set goes.
    var zonePlaces: [(place: Int, key: String)] = []
    var rowsRead = 0
    var rowsGood = 0
    var landlines = 0
    var unlikely = 0

    /// Writes the numbers of the zone sets into their places.
    mutating func resolve(_ zoneSets: ZoneSets) async throws {
        let keys = Set(zonePlaces.lazy.map(\.key))
        let ids = try await zoneSets.ids(keys)
        for (place, key) in zonePlaces {
            tuples.fill(place, with: ids[key] ?? ZoneSets.unknown)
        }
        zonePlaces = []
    }
}

/// Tuples in COPY's binary form: a count of columns, then each one's length and octets.
struct TupleBuffer: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    mutating func begin(columns: Int16) { append(columns) }

    mutating func add(_ value: Int64) {
        append(Int32(8))
        append(value)
    }

    mutating func add(_ value: Int16) {
        append(Int32(2))
        append(value)
    }

    mutating func add(_ value: Bool) {
        append(Int32(1))
        bytes.append(value ? 1 : 0)
    }

    mutating func add(_ value: [UInt8]) {
        append(Int32(value.count))
        bytes.append(contentsOf: value)
    }

    /// `nil` is NULL.
    mutating func add(_ value: String?) {
        guard var value else { return append(Int32(-1)) }
        value.withUTF8 { text in
            append(Int32(text.count))
            bytes.append(contentsOf: text)
        }
    }

    /// An instant in microseconds since 2000-01-01 UTC; `nil` is NULL.
    mutating func add(microseconds: Int64?) {
        if let microseconds { add(microseconds) } else { append(Int32(-1)) }
    }

    /// A `smallint` to be filled in later; gives its place.
    mutating func addPlaceholder() -> Int {
        add(Int16(0))
        return bytes.count - 2
    }

    mutating func fill(_ place: Int, with value: Int16) {
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: value.bigEndian, toByteOffset: place, as: Int16.self)
        }
    }

    /// A `jsonb` that `write` appends as text.
    mutating func addJSON(_ write: (inout [UInt8]) -> Void) {
        let place = bytes.count
        append(Int32(0))
        bytes.append(1)  // version of the binary form
        write(&bytes)
        let length = Int32(bytes.count - place - 4).bigEndian
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: length, toByteOffset: place, as: Int32.self)
        }
    }

    private mutating func append<Integer: FixedWidthInteger>(_ value: Integer) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Strings of JSON, written without an encoder: a million rows have a few each.
enum JSONText {
    private static let hex = Array("0123456789abcdef".utf8)

    /// Appends `text` (valid UTF-8) as a JSON string. Source: RFC 8259 §7.
    static func append(_ text: ArraySlice<UInt8>, to output: inout [UInt8]) {
        output.append(0x22)
        text.withUnsafeBufferPointer { text in
            var start = 0
            for index in 0..<text.count {
                let byte = text[index]
                guard byte < 0x20 || byte == 0x22 || byte == 0x5C else { continue }
                output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
                output.append(0x5C)
                if byte < 0x20 {
                    output.append(contentsOf: [0x75, 0x30, 0x30])
                    output.append(hex[Int(byte >> 4)])
                    output.append(hex[Int(byte & 15)])
                } else {
                    output.append(byte)
                }
                start = index + 1
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        output.append(0x22)
    }
}

/// Days as lists write them: `2026-11-03`, `2026-11-03T10:00:00Z`, `11/3/2026`, `3.11.2026`.
enum CalendarDay {
    /// Midnight UTC of the day, in microseconds since 2000-01-01; `nil` if `text` names no day.
    ///
    /// - Parameter monthFirst: how `11/3/2026` is read; with points the day comes first.
    static func microseconds(_ text: String, monthFirst: Bool) -> Int64? {
        let date = text.prefix { $0 != "T" && $0 != " " }
        let hasPoints = date.contains(".")
        let parts = date.split { "-/.".contains($0) }.map { Int($0) }
        guard parts.count == 3, let a = parts[0], let b = parts[1], let c = parts[2] else {
            return nil
        }
        if a > 31 { return days(a, b, c) }
        return monthFirst && !hasPoints ? days(c, a, b) : days(c, b, a)
    }

    /// Days of the Gregorian calendar are counted from a year that begins in March, so that the
    /// leap day is its last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64? {
        guard (1900...2200).contains(year), (1...12).contains(month), (1...31).contains(day) else {
            return nil
        }
        let marchYear = month > 2 ? year : year - 1
        let marchMonth = (month + 9) % 12
        let days =
            365 * marchYear + marchYear / 4 - marchYear / 100 + marchYear / 400
            + (153 * marchMonth + 2) / 5 + day - 1
        return Int64(days - 730_425) * 86_400_000_000  // 730 425: 2000-01-01
    }
}
