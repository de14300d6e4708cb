import Foundation
import Postgres
import ServiceLifecycle
import Synchronization

/// Why ``UpService`` ended, kept apart because a service group wraps what its services throw.
final class UpEnding: Sendable {
    private let stored = Mutex<CommandFailure?>(nil)
    var failure: CommandFailure? { stored.withLock { $0 } }
    func note(_ error: any Error) { stored.withLock { $0 = CommandFailure(of: error) } }
}

/// Brings everything up in order, keeps it running, and takes it down in reverse.
struct UpService: Service {
    let folder: DataDirectory
    let configFile: String?
    let output: Output
    let isDemo: Bool
    let ending: UpEnding

    func run() async throws {
        do {
            let postgres = try await PrivatePostgres(data: folder.path)
            output.line("Starting PostgreSQL under \(folder.path)")
            try await postgres.start()
            do {
                if !Task.isShuttingDownGracefully { try await serve(postgres) }
            } catch {
                ending.note(error)
            }
            try await postgres.stop()
            output.line("Stopped. Run 'barnstorm up' again to go on.")
        } catch {
            ending.note(error)
        }
    }

    private func serve(_ postgres: PrivatePostgres) async throws {
        let plan = try await UpPlan(folder: folder, configFile: configFile, postgres: postgres)
        try await plan.migrate()
        // Seeds the account too, whose webhook address the carrier is told.
        let server = try await Server(plan.settings, parts: [.web, .worker])
        let database = try Database(
            url: plan.settings.databaseURL(), size: 4, applicationName: "barnstorm up")
        do {
            let seed = try await UpSeed.plant(plan, in: database)
            let carrier = try await plan.startCarrier(hook: seed.hook)
            try plan.writeSettings()
            await run(server, database, plan, seed)
            await carrier?.stop()
        } catch {
            ending.note(error)
        }
        await database.close()
    }

    private func run(
        _ server: Server, _ database: Database, _ plan: UpPlan, _ seed: UpSeed
    ) async {
        do {
            let links = UpLinks(plan, ownerPath: seed.ownerPath)
            try output.print(links, links.text)
            let demo = DemoService(
                plan: plan, seed: seed, database: database, output: output, ending: ending)
            try await server.run(beside: isDemo ? [demo] : [], catchesSignals: false)
        } catch {
            ending.note(error)
        }
    }
}

/// Where a person goes on once everything runs.
struct UpLinks: Encodable, Sendable {
    let web: String
    /// Signs the first owner in, once.
    let organise: String
    let carrier: String?
    let settings: String

    init(_ plan: UpPlan, ownerPath: String) {
        organise = plan.publicURL + ownerPath
        web = plan.publicURL
        carrier = plan.isSimulated ? plan.carrierURL : nil
        settings = plan.folder.file("settings")
    }

    var text: String {
        var lines = ["", "  Barnstorm            \(web)", "  Organise (once)      \(organise)"]
        if let carrier { lines.append("  Simulated carrier    \(carrier)") }
        lines.append("  Other commands       barnstorm campaign list --config \(settings)")
        lines.append("  Stop everything      Ctrl-C")
        return lines.joined(separator: "\n") + "\n"
    }
}
