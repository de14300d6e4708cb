import Foundation
import Logging
import Postgres

/// What `up` has decided: addresses, files, and whose texts they are.
struct UpPlan: Sendable {
    let folder: DataDirectory
    let settings: Settings
    let publicURL: String
    let carrierPort: Int
    /// No provider is configured, so a carrier of our own stands in for one.
    let isSimulated: Bool
    private let variables: [String: String]

    var carrierURL: String { "http://127.0.0.1:\(carrierPort)" }

    init(folder: DataDirectory, configFile: String?, postgres: PrivatePostgres) async throws {
        let given = try await Settings.load(file: configFile)
        isSimulated =
            (given.value("PROVIDER") ?? "simulated") == "simulated"
            && given.value("TWILIO_ACCOUNT_SID") == nil
        // Before its port is looked at.
        CarrierChild.endOrphan(folder)
        carrierPort = FreePort.near(8_099)
        var chosen = [
            "SECRET_FILE": folder.file("secret"),
            "PERMIT_DIR": folder.file("permits"),
            "LISTEN": "127.0.0.1:\(FreePort.near(8_080))",
        ]
        if isSimulated {
            chosen["PROVIDER"] = "simulated"
            chosen["TWILIO_ACCOUNT_SID"] = CarrierChild.accountSID
            chosen["TWILIO_AUTH_TOKEN"] = try Self.token(folder)
            chosen["TWILIO_API_URL"] = "http://127.0.0.1:\(carrierPort)"
        }
        try? FileManager.default.createDirectory(
            atPath: folder.file("permits"), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let defaults = Dictionary(
            uniqueKeysWithValues: chosen.map { (Settings.prefix + $0, $1) })
        // The database is ours whatever else is configured: that is what `up` means.
        var environment = ProcessInfo.processInfo.environment
        environment[Settings.prefix + "DATABASE_URL"] = postgres.url
        settings = try await Settings.load(
            file: configFile, environment: environment, defaults: defaults)
        publicURL = try settings.publicURL()
        self.folder = folder
        variables = defaults.merging(
            [Settings.prefix + "DATABASE_URL": postgres.url], uniquingKeysWith: { $1 })
    }

    func migrate() async throws {
        let migrations = try Migrations(directory: MigrationDirectory.find(settings))
        let database = try Database(
            url: settings.databaseURL(), size: 1, applicationName: "barnstorm up")
        do {
            try await database.withConnection { _ = try await migrations.run(on: $0) }
        } catch {
            await database.close()
            throw error
        }
        await database.close()
    }

    /// - Parameter hook: where people's answers go, from ``UpSeed``.
    func startCarrier(hook: String?) async throws -> CarrierChild? {
        guard isSimulated else { return nil }
        let inbound = hook.map { "\(publicURL)/hooks/simulated/\($0)/inbound#rc=5&rp=all" }
        return try await CarrierChild.start(self, inboundURL: inbound)
    }

    /// Lets every other command find this installation by `--config`.
    func writeSettings() throws {
        let lines = variables.sorted { $0.key < $1.key }.map { name, fallback in
            let bare = String(name.dropFirst(Settings.prefix.count))
            return "\(name)=\(settings.value(bare) ?? fallback)"
        }
        let note = "# Written by 'barnstorm up' each time it starts."
        try folder.write(([note] + lines).joined(separator: "\n") + "\n", to: "settings")
    }

    /// What the simulated carrier signs webhooks with: minted once, kept by this user only.
    private static func token(_ folder: DataDirectory) throws -> String {
        if let kept = folder.read("carrier-token")?.trimmingCharacters(in: .newlines),
            kept.count == 32
        {
            return kept
        }
        var random = SystemRandomNumberGenerator()
        let token = (0..<16).map { _ in
            let byte = UInt8.random(in: .min ... .max, using: &random)
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        try folder.write(token + "\n", to: "carrier-token")
        return token
    }
}
