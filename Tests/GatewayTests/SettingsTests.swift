import Foundation
import Testing

@testable import Gateway

@Suite struct SettingsTests {
    @Test func `a variable wins over the file`() async throws {
        let file = try scratchFile("BARNSTORM_LISTEN=10.0.0.1:1\nBARNSTORM_PROVIDER=twilio\n")

        let settings = try await Settings.load(
            file: file, environment: ["BARNSTORM_LISTEN": "127.0.0.1:9"])

        #expect(settings.value("LISTEN") == "127.0.0.1:9")
        #expect(settings.value("PROVIDER") == "twilio")
    }

    @Test func `an empty variable does not hide the file`() async throws {
        let file = try scratchFile("# ours\n\nBARNSTORM_PUBLIC_URL='https://texts.example.org/'\n")

        let settings = try await Settings.load(
            file: file, environment: ["BARNSTORM_PUBLIC_URL": ""])

        #expect(try settings.publicURL() == "https://texts.example.org")
    }

    @Test func `a provider's own setting is found by its name`() async throws {
        let settings = try await Settings.load(
            file: nil, environment: ["BARNSTORM_TWILIO_ACCOUNT_SID": "AC0"])

        #expect(settings.value("TWILIO_ACCOUNT_SID") == "AC0")
        #expect(settings.unknownNames.isEmpty)
    }

    @Test func `a misspelt name is reported`() async throws {
        let settings = try await Settings.load(
            file: nil, environment: ["BARNSTORM_DATABSE_URL": "x", "HOME": "/"])

        #expect(settings.unknownNames == ["BARNSTORM_DATABSE_URL"])
    }

    @Test func `a line that is no setting is named by its number`() async throws {
        let file = try scratchFile("BARNSTORM_PROVIDER=twilio\nlisten 80\n")

        let failure = await #expect(throws: CommandFailure.self) {
            try await Settings.load(file: file, environment: [:])
        }
        #expect(failure?.status == .badData)
        #expect(failure?.sentence?.hasPrefix("Line 2 of ") == true)
    }

    @Test(arguments: ["mysql://x", "localhost", "postgresql:/x"])
    func `a database address of another kind is wrong usage`(text: String) async throws {
        let settings = try await Settings.load(
            file: nil, environment: ["BARNSTORM_DATABASE_URL": text])

        let failure = #expect(throws: CommandFailure.self) { try settings.databaseURL() }
        #expect(failure?.status == .wrongUsage)
    }

    @Test func `a missing database address is wrong usage`() async throws {
        let settings = try await Settings.load(file: nil, environment: [:])

        let failure = #expect(throws: CommandFailure.self) { try settings.databaseURL() }
        #expect(failure?.status == .wrongUsage)
    }

    @Test(arguments: [
        ("0.0.0.0:80", "0.0.0.0", 80), ("[::1]:8080", "::1", 8080), ("localhost:0", "localhost", 0),
    ])
    func `an address to listen on`(text: String, host: String, port: Int) async throws {
        let settings = try await Settings.load(
            file: nil, environment: ["BARNSTORM_LISTEN": text])

        #expect(try settings.listen() == ListenAddress(host: host, port: port))
    }

    @Test(arguments: ["8080", ":8080", "host:", "host:65536", "host:-1", "host:http"])
    func `an address that cannot be listened on is refused`(text: String) async throws {
        let settings = try await Settings.load(
            file: nil, environment: ["BARNSTORM_LISTEN": text])

        #expect(throws: CommandFailure.self) { try settings.listen() }
    }
}

/// A file of its own below the temporary directory, with that text.
func scratchFile(_ text: String) throws -> String {
    let path = FileManager.default.temporaryDirectory
        .appendingPathComponent("barnstorm-\(UUID().uuidString)").path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
}
