/// Records of a CSV file, all in one buffer: no allocation per field.
package struct CSVBatch: Sendable {
    /// Field values one behind the other, unquoted, UTF-8.
    var bytes: [UInt8] = []
    /// Where each field ends in `bytes`.
    var fieldEnds: [Int] = []
    /// Where each record ends in `fieldEnds`.
    var recordEnds: [Int] = []
    /// Number of the first record, counted from 0 at the start of the file.
    var firstRecord = 0

    package var count: Int { recordEnds.count }

    /// The fields of a record, as indices into `fieldEnds`.
    func fields(of record: Int) -> Range<Int> {
        (record == 0 ? 0 : recordEnds[record - 1])..<recordEnds[record]
    }

    /// Where a field lies in `bytes`.
    func range(ofField field: Int) -> Range<Int> {
        (field == 0 ? 0 : fieldEnds[field - 1])..<fieldEnds[field]
    }

    /// A record as texts, for headers and samples.
    package func texts(ofRecord record: Int) -> [String] {
        fields(of: record).map { String(decoding: bytes[range(ofField: $0)], as: UTF8.self) }
    }
}

/// Cuts UTF-8 text into records and fields as RFC 4180 says, in pieces, with flat memory.
///
/// Lenient where files in the wild are: CR, LF and CRLF end a record; a quote inside an unquoted
/// field is a character; what follows a closing quote belongs to the field. Strict where a guess
/// could swallow people: a quote that is never closed is an error.
package struct CSVTokeniser {
    /// A record this long is a missing quote, not a person. Unit: octets.
    static let recordBytesMax = 1_048_576
    /// More columns than any list of people has. A wider file is refused.
    package static let columnsMax = 1_000

    private enum State { case start, plain, quoted, quoteInQuoted }

    private let separator: UInt8
    private var state = State.start
    private var afterCarriageReturn = false
    private var batch = CSVBatch()
    /// Number of the record that is being read.
    private var record = 0

    package init(separator: UInt8) { self.separator = separator }

    /// Reads a piece and hands out the records that are complete.
    ///
    /// - Throws: ``InvalidInput`` for too long or too wide a record.
    package mutating func feed(_ piece: UnsafeBufferPointer<UInt8>) throws -> CSVBatch {
        var index = 0
        if afterCarriageReturn, let first = piece.first {
            afterCarriageReturn = false
            if first == 0x0A { index = 1 }
        }
        while index < piece.count {
            switch state {
            case .start:
                if piece[index] == 0x22 {
                    state = .quoted
                    index += 1
                } else {
                    state = .plain
                }
            case .plain: index = try plain(piece, from: index)
            case .quoted: index = quoted(piece, from: index)
            case .quoteInQuoted:
                if piece[index] == 0x22 {
                    batch.bytes.append(0x22)
                    state = .quoted
                    index += 1
                } else {
                    state = .plain
                }
            }
        }
        try checkSize()
        return takeComplete()
    }

    /// Ends the file and hands out a last record without line end, if there is one.
    ///
    /// - Throws: ``InvalidInput`` for a quote that was never closed.
    package mutating func finish() throws -> CSVBatch {
        guard state != .quoted else {
            throw InvalidInput(
                "A quote that opens in record \(record + 1) is never closed; correct the file.",
                key: "open_quote", values: ["row": String(record + 1)])
        }
        let begun = batch.recordEnds.last ?? 0
        let isOpen = state != .start || batch.fieldEnds.count > begun
        if isOpen { try endRecord() }
        return takeComplete()
    }

    /// Reads up to the next separator or line end.
    private mutating func plain(_ piece: UnsafeBufferPointer<UInt8>, from start: Int) throws -> Int
    {
        var index = start
        while index < piece.count {
            let byte = piece[index]
            if byte == separator || byte == 0x0A || byte == 0x0D { break }
            index += 1
        }
        batch.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: piece[start..<index]))
        guard index < piece.count else { return index }
        if piece[index] == separator {
            batch.fieldEnds.append(batch.bytes.count)
            state = .start
            // A separator at the very end still opens one more, empty, field.
            return index + 1
        }
        try endRecord()
        guard piece[index] == 0x0D else { return index + 1 }
        guard index + 1 < piece.count else {
            afterCarriageReturn = true
            return index + 1
        }
        return piece[index + 1] == 0x0A ? index + 2 : index + 1
    }

    private mutating func quoted(_ piece: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        while index < piece.count, piece[index] != 0x22 { index += 1 }
        batch.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: piece[start..<index]))
        guard index < piece.count else { return index }
        state = .quoteInQuoted
        return index + 1
    }

    private mutating func endRecord() throws {
        batch.fieldEnds.append(batch.bytes.count)
        let begun = batch.recordEnds.last ?? 0
        try checkWidth(batch.fieldEnds.count - begun)
        batch.recordEnds.append(batch.fieldEnds.count)
        state = .start
        record += 1
    }

    private func checkWidth(_ columns: Int) throws {
        guard columns <= Self.columnsMax else {
            throw InvalidInput(
                "Record \(record + 1) has \(columns) columns and \(Self.columnsMax) are the most; "
                    + "export fewer columns, or check the separator.", key: "too_wide",
                values: ["row": String(record + 1), "columns": String(columns)])
        }
    }

    private func checkSize() throws {
        let begun = batch.recordEnds.last ?? 0
        try checkWidth(batch.fieldEnds.count - begun)
        let start = begun == 0 ? 0 : batch.fieldEnds[begun - 1]
        guard batch.bytes.count - start <= Self.recordBytesMax else {
            throw InvalidInput(
                "Record \(record + 1) is longer than a megabyte; a quote is probably missing.",
                key: "too_long_row", values: ["row": String(record + 1)])
        }
    }

    /// Splits the complete records off; the rest stays for the next piece.
    private mutating func takeComplete() -> CSVBatch {
        var complete = batch
        let begun = batch.recordEnds.last ?? 0
        let start = begun == 0 ? 0 : batch.fieldEnds[begun - 1]
        batch = CSVBatch(
            bytes: Array(complete.bytes[start...]),
            fieldEnds: complete.fieldEnds[begun...].map { $0 - start }, recordEnds: [],
            firstRecord: record)
        complete.bytes.removeSubrange(start...)
        complete.fieldEnds.removeSubrange(begun...)
        return complete
    }
}
