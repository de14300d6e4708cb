import Foundation
import Logging
import Store

/// Launches campaigns whose hour has come: a countdown that nobody stopped, or a date.
struct LaunchLoop: Sendable {
    static let interval = Duration.seconds(1)
    let parts: WorkerParts

    func run() async {
        while !Task.isCancelled {
            do {
                let count = try await parts.store.launches.launchDue()
                if count > 0 {
                    parts.logger.notice(
                        "Campaigns were launched on time.", metadata: ["campaigns": "\(count)"])
                }
            } catch {
                parts.logger.warning(
                    "Due launches could not be looked at.", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: Self.interval)
        }
    }
}
