import Foundation
import Glibc

/// What a command prints: sentences and tables for people, or JSON for programs.
struct Output: Sendable {
    /// True where `--json` was given.
    let isJSON: Bool

    /// One line for people; silent under `--json`.
    func line(_ text: String = "") {
        if !isJSON { StandardOutput.write(text + "\n") }
    }

    /// One JSON document, or one line of JSON Lines; silent without `--json`.
    func json(_ value: some Encodable) throws {
        if isJSON { StandardOutput.write(try Self.encoder.encode(value) + [0x0A]) }
    }

    /// A fact in the form that was asked for.
    func print(_ value: some Encodable, _ text: @autoclosure () -> String) throws {
        if isJSON { try json(value) } else { line(text()) }
    }

    /// A table for people: columns as wide as their widest cell, the last one free.
    func table(_ header: [String], _ rows: [[String]]) {
        guard !isJSON else { return }
        let widths = header.indices.map { column in
            ([header] + rows).map { $0[column].count }.max() ?? 0
        }
        for row in [header] + rows {
            let cells = zip(row, widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }
            let text = cells.joined(separator: "  ")
            line(String(text.reversed().drop { $0 == " " }.reversed()))
        }
    }

    /// ISO 8601 in UTC with milliseconds.
    static let instant = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// Keys in snake case and sorted, instants as ISO 8601 with milliseconds.
    static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, target in
            var container = target.singleValueContainer()
            try container.encode(date.formatted(Self.instant))
        }
        return encoder
    }()
}

/// Standard output, written whole. A reader that went away ends the process quietly, as it would in
/// any pipeline.
enum StandardOutput {
    static func write(_ text: String) { write(Array(text.utf8)) }

    static func write(_ bytes: some Sequence<UInt8>) {
        writeAll(Array(bytes), to: STDOUT_FILENO)
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

/// Standard error, for sentences and progress.
enum StandardError {
    static func write(_ text: String) { writeAll(Array(text.utf8), to: STDERR_FILENO) }

    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if errno == EPIPE && descriptor == STDOUT_FILENO {
            exit(ExitStatus.done.rawValue)
        } else if errno != EINTR && errno != EAGAIN {
            return
        }
    }
}
