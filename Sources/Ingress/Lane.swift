import Logging
import Store
import Synchronization

/// Applies entries in batches: natural group commit.
///
/// One batch runs at a time and takes whatever has queued while the one before it ran. Idle, an
/// entry waits for nobody; busy, hundreds share a commit; no timer adds to either.
final class Lane<Entry: Sendable>: Sendable {
    /// What became of an entry.
    enum Outcome: Sendable {
        /// Committed, or kept with a note for a person to see.
        case done
        /// Not committed; the sender should repeat it.
        case failed
    }

    typealias Completion = @Sendable (Outcome) -> Void

    private struct State {
        var waiting: [(entry: Entry, completion: Completion)] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation
    private let waitingMax: Int
    private let batchMax: Int
    private let apply: @Sendable ([Entry]) async throws -> Void
    private let keep: @Sendable (Entry, _ reason: String) async throws -> Void
    private let log: Logger

    /// - Parameters:
    ///   - waitingMax: entries beyond it are refused, so that a dead database fills no memory.
    ///   - apply: commits a batch or throws; a batch is applied again in parts, so it must be
    ///     harmless to repeat.
    ///   - keep: stores an entry that the schema refuses, with the reason.
    init(
        waitingMax: Int = 20_000, batchMax: Int = 500, log: Logger,
        apply: @escaping @Sendable ([Entry]) async throws -> Void,
        keep: @escaping @Sendable (Entry, _ reason: String) async throws -> Void
    ) {
        (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.waitingMax = waitingMax
        self.batchMax = batchMax
        self.log = log
        self.apply = apply
        self.keep = keep
    }

    /// Queues an entry; `completion` runs once, on any thread, after its commit or failure.
    ///
    /// - Returns: false if the lane is closed or full; then `completion` never runs.
    func submit(_ entry: Entry, completion: @escaping Completion) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isClosed, state.waiting.count < waitingMax else { return false }
            state.waiting.append((entry, completion))
            return true
        }
        if isTaken { waker.yield() }
        return isTaken
    }

    /// Works until ``close()``, then finishes what is queued.
    func run() async {
        for await _ in wakes { await drain() }
        await drain()
        for left in take(.max) { left.completion(.failed) }  // cancelled in the middle
    }

    /// Refuses new entries and lets ``run()`` end.
    func close() {
        state.withLock { $0.isClosed = true }
        waker.finish()
    }

    private func drain() async {
        while true {
            let batch = take(batchMax)
            if batch.isEmpty { return }
            await commit(batch)
        }
    }

    private func take(_ count: Int) -> [(entry: Entry, completion: Completion)] {
        state.withLock { state in
            let batch = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    private func commit(_ batch: [(entry: Entry, completion: Completion)]) async {
        do {
            try await apply(batch.map(\.entry))
            for item in batch { item.completion(.done) }
        } catch  where Failure(error).isOfOneEntry && batch.count > 1 {
            log.warning("A batch of webhooks was refused and is applied one by one.")
            for item in batch { await commit([item]) }
        } catch  where Failure(error).isOfOneEntry {
            item(batch[0].completion, await isKept(batch[0].entry, "\(error)"))
        } catch {
            log.error("Webhooks could not be committed.", metadata: ["error": "\(error)"])
            for item in batch { item.completion(.failed) }
        }
    }

    private func item(_ completion: Completion, _ isKept: Bool) {
        completion(isKept ? .done : .failed)
    }

    private func isKept(_ entry: Entry, _ reason: String) async -> Bool {
        do {
            try await keep(entry, reason)
            log.warning("A webhook was refused and is kept.", metadata: ["reason": "\(reason)"])
            return true
        } catch {
            log.error("A webhook could not be kept.", metadata: ["error": "\(error)"])
            return false
        }
    }
}
