import Foundation
import Glibc
import Secrets

/// A file that was read through once: its size, hash and encoding.
///
/// The first pass costs about a second per gigabyte and makes the second one certain: nothing is
/// staged of a file that turns out to be no text.
package struct CSVFile: Sendable {
    package let path: String
    package let bytes: Int
    package let sha256: [UInt8]
    package let encoding: TextEncoding
    /// Length of the byte order mark.
    let markBytes: Int

    static let blockSize = 262_144

    /// - Throws: ``InvalidInput`` if the file cannot be read, is empty or holds NUL characters.
    package static func scan(path: String) throws -> CSVFile {
        var hasher = SHA256Hasher()
        var utf8 = UTF8Check()
        var zeros = ZeroPlaces()
        var start: [UInt8] = []
        var bytes = 0
        var blocks = try FileBlocks(path: path)
        while let block = try blocks.next() {
            if bytes == 0 { start = Array(block.prefix(4)) }
            hasher.update(block)
            block.withUnsafeBufferPointer {
                utf8.feed($0)
                if utf8.hasNUL || zeros.count > 0 || bytes == 0 { zeros.feed($0, at: bytes) }
            }
            bytes += block.count
        }
        guard bytes > 0 else { throw Self.empty(path) }
        try refuseWorkbook(start, path)
        let (encoding, mark) = guess(start, utf8, zeros, bytes)
        let isWide = encoding == .utf16LittleEndian || encoding == .utf16BigEndian
        guard isWide ? zeros.wide == 0 : !utf8.hasNUL else {
            throw InvalidInput(
                "The file \(path) holds NUL characters, so it is damaged or no text; export it "
                    + "again as CSV.", key: "damaged")
        }
        guard bytes > mark else { throw Self.empty(path) }
        return CSVFile(
            path: path, bytes: bytes, sha256: hasher.finish(), encoding: encoding,
            markBytes: mark)
    }

    static func empty(_ path: String) -> InvalidInput {
        InvalidInput("The file \(path) is empty.", key: "empty")
    }

    /// Workbooks are packed: a list has to be taken out of them first.
    private static func refuseWorkbook(_ start: [UInt8], _ path: String) throws {
        guard
            start.starts(with: [0x50, 0x4B, 0x03, 0x04]) || start.starts(with: [0xD0, 0xCF, 0x11])
        else { return }
        throw InvalidInput(
            "The file \(path) is a workbook, not a table; open it and save its sheet as CSV.",
            key: "workbook")
    }

    private static func guess(
        _ start: [UInt8], _ utf8: UTF8Check, _ zeros: ZeroPlaces, _ bytes: Int
    ) -> (TextEncoding, mark: Int) {
        if start.starts(with: [0xFF, 0xFE]) { return (.utf16LittleEndian, 2) }
        if start.starts(with: [0xFE, 0xFF]) { return (.utf16BigEndian, 2) }
        if start.starts(with: [0xEF, 0xBB, 0xBF]), utf8.isComplete { return (.utf8, 3) }
        // Without a mark, text of wide characters shows as NULs on one side of most pairs.
        if zeros.odd > bytes / 5, zeros.even == zeros.wide { return (.utf16LittleEndian, 0) }
        if zeros.even > bytes / 5, zeros.odd == zeros.wide { return (.utf16BigEndian, 0) }
        return (utf8.isComplete ? .utf8 : .windows1252, 0)
    }
}

/// Where NUL bytes stand: what tells UTF-16 from damage.
private struct ZeroPlaces {
    var odd = 0
    var even = 0
    /// Pairs of NULs at an even place: the NUL character of UTF-16.
    var wide = 0
    private var evenWasZero = false
    var count: Int { odd + even }

    mutating func feed(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) {
        for (index, byte) in bytes.enumerated() {
            if (offset + index) % 2 == 0 {
                evenWasZero = byte == 0
                if byte == 0 { even += 1 }
            } else if byte == 0 {
                odd += 1
                if evenWasZero { wide += 1 }
            }
        }
    }
}

/// A file's bytes, a block at a time.
struct FileBlocks: ~Copyable {
    private let descriptor: Int32
    private let path: String

    init(path: String) throws {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw InvalidInput(
                errno == ENOENT
                    ? "There is no file \(path)."
                    : "The file \(path) cannot be opened; check its permissions.")
        }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit { close(descriptor) }

    /// The next block, `nil` at the end.
    mutating func next() throws -> [UInt8]? {
        let descriptor = descriptor
        var failure: Int32 = 0
        let block = [UInt8](unsafeUninitializedCapacity: CSVFile.blockSize) { buffer, count in
            while count < buffer.count {
                let got = read(descriptor, buffer.baseAddress! + count, buffer.count - count)
                if got > 0 { count += got; continue }
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                return
            }
        }
        guard failure == 0 else {
            throw InvalidInput("The file \(path) cannot be read; is it a folder, or gone?")
        }
        return block.isEmpty ? nil : block
    }
}
