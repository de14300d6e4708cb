import Foundation
import Postgres
import Providers
import Store

/// A scratch database and a simulated carrier for one measurement.
struct BenchHouse: Sendable {
    let database: Database
    let databaseURL: String
    let carrier: CarrierProcess
    private let name: String
    private let serverURL: String

    /// Makes both; ``close()`` removes them.
    ///
    /// - Parameters:
    ///   - knobs: the carrier's settings, in the form of `/_control/knobs`.
    ///   - log: where the carrier writes down what it took.
    static func open(
        _ settings: Settings, knobs: String, log: String? = nil
    ) async throws -> BenchHouse {
        let server = try settings.databaseURL()
        let name = "\(prefix)\(getpid())_\(UInt32.random(in: 0...UInt32.max))"
        try await administer(server) { connection in
            try await clear(connection)
            try await connection.script("CREATE DATABASE \(name)")
        }
        let url = try address(of: name, on: server)
        let database = try Database(url: url, size: 10, applicationName: "barnstorm bench")
        let migrations = try Migrations(directory: MigrationDirectory.find(settings))
        _ = try await database.withConnection { try await migrations.run(on: $0) { _ in } }
        return BenchHouse(
            database: database, databaseURL: url,
            carrier: try await CarrierProcess.start(knobs: knobs, log: log),
            name: name, serverURL: server)
    }

    func close() async throws {
        carrier.stop()
        await database.close()
        try await Self.administer(serverURL) {
            try await $0.script("DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
        }
    }

    private static let prefix = "barnstorm_bench_"

    /// Drops what measurements left behind that were killed: their process is gone and nobody is
    /// connected.
    private static func clear(_ connection: Connection) async throws {
        let names = try await connection.rows(
            """
            SELECT datname::text FROM pg_database d WHERE starts_with(datname, \(prefix))
                AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
            """
        ) { try $0.value(0) as String }
        for name in names {
            let process = name.dropFirst(prefix.count).split(separator: "_").first ?? ""
            guard let pid = Int32(process), kill(pid, 0) != 0, errno == ESRCH else { continue }
            try await connection.script("DROP DATABASE IF EXISTS \(name)")
        }
    }

    private static func administer(
        _ url: String, _ body: @Sendable (Connection) async throws -> Void
    ) async throws {
        let database = try Database(url: url, size: 1, applicationName: "barnstorm bench")
        try await database.withConnection { try await body($0) }
        await database.close()
    }

    static func address(of name: String, on server: String) throws -> String {
        guard var parts = URLComponents(string: server), parts.scheme != nil else {
            return server + " dbname=\(name)"
        }
        parts.path = "/" + name
        return parts.string ?? server
    }
}

/// The simulated carrier as a child process.
final class CarrierProcess: Sendable {
    let url: String
    let processID: Int32
    private let stopper: @Sendable () -> Void

    private init(url: String, processID: Int32, stopper: @escaping @Sendable () -> Void) {
        self.url = url
        self.processID = processID
        self.stopper = stopper
    }

    static let accountSid = "AC5117a7ed0000000000000000000000cc"
    static let authToken = "simulated-carrier-token"

    /// Starts it on a free port and waits for its address.
    static func start(knobs: String, log: String?) async throws -> CarrierProcess {
        let file = NSTemporaryDirectory() + "barnstorm-knobs-\(UUID().uuidString).json"
        try Data(knobs.utf8).write(to: URL(fileURLWithPath: file))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments =
            ["carrier", "--port", "0", "--json", "--knobs", file]
            + (log.map { ["--log", $0] } ?? [])
        process.environment = ProcessInfo.processInfo.environment
            .merging(ParentWatch.environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        guard let line = firstLine(output.fileHandleForReading),
            let facts = try? JSONDecoder().decode([String: String].self, from: line),
            let url = facts["url"]
        else {
            process.terminate()
            throw CommandFailure.unavailable("The simulated carrier did not start.")
        }
        return CarrierProcess(url: url, processID: process.processIdentifier) {
            process.terminate()
            process.waitUntilExit()
        }
    }

    func stop() { stopper() }

    private static func firstLine(_ handle: FileHandle) -> Data? {
        var line = Data()
        while let byte = try? handle.read(upToCount: 1), !byte.isEmpty {
            if byte[byte.startIndex] == 0x0A { return line }
            line.append(byte)
        }
        return nil
    }
}
