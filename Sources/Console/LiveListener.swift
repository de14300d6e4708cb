import Logging
import Postgres
import ServiceLifecycle

/// Hears that somebody wrote, and lets pages look at once.
///
/// What is said while nobody listens is lost; ``LiveHub`` looks every second anyway.
package struct LiveListener: Service {
    private let database: Database
    private let hub: LiveHub
    private let logger: Logger

    init(_ database: Database, _ hub: LiveHub, logger: Logger) {
        self.database = database
        self.hub = hub
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await database.listen(to: ["inbox"]) { event in
                        switch event {
                        case .connected: await hub.look(at: nil)
                        case .notified(let news):
                            let houses = Set(news.compactMap { Self.organisation($0.payload) })
                            for house in houses { await hub.look(at: house) }
                        case .disconnected: break
                        }
                    }
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning(
                        "Pages look every second until news is heard again.",
                        metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: .seconds(5))
                }
            }
        }
    }

    /// The payload is `organisation:member`; see ``InboxNotice``.
    private static func organisation(_ payload: String) -> Int32? {
        payload.split(separator: ":").first.flatMap { Int32($0) }
    }
}

extension Console {
    /// What shortens the way of a reply to the screen; runs beside the pages.
    ///
    /// - Parameter database: any role; one connection of its own.
    package func listener(_ database: Database) -> LiveListener {
        LiveListener(database, live, logger: logger)
    }
}
