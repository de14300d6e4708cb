/// A scanned file as batches of records.
struct CSVReader: ~Copyable {
    private var blocks: FileBlocks
    private var decoder: TextDecoder
    private var tokeniser: CSVTokeniser
    private var decoded: [UInt8] = []
    private var isFinished = false
    /// How far the file has been read, in its own bytes.
    private(set) var bytesRead = 0

    init(_ file: CSVFile, separator: UInt8) throws {
        blocks = try FileBlocks(path: file.path)
        decoder = TextDecoder(encoding: file.encoding, markBytes: file.markBytes)
        tokeniser = CSVTokeniser(separator: separator)
    }

    /// The next records, `nil` at the end; a batch may be empty.
    ///
    /// - Throws: ``InvalidInput``, see ``CSVTokeniser``.
    mutating func next() throws -> CSVBatch? {
        guard !isFinished else { return nil }
        guard let block = try blocks.next() else {
            isFinished = true
            decoder.finish(into: &decoded)
            _ = try feed()
            return try tokeniser.finish()
        }
        bytesRead += block.count
        block.withUnsafeBufferPointer { decoder.decode($0, into: &decoded) }
        return try feed()
    }

    private mutating func feed() throws -> CSVBatch {
        let text = decoded
        return try text.withUnsafeBufferPointer { try tokeniser.feed($0) }
    }
}

/// What separates the fields of a file, and its first records.
package struct CSVShape: Sendable {
    package let separator: UInt8
    /// The first records, at most ``sampleMax``.
    package let sample: [[String]]

    static let sampleMax = 200
    private static let candidates: [UInt8] = [0x2C, 0x3B, 0x09, 0x7C]  // , ; tab |

    /// Guesses from the first block of the file.
    ///
    /// The separator is that under which most of the first records have the header's width, the
    /// wider one where two agree. A file of one column has any.
    /// - Throws: ``InvalidInput`` if the first record has too many columns or there is no record.
    package static func guess(_ file: CSVFile) throws -> CSVShape {
        let text = try start(of: file)
        var best: (score: Int, shape: CSVShape)?
        var failure: (any Error)?
        for separator in candidates {
            do {
                let records = try records(text, separator)
                let score = score(records)
                if score > best?.score ?? -1 {
                    best = (score, CSVShape(separator: separator, sample: records))
                }
            } catch {
                failure = failure ?? error
            }
        }
        // What one separator cannot read, another may; but a very wide header is refused as such.
        guard let best, best.score > 1 || failure == nil else {
            throw failure ?? CSVFile.empty(file.path)
        }
        guard !best.shape.sample.isEmpty else {
            throw CSVFile.empty(file.path)
        }
        return best.shape
    }

    private static func records(_ text: [UInt8], _ separator: UInt8) throws -> [[String]] {
        var tokeniser = CSVTokeniser(separator: separator)
        var batch = try text.withUnsafeBufferPointer { try tokeniser.feed($0) }
        // Without a complete record the block holds the whole file, or one very long line.
        if batch.count == 0 { batch = try tokeniser.finish() }
        return (0..<min(batch.count, sampleMax)).map { batch.texts(ofRecord: $0) }
    }

    private static func score(_ records: [[String]]) -> Int {
        let filled = records.filter { $0 != [""] }
        guard let width = filled.first?.count else { return 0 }
        let alike = filled.count { $0.count == width }
        return width == 1 ? 1 : 2 + alike * 1_000_000 / filled.count + width
    }

    private static func start(of file: CSVFile) throws -> [UInt8] {
        var blocks = try FileBlocks(path: file.path)
        var decoder = TextDecoder(encoding: file.encoding, markBytes: file.markBytes)
        var decoded: [UInt8] = []
        try blocks.next()?.withUnsafeBufferPointer { decoder.decode($0, into: &decoded) }
        return decoded
    }
}
