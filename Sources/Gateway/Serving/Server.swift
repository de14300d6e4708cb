import Glibc
import Hummingbird
import Logging
import NIOCore
import Postgres
import ServiceLifecycle

/// Web and worker in one process, alive until a signal or until one of them ends.
struct Server: Sendable {
    private let services: [any Service]
    private let database: Database
    private let address: ListenAddress
    private let logger = Logger(label: "barnstorm")

    /// - Throws: ``CommandFailure``: the database is missing, older or newer than this program.
    init(_ settings: Settings, parts: Set<ServeCommand.Part>) async throws {
        address = try settings.listen()
        database = try await Self.openDatabase(settings)
        var services: [any Service] = []
        if parts.contains(.web) { services.append(try Self.web(settings, database)) }
        self.services = services
    }

    /// Runs until SIGTERM or SIGINT; then everything has 15 s to finish what is in flight.
    func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(14)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw CommandFailure.unavailable(
                "Another program listens on \(address.host):\(address.port); end it, or set "
                    + "BARNSTORM_LISTEN to a free port.")
        } catch let error as IOError {
            throw CommandFailure.unavailable(
                "This machine cannot listen on \(address.host):\(address.port) "
                    + "(\(String(cString: strerror(error.errnoCode)))); correct BARNSTORM_LISTEN.")
        }
        await database.close()
    }

    private static func openDatabase(_ settings: Settings) async throws -> Database {
        let database = try Database(
            url: settings.databaseURL(), size: 4, applicationName: "barnstorm web")
        let migrations = try Migrations(directory: MigrationDirectory.find(settings))
        let missing = try await database.withConnection { try await migrations.pending(on: $0) }
        guard missing.isEmpty else {
            throw CommandFailure.unavailable(
                "The database lacks \(missing.count) migrations; run 'barnstorm migrate'.")
        }
        return database
    }

    private static func web(_ settings: Settings, _ database: Database) throws -> some Service {
        let router = Router()
        HealthRoutes(database: database, metrics: .shared).add(to: router)
        _ = try settings.publicURL()
        router.get("/") { _, _ in "Barnstorm is running.\n" }
        let address = try settings.listen()
        return Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: "barnstorm"),
            logger: Logger(label: "barnstorm.web"))
    }
}
