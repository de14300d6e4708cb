import Foundation
import Logging
import Store

/// Ticks every 100 ms, and at once while there is more to do and room for it.
struct TickLoop: Sendable {
    static let interval = Duration.milliseconds(100)
    /// Between two ticks of a busy worker, so that a batch is worth its transaction.
    static let busyInterval = Duration.milliseconds(2)

    let ticker: Ticker
    let parts: WorkerParts

    func run() async {
        var failures = 0
        while !Task.isCancelled, !parts.isStopping {
            do {
                let done = try await ticker.tick()
                failures = 0
                if done.texts > 0 {
                    try? await Task.sleep(for: Self.busyInterval)
                } else {
                    await parts.nextTick(within: Self.interval, orRoom: done.hasMore)
                }
            } catch {
                failures += 1
                parts.logger.warning(
                    "A tick failed; nothing was sent.", metadata: ["error": "\(error)"])
                let pause = min(2000, 50 << min(failures, 5))
                try? await Task.sleep(for: .milliseconds(Int.random(in: pause / 2...pause)))
            }
        }
    }
}
