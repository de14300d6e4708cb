import Foundation
import Logging
import Postgres
import Sending
import ServiceLifecycle
import Store

/// The worker with everything it is given from outside its room.
struct WorkerPart: Sendable {
    let service: any Service
    let database: Database

    init(_ installation: Installation) throws {
        let settings = installation.settings
        let database = try Database(
            url: settings.databaseURL(), size: 8, role: "barnstorm_worker",
            applicationName: "barnstorm worker")
        let draw = Draw(database: database, zoneSets: ZoneSets(database: database))
        service = SendWorker(
            store: SendStore(database: database),
            settings: SendWorkerSettings(
                permitDirectory: try Self.permitDirectory(settings),
                host: ProcessInfo.processInfo.hostName),
            accounts: { try await Self.accounts(installation, database) },
            draw: PacedDraw { campaign, count, closes in
                try await draw.paced(
                    organisation: campaign.organisation, campaign: campaign.id,
                    limit: min(count, 1_000), closes: closes
                ).count
            },
            logger: Logger(label: "barnstorm.worker"))
        self.database = database
    }

    private static func accounts(
        _ installation: Installation, _ database: Database
    ) async throws -> [WorkerAccount] {
        try await installation.accounts(in: database).map { opened, provider in
            WorkerAccount(
                id: opened.account.id, provider: provider, callbackKey: opened.callbackKey,
                inFlightMax: Int(opened.account.inFlightMax),
                segmentsPerSecond: opened.account.segmentsPerSecond.map(Double.init))
        }
    }

    /// Where permit files live: a local file system that outlives the process. /dev/shm is a tmpfs
    /// on every Linux and outside any container layer.
    private static func permitDirectory(_ settings: Settings) throws -> String {
        let path = settings.value("PERMIT_DIR") ?? "/dev/shm/barnstorm-\(geteuid())"
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure.unavailable(
                "The folder \(path) cannot be made; set BARNSTORM_PERMIT_DIR to a local folder.")
        }
        return path
    }
}
