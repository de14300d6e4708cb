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
    let cluster: ClusterWatch
    let logger: Logger

    init(
        incarnation: UUID, store: SendStore, clock: ClockReading, cluster: ClusterWatch,
        logger: Logger
    ) {
        self.incarnation = incarnation
        self.store = store
        self.logger = logger
        fleet = Fleet()
        world = World()
        closed = ClosedSet()
        budgets = Budgets(store: store, worker: incarnation)
        self.clock = DatabaseClock(clock)
        self.cluster = cluster
    }

    private let stopping = Mutex(false)
    private let roomFreed = Mutex(false)

    var isStopping: Bool { stopping.withLock { $0 } }
    func stopPulling() { stopping.withLock { $0 = true } }

    /// There is room again.
    func wake() { roomFreed.withLock { $0 = true } }

    /// Waits for the interval to pass, or for room where that is what was wanting.
    func nextTick(within interval: Duration, orRoom: Bool) async {
        let end = ContinuousClock.now + interval
        while orRoom, ContinuousClock.now < end {
            let isFree = roomFreed.withLock { free in
                defer { free = false }
                return free
            }
            if isFree { return }
            try? await Task.sleep(for: .milliseconds(1))
            if Task.isCancelled { return }
        }
        if !orRoom { try? await Task.sleep(for: interval) }
    }
}
