import Console
import Curl
import Foundation
import Hummingbird
import HummingbirdCore
import Ingress
import Logging
import Notices
import Postgres
import ServiceLifecycle
import Store

/// The web: pages, webhooks, health.
struct WebPart: Sendable {
    let services: [any Service]
    let databases: [Database]

    init(_ installation: Installation, address: ListenAddress) throws {
        let url = try installation.settings.databaseURL()
        let pages = try Database(
            url: url, size: 4, role: "barnstorm_web", applicationName: "barnstorm web")
        let hooks = try Database(
            url: url, size: 6, role: "barnstorm_ingress", applicationName: "barnstorm ingress")
        let desk = Self.desk(installation, hooks)
        let log = Logger(label: "barnstorm.ingress")
        let puller = InboundPuller(
            desk: desk, webhooks: Webhooks(database: hooks),
            engine: CurlEngine(maximumInFlight: 2), log: log,
            accounts: { try await Self.accounts(installation, hooks) })
        let ingress = IngressService(
            desk: desk, chores: Chore.standard(database: hooks, log: log) + [puller.chore])
        let router = Router(context: ConsoleContext.self)
        HealthRoutes(database: pages, metrics: .shared).add(to: router)
        try Self.console(installation, pages).add(to: router)
        let application = Application(
            router: router,
            server: .http1(
                configuration: .init(additionalChannelHandlers: [HooksInstaller(desk: desk)])),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: "barnstorm"),
            logger: Logger(label: "barnstorm.web"))
        // Ingress first: services end in reverse, so that what was taken is still committed.
        services = [StateGauges(database: hooks), ingress, application]
        databases = [pages, hooks]
    }

    private static func console(
        _ installation: Installation, _ database: Database
    ) throws -> Console {
        let settings = installation.settings
        var notifier: Notifier?
        if let server = settings.value("SMTP_URL") {
            do {
                let mailer = try Mailer(url: server, engine: CurlEngine(maximumInFlight: 4))
                notifier = Notifier(mailer: mailer, push: nil)
            } catch {
                throw CommandFailure.usage("\(error)")
            }
        }
        return try Console(
            store: PageStore(database: database, secret: installation.secret),
            publicURL: settings.publicURL(), notifier: notifier)
    }

    private static func desk(_ installation: Installation, _ database: Database) -> HookDesk {
        let zoneSets = ZoneSets(database: database)
        let reception = Reception(
            database: database, numberHashKey: installation.secret.key(.numberHash),
            zoneSets: { try await zoneSets.ids($0) })
        return HookDesk(
            database: database, reception: reception, log: Logger(label: "barnstorm.ingress")
        ) { try await accounts(installation, database) }
    }

    private static func accounts(
        _ installation: Installation, _ database: Database
    ) async throws -> [HookAccount] {
        try await installation.accounts(in: database).map { opened, provider in
            HookAccount(
                id: opened.account.id, hook: opened.account.hook, provider: provider,
                callbackKey: opened.callbackKey)
        }
    }
}
