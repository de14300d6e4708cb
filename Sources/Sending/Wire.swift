import Curl
import Foundation
import Providers
import Store
import Synchronization

/// From permit to answer: waits for the slot, asks the gate, makes the one request.
final class Wire: Sendable {
    private let engine: CurlEngine
    private let permits: PermitFile
    private let closed: ClosedSet
    private let landed: @Sendable (Flight, HTTPResult) -> Void
    private let line = Mutex(SlotLine())
    private let (wake, waker) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(
        engine: CurlEngine, permits: PermitFile, closed: ClosedSet,
        landed: @escaping @Sendable (Flight, HTTPResult) -> Void
    ) {
        self.engine = engine
        self.permits = permits
        self.closed = closed
        self.landed = landed
    }

    func launch(_ flights: [Flight]) {
        let due = line.withLock { line in
            for flight in flights { line.insert(flight) }
            return line.takeDue(at: .now())
        }
        for flight in due { start(flight) }
        waker.yield()
    }

    /// Starts texts at their slots until cancelled.
    func run() async {
        for await _ in wake {
            while let pause = startDue() {
                try? await Task.sleep(for: .nanoseconds(pause))
                if Task.isCancelled { return }
            }
        }
    }

    /// - Returns: nanoseconds until the next slot, nil when none waits.
    private func startDue() -> Int64? {
        let (due, next) = line.withLock { line in
            (line.takeDue(at: .now()), line.nextStart)
        }
        for flight in due { start(flight) }
        guard let next else { return nil }
        return max(200_000, min(next.nanoseconds - BootInstant.now().nanoseconds, 20_000_000))
    }

    private func start(_ flight: Flight) {
        var request = flight.provider.request(for: flight.text)
        request.gate = { [self] in gate(flight) }
        engine.submit(request) { [landed] result in landed(flight, result) }
    }

    /// The last look before a body byte leaves: on libcurl's thread, in its first read callback.
    private func gate(_ flight: Flight) -> Bool {
        let now = BootInstant.now()
        let refusal =
            now >= flight.deadline
            ? Refusal.late
            : closed.refusal(
                contact: flight.wish.contact, campaign: flight.wish.campaign,
                account: flight.sender.account, purpose: flight.wish.kind.purpose,
                now: now)
                ?? flight.sender.pass(
                    epoch: flight.wish.epoch, segments: flight.wish.segments, now: now)
        if let refusal {
            flight.refuse(refusal)
            return false
        }
        permits.spend(place: flight.place, flight.key)
        return true
    }
}

/// Committed texts that wait for their slot, the next one first.
struct SlotLine {
    private struct Place {
        var start: BootInstant
        var flight: Flight
    }
    private var waiting: [Place] = []  // latest first: the next one is popped off the end

    var nextStart: BootInstant? { waiting.last?.start }

    mutating func insert(_ flight: Flight) { insert(flight, at: flight.slot) }

    private mutating func insert(_ flight: Flight, at start: BootInstant) {
        var (low, high) = (0, waiting.count)
        while low < high {
            let middle = (low + high) / 2
            if waiting[middle].start <= start { high = middle } else { low = middle + 1 }
        }
        waiting.insert(Place(start: start, flight: flight), at: low)
    }

    /// Takes what may start now. A text whose number was late with the one before waits its spacing
    /// here, rather than being refused at the gate.
    mutating func takeDue(at now: BootInstant) -> [Flight] {
        var due: [Flight] = []
        while let next = waiting.last, next.start <= now {
            waiting.removeLast()
            let earliest = next.flight.sender.earliestStart(now) + -SenderState.slack
            if earliest > now, earliest < next.flight.deadline {
                insert(next.flight, at: earliest)
            } else {
                due.append(next.flight)
            }
        }
        return due
    }
}
