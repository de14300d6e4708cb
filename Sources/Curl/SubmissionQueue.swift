import CLibCurl
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
///
/// `@unchecked Sendable`: `multi` is used by the engine's thread alone, but for
/// `curl_multi_wakeup`, which libcurl allows from any thread; it is freed when the last
/// reference, the thread's included, is gone.
final class SubmissionQueue: @unchecked Sendable {
    private struct State {
        var submissions: [Submission] = []
        /// Whether the thread waits in `curl_multi_poll` and needs a wake-up.
        var isAsleep = false
        var isStopped = false
    }

    let multi = curl_multi_init()!
    let maximumInFlight: Int
    private let state = Mutex(State())

    init(maximumInFlight: Int) {
        self.maximumInFlight = maximumInFlight
        // Fewer than in flight, and libcurl would close connections it needs again.
        shim_set_multi_long(multi, CURLMOPT_MAXCONNECTS, maximumInFlight)
        shim_set_multi_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    deinit { curl_multi_cleanup(multi) }

    func put(_ submission: Submission) {
        let (isRefused, wakes) = state.withLock { state in
            if state.isStopped { return (true, false) }
            state.submissions.append(submission)
            defer { state.isAsleep = false }
            return (false, state.isAsleep)
        }
        if wakes { curl_multi_wakeup(multi) }
        if isRefused { submission.completion(Self.stopped) }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        curl_multi_wakeup(multi)
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
