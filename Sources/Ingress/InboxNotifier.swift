import Logging
import Postgres
import Store
import Synchronization

/// Tells waiting pages that somebody wrote: at once for the first, then at most once per person and
/// 100 ms. A notice that is lost costs a poll's wait, nothing else.
final class InboxNotifier: Sendable {
    private struct State {
        var toldAt: [InboxNotice: ContinuousClock.Instant] = [:]
        var pending: Set<InboxNotice> = []
    }

    private let database: Database
    private let log: Logger
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    static let pause = Duration.milliseconds(100)

    init(database: Database, log: Logger) {
        self.database = database
        self.log = log
        (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Queues notices of what is committed; returns at once.
    func tell(_ notices: Set<InboxNotice>) {
        guard !notices.isEmpty else { return }
        state.withLock { $0.pending.formUnion(notices) }
        waker.yield()
    }

    /// Works until ``close()``.
    func run() async {
        for await _ in wakes {
            var wait = await tellDue()
            while let pause = wait, !Task.isCancelled {
                try? await Task.sleep(for: pause)
                wait = await tellDue()
            }
        }
    }

    func close() { waker.finish() }

    /// Sends what is due.
    ///
    /// - Returns: how long until more is, or nil if nothing waits.
    private func tellDue() async -> Duration? {
        let now = ContinuousClock.now
        let due = state.withLock { state in
            state.toldAt = state.toldAt.filter { now - $0.value < Self.pause }
            let due = state.pending.filter { state.toldAt[$0] == nil }
            state.pending.subtract(due)
            for notice in due { state.toldAt[notice] = now }
            return Array(due)
        }
        if !due.isEmpty {
            do {
                try await database.execute(
                    """
                    SELECT pg_notify('inbox', p) FROM unnest(\(due.map(\.payload))) AS t(p)
                    """)
            } catch {
                log.debug(
                    "A notice was lost; polls find the rest.", metadata: ["error": "\(error)"])
            }
        }
        return state.withLock { state in
            state.pending.compactMap { state.toldAt[$0] }.min().map { told in
                max(.milliseconds(1), Self.pause - (ContinuousClock.now - told))
            }
        }
    }
}
