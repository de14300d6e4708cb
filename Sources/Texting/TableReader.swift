/// Reads a generated table from its start to its end.
///
/// The form is that of `ops/tables/binary.py`: heading lines up to an empty line, then values with
/// the least significant byte first. Tables ship with the binary, so one that is cut short is a
/// fault of the build and ends the process.
struct TableReader {
    /// What the heading says about source and date, one line each.
    let heading: [String]
    private let bytes: [UInt8]
    private var position: Int

    /// Opens the table `name` of `Resources`.
    init(_ name: String) { self.init(Resource.required(name)) }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let newline = UInt8(ascii: "\n")
        let end = zip(bytes, bytes.dropFirst()).prefix { $0 != newline || $1 != newline }.count
        heading = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\n")
            .map { String($0.drop { "# ".contains($0) }) }
        position = end + 2
    }

    /// How many bytes have not been read; negative where even the heading is cut short.
    var left: Int { bytes.count - position }

    mutating func byte() -> UInt8 {
        defer { position += 1 }
        return bytes[position]
    }

    mutating func short() -> UInt16 {
        UInt16(byte()) | UInt16(byte()) << 8
    }

    mutating func long() -> UInt32 {
        UInt32(short()) | UInt32(short()) << 16
    }

    mutating func integer() -> Int32 {
        Int32(bitPattern: long())
    }

    mutating func wide() -> Int64 {
        Int64(long()) | Int64(integer()) << 32
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { position += count }
        return Array(bytes[position..<position + count])
    }

    /// Bytes whose number stands before them in one byte.
    mutating func text() -> [UInt8] {
        bytes(Int(byte()))
    }

    /// A list whose length stands before it in four bytes.
    mutating func list<Element>(_ element: (inout TableReader) -> Element) -> [Element] {
        let count = Int(long())
        return (0..<count).map { _ in element(&self) }
    }

    mutating func automaton() -> DigitAutomaton {
        let count = Int(long())
        let next = (0..<count * 10).map { _ in short() }
        return DigitAutomaton(next: next, outputs: (0..<count).map { _ in short() })
    }
}
