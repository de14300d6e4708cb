import Foundation
import Logging
import ServiceLifecycle

/// Work that comes round again and again, until the program stops. A round that fails is told to the
/// log and costs no more than itself: the next one tries again.
package protocol Rounds: Service {
    /// Time between rounds.
    static var interval: Duration { get }
    var logger: Logger { get }
    func round(now: Date) async throws
}

extension Rounds {
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await round(now: Date())
                } catch {
                    logger.warning(
                        "A round failed; the next one tries again.",
                        metadata: ["rounds": "\(Self.self)", "error": "\(error)"])
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }
}
