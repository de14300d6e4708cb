import Foundation
import Logging

/// Writes each event as one line to standard error: logfmt for people, or JSON for collectors.
///
/// A line is a fixed sentence and snake_case metadata. Control characters (line breaks, ANSI
/// sequences) are encoded, so that nothing from outside starts a line of its own. As a last net,
/// what looks like a phone number in E.164 is blanked: callers log ids, never numbers or texts.
struct LineLogHandler: LogHandler {
    enum Format: String, Sendable { case logfmt, json }

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    let label: String
    let format: Format
    let write: @Sendable (String) -> Void

    init(
        label: String, level: Logger.Level, format: Format,
        write: @escaping @Sendable (String) -> Void = { StandardError.write($0) }
    ) {
        self.label = label
        logLevel = level
        self.format = format
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        var pairs: [(String, String)] = [
            ("at", Date().formatted(Output.instant)),
            ("level", event.level.rawValue),
            ("label", label),
            ("message", Self.withoutNumbers("\(event.message)")),
        ]
        for (key, value) in all.sorted(by: { $0.key < $1.key }) {
            pairs.append((key, Self.withoutNumbers("\(value)")))
        }
        let line = format == .json ? Self.json(pairs) : Self.logfmt(pairs)
        write(line + "\n")
    }

    /// Blanks `+` followed by seven digits or more.
    static func withoutNumbers(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "+")) else { return text }
        return text.replacing(/\+[0-9]{7,15}/, with: "+…")
    }

    private static func logfmt(_ pairs: [(String, String)]) -> String {
        pairs.map { key, value in "\(key)=\(isBare(value) ? value : quoted(value))" }
            .joined(separator: " ")
    }

    private static func json(_ pairs: [(String, String)]) -> String {
        "{" + pairs.map { key, value in "\(quoted(key)):\(quoted(value))" }.joined(separator: ",")
            + "}"
    }

    private static func isBare(_ value: String) -> Bool {
        !value.isEmpty
            && value.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value < 0x7F && $0 != "\"" && $0 != "=" && $0 != "\\"
            }
    }

    /// A JSON string, which logfmt readers understand as well. C1 controls and the line
    /// separators of Unicode are encoded too: some terminals obey them.
    static func quoted(_ value: String) -> String {
        var out = "\""
        for scalar in value.unicodeScalars {
            switch scalar.value {
            case 0x22: out += "\\\""
            case 0x5C: out += "\\\\"
            case 0x0A: out += "\\n"
            case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// Sends the log of every room to ``LineLogHandler``; once per process.
enum Logs {
    /// `BARNSTORM_LOG_LEVEL` (default info) and `BARNSTORM_LOG_FORMAT` (logfmt or json).
    ///
    /// - Throws: ``CommandFailure`` 64 for a value that neither has.
    static func bootstrap(_ settings: Settings, level fallback: Logger.Level = .info) throws {
        guard let level = Logger.Level(rawValue: settings.value("LOG_LEVEL") ?? fallback.rawValue)
        else {
            throw CommandFailure.usage(
                "BARNSTORM_LOG_LEVEL is none of trace, debug, info, notice, warning, error, critical."
            )
        }
        guard
            let format = LineLogHandler.Format(
                rawValue: settings.value("LOG_FORMAT") ?? LineLogHandler.Format.logfmt.rawValue)
        else { throw CommandFailure.usage("BARNSTORM_LOG_FORMAT is neither logfmt nor json.") }
        LoggingSystem.bootstrap { LineLogHandler(label: $0, level: level, format: format) }
    }
}
