import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// The log as a file, streamed: memory stays flat however long it is.
struct LedgerExport: Sendable {
    enum Format: String { case csv, jsonl }

    let ledger: Ledger
    let filter: LedgerFilter
    let format: Format
    let organisation: Int32
    /// The line that says it was taken: what comes later is not in it.
    let upTo: Int

    private static let pageSize = 1_000

    var response: Response {
        let type =
            format == .csv ? "text/csv; charset=utf-8; header=present" : "application/jsonl"
        return Response(
            status: .ok,
            headers: [
                .contentType: type,
                .contentDisposition: "attachment; filename=\"ledger-\(upTo).\(format.rawValue)\"",
            ],
            body: ResponseBody { writer in
                if format == .csv { try await writer.write(Self.buffer(CSV.line(Self.columns))) }
                var before = upTo + 1
                while true {
                    let rows = try await ledger.search(
                        filter, organisation: organisation, before: before, limit: Self.pageSize)
                    let text = rows.map { format == .csv ? Self.csv($0) : Self.json($0) }.joined()
                    if !text.isEmpty { try await writer.write(Self.buffer(text)) }
                    guard rows.count == Self.pageSize, let last = rows.last else { break }
                    before = last.seq
                }
                try await writer.finish(nil)
            })
    }

    private static let columns = [
        "line", "at_utc", "kind", "contact", "source", "decision", "rule", "version", "reason",
        "member", "received_at_utc", "effective_at_utc", "honoured_seconds", "confirmed_at_utc",
        "hash_sha256",
    ]

    private static func csv(_ row: LedgerRow) -> String {
        let details = row.details
        func instant(_ key: String) -> String {
            details[key].flatMap(Double.init).map {
                Date(timeIntervalSince1970: $0).formatted(Self.instant)
            } ?? ""
        }
        return CSV.line([
            "\(row.seq)", row.at.formatted(Self.instant), row.kind, row.contact?.text ?? "",
            details["source"] ?? "", details["decision"] ?? "", details["rule"] ?? "",
            details["version"] ?? "", details["reason"] ?? "", row.member ?? "",
            instant("received_at"), instant("effective_at"),
            row.honouredIn.map { String(format: "%.3f", $0 / .seconds(1)) } ?? "",
            row.confirmedAt?.formatted(Self.instant) ?? "", row.hash.hex,
        ])
    }

    /// The entry as the text that is hashed, so that whoever has the file can hash it again.
    private static func json(_ row: LedgerRow) -> String {
        struct Line: Encodable {
            var line: Int
            var hash: String
            var entry: String
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(line: row.seq, hash: row.hash.hex, entry: row.entry)
        return (try? encoder.encode(line)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
    }

    private static let instant = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    private static func buffer(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }
}

/// Files that a spreadsheet may open without being told what to do (RFC 4180; ASVS 1.2.10).
enum CSV {
    static func line(_ fields: [String]) -> String {
        fields.map(field).joined(separator: ",") + "\r\n"
    }

    /// A field that a spreadsheet would take for a formula begins with an apostrophe.
    static func field(_ text: String) -> String {
        let isFormula = text.first.map { "=+-@\t\r\n＝＋－＠".contains($0) } ?? false
        let safe = isFormula ? "'" + text : text
        let needsQuotes = isFormula || safe.contains { "\",\r\n".contains($0) || $0 == "\r\n" }
        return needsQuotes ? "\"" + safe.replacing("\"", with: "\"\"") + "\"" : safe
    }
}
