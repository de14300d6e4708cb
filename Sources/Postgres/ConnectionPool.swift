import Synchronization

/// At most `size` connections, lent to one borrower at a time, in order of arrival.
final class ConnectionPool: Sendable {
    /// What a borrower that waited gets.
    private enum Grant: Sendable {
        case connection(Connection)
        /// Leave to open a connection in the place of one that broke.
        case place
    }

    private typealias Drained = CheckedContinuation<Void, Never>

    private struct State {
        var idle: [Connection] = []
        /// Connections that exist or are being opened.
        var places = 0
        var waiters: [(ticket: Int, continuation: CheckedContinuation<Grant, any Error>)] = []
        var nextTicket = 0
        var isClosed = false
        var drained: [Drained] = []
        /// Connects that failed in a row, and when the next may be tried.
        var failures = 0
        var nextConnect = ContinuousClock.now
    }

    private let settings: ConnectionSettings
    private let size: Int
    private let state = Mutex(State())

    init(settings: ConnectionSettings, size: Int) {
        precondition(size > 0, "a pool needs room for a connection")
        self.settings = settings
        self.size = size
    }

    /// A connection nobody else uses; waits behind earlier borrowers if all are lent.
    func borrow() async throws -> Connection {
        switch try await grant() {
        case .connection(let connection): return connection
        case .place: return try await openInPlace()
        }
    }

    /// Takes a connection back; one that cannot be lent again is dropped and its place given on.
    func giveBack(_ connection: Connection) {
        let isReusable = connection.isReusable.load(ordering: .acquiring)
        pass(isReusable ? .connection(connection) : .place)
    }

    /// How many borrowers wait.
    var waitingCount: Int { state.withLock(\.waiters.count) }

    /// Refuses new borrowers, fails those who wait and returns when all is given back.
    func close() async {
        let waiters = state.withLock { state in
            state.isClosed = true
            state.places -= state.idle.count
            state.idle = []
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: Self.closed) }
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if state.places > 0 { state.drained.append(continuation) }
                return state.places == 0
            }
            if isDrained { continuation.resume() }
        }
    }

    private static let closed = PostgresError(.misuse, "The connection pool is closed.")

    private func grant() async throws -> Grant {
        let (ticket, now) = try state.withLock { state -> (Int, Grant?) in
            guard !state.isClosed else { throw Self.closed }
            state.nextTicket += 1
            if let connection = state.idle.popLast() { return (0, .connection(connection)) }
            guard state.places < size else { return (state.nextTicket, nil) }
            state.places += 1
            return (0, .place)
        }
        if let now { return now }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait(ticket, $0) }
        } onCancel: {
            let waiter = state.withLock { state in
                let place = state.waiters.firstIndex { $0.ticket == ticket }
                return place.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Queues a borrower, unless a connection came free or the task was cancelled meanwhile.
    private func wait(_ ticket: Int, _ continuation: CheckedContinuation<Grant, any Error>) {
        let outcome = state.withLock { state -> Result<Grant, any Error>? in
            if Task.isCancelled { return .failure(CancellationError()) }
            if state.isClosed { return .failure(Self.closed) }
            if let connection = state.idle.popLast() { return .success(.connection(connection)) }
            if state.places < size {
                state.places += 1
                return .success(.place)
            }
            state.waiters.append((ticket, continuation))
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// Gives a connection or a place to whoever waits longest, else keeps or frees it.
    private func pass(_ grant: Grant) {
        typealias Next = (waiter: CheckedContinuation<Grant, any Error>?, drained: [Drained])
        let next = state.withLock { state -> Next in
            if !state.waiters.isEmpty { return (state.waiters.removeFirst().continuation, []) }
            if case .connection(let connection) = grant, !state.isClosed {
                state.idle.append(connection)
                return (nil, [])
            }
            state.places -= 1
            guard state.isClosed, state.places == 0 else { return (nil, []) }
            defer { state.drained = [] }
            return (nil, state.drained)
        }
        next.waiter?.resume(returning: grant)
        for continuation in next.drained { continuation.resume() }
    }

    /// Opens a connection; after failures, not before a jittered and growing pause.
    private func openInPlace() async throws -> Connection {
        do {
            let pause = state.withLock { ContinuousClock.now.duration(to: $0.nextConnect) }
            if pause > .zero { try await Task.sleep(for: pause) }
            let connection = try await Connection.open(settings)
            state.withLock { $0.failures = 0 }
            return connection
        } catch {
            state.withLock { state in
                state.failures += 1
                state.nextConnect = .now + jitteredPause(afterFailures: state.failures)
            }
            pass(.place)
            throw error
        }
    }
}

/// A pause drawn evenly from zero to 20 ms × 2^failures, at most 2 s.
///
/// Full jitter: those who failed together do not come back together.
func jitteredPause(afterFailures failures: Int) -> Duration {
    .milliseconds(Int.random(in: 0...min(2000, 20 << min(failures, 7))))
}
