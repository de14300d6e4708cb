import Configuration
import Foundation

/// What `BARNSTORM_*` variables, or a file given by `--config`, say; the variable wins.
///
/// The file has the variables' own form, `BARNSTORM_LISTEN=0.0.0.0:8080` a line, `#` before a
/// comment: systemd's EnvironmentFile reads it too. An empty value counts as not set.
struct Settings: Sendable {
    private let reader: ConfigReader
    /// Every name that has a value somewhere.
    private let names: Set<String>
    /// Names found that no setting has: most often a spelling mistake, which `doctor` reports.
    let unknownNames: [String]

    /// - Parameter defaults: what holds where neither variable nor file says anything.
    /// - Throws: ``CommandFailure``, code 65, if the file cannot be read.
    static func load(
        file: String?, environment: [String: String] = ProcessInfo.processInfo.environment,
        defaults: [String: String] = [:]
    ) async throws -> Settings {
        let filled = environment.filter { !$0.value.isEmpty }
        var providers: [any ConfigProvider] = [
            EnvironmentVariablesProvider(environmentVariables: filled, secretsSpecifier: secrets)
        ]
        var names = Array(filled.keys)
        if let file {
            let lines = try variables(in: file)
            names += lines.keys
            providers.append(
                EnvironmentVariablesProvider(
                    environmentVariables: lines, secretsSpecifier: secrets))
        }
        providers.append(
            EnvironmentVariablesProvider(environmentVariables: defaults, secretsSpecifier: secrets))
        names += defaults.keys
        return Settings(
            reader: ConfigReader(providers: providers), names: Set(names),
            unknownNames: Set(names).filter { $0.hasPrefix(prefix) && !isKnown($0) }.sorted())
    }

    /// The value of `BARNSTORM_<name>`, for settings that belong to one provider.
    func value(_ name: String) -> String? {
        let key = (Self.prefix + name).lowercased().split(separator: "_").map(String.init)
        return reader.string(forKey: ConfigKey(key), isSecret: true)
    }

    /// What stands behind a provider's name, e.g. `account_sid` for BARNSTORM_TWILIO_ACCOUNT_SID.
    func values(below group: String) -> [String: String] {
        let start = Self.prefix + group + "_"
        return names.filter { $0.hasPrefix(start) }.reduce(into: [:]) { found, name in
            let bare = String(name.dropFirst(start.count))
            found[bare.lowercased()] = value(group + "_" + bare)
        }
    }

    static let prefix = "BARNSTORM_"
    private static let secrets = SecretsSpecifier<String, String>.dynamic { name, _ in
        name.hasPrefix(prefix)
    }

    private static func isKnown(_ name: String) -> Bool {
        let bare = name.dropFirst(prefix.count)
        return known.contains(String(bare)) || providerNames.contains { bare.hasPrefix($0 + "_") }
    }

    /// Settings of the whole program; each provider has its own behind its name.
    static let known: Set<String> = [
        "DATABASE_URL", "LISTEN", "PUBLIC_URL", "SECRET_FILE", "SMTP_URL", "PROVIDER", "LOG_LEVEL",
        "LOG_FORMAT", "MIGRATIONS", "PERMIT_DIR", "DATABASE_CONNECTIONS", "ANCHOR_DIR",
        "ANCHOR_MAIL",
    ]
    static let providerNames = ["TWILIO", "TELNYX", "BANDWIDTH", "VONAGE", "PLIVO", "SIMULATED"]

    /// Reads the file itself so that a line that is neither setting nor comment is named.
    private static func variables(in file: String) throws -> [String: String] {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandFailure.badData(
                "The settings file \(file) cannot be read; check the path given by --config.")
        }
        guard let text = String(validating: data, as: UTF8.self), !text.contains("\0") else {
            throw CommandFailure.badData("The settings file \(file) is not UTF-8 text.")
        }
        var found: [String: String] = [:]
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = raw.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let sign = line.firstIndex(of: "="), line.hasPrefix(prefix) else {
                throw CommandFailure.badData(
                    "Line \(index + 1) of \(file) is not of the form \(prefix)NAME=value.")
            }
            let value = line[line.index(after: sign)...].trimmingCharacters(in: .whitespaces)
            if !value.isEmpty { found[String(line[..<sign])] = unquoted(value) }
        }
        return found
    }

    private static func unquoted(_ value: String) -> String {
        for quote in ["\"", "'"] where value.count >= 2 {
            if value.hasPrefix(quote) && value.hasSuffix(quote) {
                return String(value.dropFirst().dropLast())
            }
        }
        return value
    }
}
