import CLibCurl
import Glibc
import Synchronization

/// What a caller wants sent, and whom to tell.
struct Submission: Sendable {
    enum Job: Sendable {
        case http(HTTPRequest)
        case mail(MailRequest)
    }

    let job: Job
    let completion: @Sendable (HTTPResult) -> Void
}

/// The way from any thread to the engine's.
final class SubmissionQueue: Sendable {
    private struct State {
        var submissions: [Submission] = []
        /// Whether the thread waits for sockets and needs a wake-up.
        var isAsleep = false
        var isStopped = false
    }

    let maximumInFlight: Int
    /// An eventfd; readable after a wake-up.
    let waker: Int32
    private let state = Mutex(State())

    init(maximumInFlight: Int) {
        self.maximumInFlight = maximumInFlight
        waker = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(waker >= 0, "the system allows no further open files")
    }

    deinit { close(waker) }

    func put(_ submission: Submission) {
        let (isRefused, wakes) = state.withLock { state in
            if state.isStopped { return (true, false) }
            state.submissions.append(submission)
            defer { state.isAsleep = false }
            return (false, state.isAsleep)
        }
        if wakes { eventfd_write(waker, 1) }
        if isRefused { submission.completion(Self.stopped) }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        eventfd_write(waker, 1)
    }

    static let stopped = HTTPResult.notSent(code: 0, reason: "The engine is shut down.")

    /// Moves all that came since the last call to `pending`; tells whether to stop.
    func drain(into pending: inout [Submission]) -> Bool {
        state.withLock { state in
            state.isAsleep = false
            pending.append(contentsOf: state.submissions)
            state.submissions.removeAll(keepingCapacity: true)
            return state.isStopped
        }
    }

    /// Whether the thread may sleep: nothing has come since ``drain(into:)``.
    func fallAsleep() -> Bool {
        state.withLock { state in
            state.isAsleep = state.submissions.isEmpty
            return state.isAsleep
        }
    }
}
