import Curl
import Foundation
import Synchronization

/// What a driver saw, in seconds.
struct WebhookWaits: Sendable {
    var reports: [Double] = []
    var stops: [Double] = []
    var refused = 0
}

/// Plays a provider that posts webhooks, over kept connections, on a thread of its own.
final class WebhookDriver: Sendable {
    /// Requests on the wire at once when nothing sets the pace.
    static let inFlight = 200

    private let engine = CurlEngine(maximumInFlight: inFlight)
    private let waits = Mutex(WebhookWaits())

    func close() { engine.shutdown() }

    /// Posts all of them and waits for every answer.
    ///
    /// - Parameter every: the pace; zero posts everything at once and lets the engine queue it.
    func run(
        _ reports: [HTTPRequest], every pause: Duration, beside stops: [HTTPRequest],
        every stopPause: Duration
    ) async -> WebhookWaits {
        waits.withLock { $0 = WebhookWaits() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.post(reports, every: pause, isStop: false) }
            group.addTask { await self.post(stops, every: stopPause, isStop: true) }
        }
        while waits.withLock({ $0.reports.count + $0.stops.count }) < reports.count + stops.count {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return waits.withLock { $0 }
    }

    private func post(_ requests: [HTTPRequest], every pause: Duration, isStop: Bool) async {
        let start = ContinuousClock.now
        for (index, request) in requests.enumerated() {
            let due = start + pause * index
            // Whoever is late with one posts the next at once, and its wait counts from when it
            // was due: a server that stalls cannot slow its own measurement down.
            if due > .now { try? await Task.sleep(until: due) }
            let from = pause == .zero ? ContinuousClock.now : due
            engine.submit(request) { [self] result in
                let seconds = (ContinuousClock.now - from) / .seconds(1)
                let isDone =
                    if case .response(let answer) = result { answer.status / 100 == 2 } else {
                        false
                    }
                waits.withLock { waits in
                    if isStop { waits.stops.append(seconds) } else { waits.reports.append(seconds) }
                    if !isDone { waits.refused += 1 }
                }
            }
        }
    }
}
