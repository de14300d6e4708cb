import Glibc
import Logging
import NIOCore
import Postgres
import ServiceLifecycle

/// Web and worker in one process, alive until a signal or until one of them ends.
struct Server: Sendable {
    private let services: [any Service]
    private let databases: [Database]
    private let address: ListenAddress
    private let logger = Logger(label: "barnstorm")

    /// - Throws: ``CommandFailure``: the database is missing, older or newer than this program.
    init(_ settings: Settings, parts: Set<ServeCommand.Part>) async throws {
        address = try settings.listen()
        _ = try settings.publicURL()
        let installation = try await Self.prepare(settings)
        var services: [any Service] = []
        var databases: [Database] = []
        if parts.contains(.worker) {
            let worker = try WorkerPart(installation)
            services.append(worker.service)
            services.append(
                AnchorService(
                    desk: try AnchorDesk(
                        settings, database: worker.database,
                        seed: installation.secret.key(.signing))))
            services.append(
                try RetentionService(
                    database: worker.database, seed: installation.secret.key(.signing)))
            databases.append(worker.database)
        }
        if parts.contains(.web) {
            let web = try WebPart(installation, address: address)
            services += web.services
            databases += web.databases
        }
        self.services = services
        self.databases = databases
    }

    /// Runs until SIGTERM or SIGINT, or until the task is asked to stop; then everything has 15 s
    /// to finish what is in flight. Services end in reverse order.
    ///
    /// - Parameter more: what runs beside, and ends first.
    func run(beside more: [any Service] = [], catchesSignals: Bool = true) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services + more,
            gracefulShutdownSignals: catchesSignals ? [.sigterm, .sigint] : [], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(14)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw cannotListen(error)
        }
        for database in databases { await database.close() }
    }

    /// Checks the schema and brings in the account that the environment describes.
    private static func prepare(_ settings: Settings) async throws -> Installation {
        let database = try Database(
            url: settings.databaseURL(), size: 1, applicationName: "barnstorm start")
        do {
            let migrations = try Migrations(directory: MigrationDirectory.find(settings))
            let missing = try await database.withConnection { try await migrations.pending(on: $0) }
            guard missing.isEmpty else {
                throw CommandFailure.unavailable(
                    "The database lacks \(missing.count) migrations; run 'barnstorm migrate'.")
            }
            let installation = try Installation(settings)
            try await installation.seedAccount(in: database)
            await database.close()
            return installation
        } catch {
            await database.close()
            throw error
        }
    }

    private func cannotListen(_ error: IOError) -> CommandFailure {
        if error.errnoCode == EADDRINUSE {
            return .unavailable(
                "Another program listens on \(address.host):\(address.port); end it, or set "
                    + "BARNSTORM_LISTEN to a free port.")
        }
        return .unavailable(
            "This machine cannot listen on \(address.host):\(address.port) "
                + "(\(String(cString: strerror(error.errnoCode)))); correct BARNSTORM_LISTEN.")
    }
}
