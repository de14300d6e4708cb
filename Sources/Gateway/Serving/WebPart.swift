import Console
import Curl
import Foundation
import Hummingbird
import HummingbirdCore
import Ingress
import Logging
import Notices
import Postgres
import Secrets
import ServiceLifecycle
import Store
import Texting

/// The web: pages, webhooks, health.
struct WebPart: Sendable {
    let services: [any Service]
    let databases: [Database]

    init(_ installation: Installation, address: ListenAddress) throws {
        let url = try installation.settings.databaseURL()
        let pages = try Database(
            url: url, size: 8, role: "barnstorm_web", applicationName: "barnstorm web")
        let hooks = try Database(
            url: url, size: 6, role: "barnstorm_ingress", applicationName: "barnstorm ingress")
        // Lists of people take minutes: they have connections of their own.
        let lists = try Database(
            url: url, size: 4, role: "barnstorm_web", applicationName: "barnstorm lists")
        // A press never waits behind the pages of hundreds who begin at once.
        let presses = try Database(
            url: url, size: 2, role: "barnstorm_web", applicationName: "barnstorm presses")
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
        let console = try Self.console(
            installation, pages, lists: lists, presses: presses,
            pictures: Self.pictures(installation, hooks))
        console.add(to: router)
        let application = Application(
            router: router,
            server: .http1(
                configuration: .init(additionalChannelHandlers: [HooksInstaller(desk: desk)])),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: "barnstorm"),
            logger: Logger(label: "barnstorm.web"))
        // Ingress first: services end in reverse, so that what was taken is still committed.
        let notices = console.notices(Subscriptions(database: hooks)).map { [$0] } ?? []
        services =
            [StateGauges(database: hooks), ingress] + notices
            + [
                console.reminders(Volunteers(database: hooks)), console.listener(hooks),
                application,
            ]
        databases = [pages, lists, presses, hooks]
        Self.warmUp()
    }

    /// Builds the tables that the first text and the first number would wait for, while nobody
    /// waits: 6 s in a debug build.
    private static func warmUp() {
        Task.detached(priority: .utility) {
            _ = Reply("Good morning").meaning
            _ = PhoneNumber("+12125550100", regions: ["US"])?.zones
        }
    }

    private static func console(
        _ installation: Installation, _ database: Database, lists: Database,
        presses: Database, pictures: Pictures
    ) throws -> Console {
        let settings = installation.settings
        return try Console(
            store: PageStore(
                database: database, secret: installation.secret, imports: lists,
                presses: presses),
            publicURL: settings.publicURL(), notifier: notifier(installation), pictures: pictures)
    }

    /// Pictures of texts, from the provider of the account that got them; sent on once at most.
    private static func pictures(_ installation: Installation, _ database: Database) -> Pictures {
        let engine = CurlEngine(maximumInFlight: 4)
        return Pictures { account, url in
            let accounts = try await installation.accounts(in: database)
            guard
                let provider = accounts.first(where: { $0.opened.account.id == account })?.provider,
                let request = provider.mediaRequest(url, isSentOn: false),
                case .response(var answer) = await engine.perform(request)
            else { return nil }
            if (300..<400).contains(answer.status) {
                guard
                    let request = answer.header("Location").flatMap({
                        provider.mediaRequest($0, isSentOn: true)
                    }),
                    case .response(let second) = await engine.perform(request)
                else { return nil }
                answer = second
            }
            return answer.status == 200 && !answer.isTruncated ? answer.body : nil
        }
    }

    /// Web Push needs nothing but the installation's secret; mail needs a server.
    private static func notifier(_ installation: Installation) throws -> Notifier {
        let settings = installation.settings
        let engine = CurlEngine(maximumInFlight: 16)
        do {
            let mailer = try settings.value("SMTP_URL").map { try Mailer(url: $0, engine: engine) }
            let extra = settings.value("PUSH_HOSTS")?.split(separator: ",").map {
                $0.trimmingCharacters(in: .whitespaces).lowercased()
            }
            let push = WebPush(
                key: try P256PrivateKey(rawValue: installation.secret.key(.push)),
                contact: try settings.value("PUSH_CONTACT") ?? contact(settings.publicURL()),
                engine: engine, hosts: WebPush.knownHosts + (extra ?? []))
            return Notifier(mailer: mailer, push: push)
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure.usage("\(error)")
        }
    }

    /// Where a push service can reach the operator: the pages themselves, if they are public.
    private static func contact(_ url: String) -> String {
        guard !url.hasPrefix("https://") else { return url }
        return "mailto:postmaster@\(URLComponents(string: url)?.host ?? "localhost")"
    }

    private static func desk(_ installation: Installation, _ database: Database) -> HookDesk {
        HookDesk(
            database: database, reception: reception(installation, database),
            log: Logger(label: "barnstorm.ingress")
        ) { try await accounts(installation, database) }
    }

    /// What takes in people's texts, from webhooks and from a list that is read back.
    static func reception(_ installation: Installation, _ database: Database) -> Reception {
        let zoneSets = ZoneSets(database: database)
        return Reception(
            database: database, numberHashKey: installation.secret.key(.numberHash),
            publicURL: try? installation.settings.publicURL(),
            zoneSets: { try await zoneSets.ids($0) })
    }

    static func accounts(
        _ installation: Installation, _ database: Database
    ) async throws -> [HookAccount] {
        try await installation.accounts(in: database).map { opened, provider in
            HookAccount(
                id: opened.account.id, hook: opened.account.hook, provider: provider,
                callbackKey: opened.callbackKey)
        }
    }
}
