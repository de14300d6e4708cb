import Foundation
import Logging
import Store
import Synchronization

/// What the pieces of one worker incarnation share.
final class WorkerParts: Sendable {
    let incarnation: UUID
    let store: SendStore
    let fleet: Fleet
    let world: World
    let closed: ClosedSet
    let budgets: Budgets
    let clock: DatabaseClock
    let logger: Logger

    init(incarnation: UUID, store: SendStore, clock: ClockReading, logger: Logger) {
        self.incarnation = incarnation
        self.store = store
        self.logger = logger
        fleet = Fleet()
        world = World()
        closed = ClosedSet()
        budgets = Budgets(store: store, worker: incarnation)
        self.clock = DatabaseClock(clock)
    }

    private let stopping = Mutex(false)
    private let (wakes, waker) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))

    var isStopping: Bool { stopping.withLock { $0 } }
    func stopPulling() { stopping.withLock { $0 = true } }

    /// There is room again.
    func wake() { waker.yield() }

    /// Waits for room, or for the interval to pass.
    func nextTick(within interval: Duration) async {
        try? await Task.sleep(for: interval)
    }
}
