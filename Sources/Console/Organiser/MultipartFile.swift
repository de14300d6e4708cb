import Foundation
import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

/// The one file of a form, streamed to disk while it arrives (RFC 7578); memory stays flat.
///
/// Fields before the file are read too; what follows it is thrown away. A body that ends early
/// leaves nothing behind.
struct MultipartFile: Sendable {
    let path: String
    let name: String
    let bytes: Int
    /// Fields that stood before the file, cut at ``fieldMax`` octets each.
    var fields: [String: String] = [:]

    enum Failure: Error {
        /// Not a form with a file, or one that ends in the middle.
        case broken
        /// No file was chosen.
        case missing
        case tooLarge
        case noRoom
    }

    /// 2 GB: some 30 million rows.
    static let bytesMax = 2_000_000_000
    private static let headMax = 8_192
    /// Octets of a plain field that are kept.
    static let fieldMax = 4_096

    /// Reads the body of `request`.
    ///
    /// - Parameters:
    ///   - folder: where the file goes, under a random name.
    ///   - limit: octets of the file at most.
    static func receive(
        _ request: Request, into folder: String, limit: Int = bytesMax
    ) async throws -> MultipartFile {
        guard let boundary = boundary(request.headers[.contentType]) else { throw Failure.broken }
        var parser = Parser(boundary: boundary)
        let path = "\(folder)/\(UUID().uuidString.lowercased()).csv"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure.noRoom }
        var isKept = false
        defer {
            close(descriptor)
            if !isKept { unlink(path) }
        }
        var bytes = 0
        for try await buffer in request.body {
            let piece = try parser.feed(buffer)
            bytes += piece.count
            guard bytes <= limit else { throw Failure.tooLarge }
            guard write(piece, to: descriptor) else { throw Failure.noRoom }
        }
        guard parser.isComplete else { throw Failure.broken }
        guard bytes > 0 else { throw Failure.missing }
        isKept = true
        return MultipartFile(
            path: path, name: parser.fileName, bytes: bytes, fields: parser.fields)
    }

    private static func write(_ piece: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        piece.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(
                    descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
    }

    private static func boundary(_ type: String?) -> [UInt8]? {
        guard let type, type.lowercased().hasPrefix("multipart/form-data"),
            let sign = type.firstRange(of: "boundary=")
        else { return nil }
        let text = type[sign.upperBound...].prefix { $0 != ";" }
            .trimmingCharacters(in: CharacterSet(charactersIn: "\" "))
        guard (1...70).contains(text.utf8.count) else { return nil }
        return Array("\r\n--\(text)".utf8)
    }

    /// Cuts the stream at its boundaries; what it keeps back is shorter than one of them.
    private struct Parser {
        private let boundary: [UInt8]
        private var kept: [UInt8] = Array("\r\n".utf8)
        private var state = State.between
        private(set) var fileName = "list.csv"
        private(set) var isComplete = false
        private(set) var fields: [String: String] = [:]
        /// The plain field that is being read, and its octets so far.
        private var field: (name: String, value: [UInt8])?

        private enum State { case between, head, file, skipped, done }

        init(boundary: [UInt8]) { self.boundary = boundary }

        /// - Returns: octets of the file.
        mutating func feed(_ buffer: ByteBuffer) throws -> ArraySlice<UInt8> {
            kept.append(contentsOf: buffer.readableBytesView)
            var file: [UInt8] = []
            var position = 0
            scan: while true {
                switch state {
                case .between, .skipped, .file:
                    let found = Self.find(boundary, in: kept, from: position)
                    // A line break and hyphens that may be the start of a boundary stay.
                    let end = found ?? max(position, kept.count - boundary.count)
                    if state == .file { file.append(contentsOf: kept[position..<end]) }
                    if state == .skipped { keep(kept[position..<end]) }
                    position = end
                    guard let found else { break scan }
                    if state == .file { isComplete = true }
                    if let field {
                        fields[field.name] = String(decoding: field.value, as: UTF8.self)
                    }
                    field = nil
                    position = found + boundary.count
                    state = state == .file ? .done : .head
                case .head:
                    let end = Self.find(Array("\r\n\r\n".utf8), in: kept, from: position)
                    guard let end else {
                        if kept.count - position > MultipartFile.headMax { throw Failure.broken }
                        if kept[position...].starts(with: Array("--".utf8)) {
                            throw Failure.missing
                        }
                        break scan
                    }
                    read(head: String(decoding: kept[position..<end], as: UTF8.self))
                    // The break before the next boundary may follow at once.
                    position = end + 4
                    if Self.starts(boundary, kept, at: end + 2) { position = end + 2 }
                case .done:
                    position = kept.count
                    break scan
                }
            }
            kept.removeFirst(position)
            return file[...]
        }

        private mutating func keep(_ octets: ArraySlice<UInt8>) {
            let room = MultipartFile.fieldMax - (field?.value.count ?? 0)
            field?.value.append(contentsOf: octets.prefix(max(0, room)))
        }

        private mutating func read(head: String) {
            guard let sign = head.firstRange(of: "filename=\"") else {
                if let name = head.firstRange(of: "name=\"") {
                    field = (String(head[name.upperBound...].prefix { $0 != "\"" }), [])
                }
                state = .skipped
                return
            }
            let name = head[sign.upperBound...].prefix { $0 != "\"" }
            let last = name.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
            let plain = String(
                last.unicodeScalars.filter { $0.value >= 32 }.prefix(200).map(Character.init))
            fileName = plain.isEmpty ? "list.csv" : plain
            state = .file
        }

        private static func starts(_ needle: [UInt8], _ hay: [UInt8], at place: Int) -> Bool {
            hay.count - place >= needle.count && hay[place...].starts(with: needle)
        }

        /// The first octet is found by the machine's fastest search; a file has few line breaks
        /// for its size.
        private static func find(_ needle: [UInt8], in hay: [UInt8], from start: Int) -> Int? {
            hay.withUnsafeBytes { bytes in
                needle.withUnsafeBytes { wanted in
                    guard let base = bytes.baseAddress, let first = wanted.first else { return nil }
                    var place = start
                    let last = bytes.count - wanted.count
                    while place <= last {
                        guard let hit = memchr(base + place, Int32(first), last - place + 1) else {
                            return nil
                        }
                        place = UnsafeRawPointer(hit) - base
                        if memcmp(base + place, wanted.baseAddress!, wanted.count) == 0 {
                            return place
                        }
                        place += 1
                    }
                    return nil
                }
            }
        }
    }
}
