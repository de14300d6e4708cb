import Logging
import Postgres
import ServiceLifecycle
import Store
import Texting

/// Applies what ``HookDesk`` takes in, and keeps the inbox's clocks.
///
/// List it before the web server in a service group: services end in reverse, so the server stops
/// taking requests first and what was taken is committed and answered.
package struct IngressService: Service {
    private let desk: HookDesk
    private let chores: [Chore]

    /// - Parameter chores: what runs now and then beside the webhooks.
    package init(desk: HookDesk, chores: [Chore]) {
        self.desk = desk
        self.chores = chores
    }

    /// Ends when it is asked to stop and everything taken is committed.
    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await desk.statuses.run() }
            group.addTask { await desk.texts.run() }
            group.addTask { await desk.notifier.run() }
            group.addTask { Self.warmUp() }
            group.addTask {
                await withTaskGroup(of: Void.self) { group in
                    for chore in chores { group.addTask { await chore.run() } }
                }
            }
            try? await gracefulShutdown()
            desk.statuses.close()
            desk.texts.close()
            desk.notifier.close()
        }
    }
}

extension IngressService {
    /// Reads the rules' tables before the first person writes: nobody's STOP waits for them.
    private static func warmUp() {
        _ = PhoneNumber("+442079460000")?.zones
        _ = Reply("Please take me off your list.").meaning
    }
}

/// Something that is done again and again, with a pause between.
package struct Chore: Sendable {
    let name: String
    let pause: Duration
    let log: Logger
    let work: @Sendable () async throws -> Void

    /// - Parameter work: may throw; the next round tries again.
    package init(
        _ name: String, every pause: Duration, log: Logger,
        work: @escaping @Sendable () async throws -> Void
    ) {
        self.name = name
        self.pause = pause
        self.log = log
        self.work = work
    }

    /// Runs until the service is asked to stop.
    func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await work()
                } catch is CancellationError {
                    return
                } catch {
                    log.warning(
                        "A chore failed and is tried again.",
                        metadata: ["chore": "\(name)", "error": "\(error)"])
                }
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// What the webhooks' room has to see to: doubts whose receipt came at the same moment,
    /// reviews past their hour, keys that nobody repeats any more.
    package static func standard(database: Database, log: Logger) -> [Chore] {
        let settlements = Settlements(database: database)
        let reviews = Reviews(database: database)
        let webhooks = Webhooks(database: database)
        return [
            Chore("settle doubts by receipts", every: .seconds(10), log: log) {
                try await settlements.byReceipts()
            },
            Chore("close overdue reviews", every: .seconds(60), log: log) {
                try await reviews.closeOverdue()
            },
            Chore("forget old webhook keys", every: .seconds(3_600), log: log) {
                try await webhooks.prune()
            },
        ]
    }
}
