import CLibCurl

/// The engine's thread: starts transfers, lets libcurl work, reports what ended.
///
/// Not Sendable: made and used on that thread alone.
final class EngineLoop {
    private let queue: SubmissionQueue
    private let multi = curl_multi_init()!
    private let sockets: SocketWatch
    private let headers = HeaderListCache()
    private var pending: [Submission] = []
    /// The first of `pending` that has not started; removing from the front would move the rest.
    private var next = 0
    private var idle: [Transfer] = []
    /// On the wire, by slot; keeps alive what libcurl points to.
    private var transfers: [Transfer] = []
    private var inFlight = 0

    init(_ queue: SubmissionQueue) {
        self.queue = queue
        sockets = SocketWatch(multi: multi, waker: queue.waker)
        // Fewer than in flight, and libcurl would close connections it needs again.
        shim_set_multi_long(multi, CURLMOPT_MAXCONNECTS, queue.maximumInFlight)
        shim_set_multi_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    deinit {
        // Handles go first: libcurl wants none to outlive what they were added to.
        idle = []
        transfers = []
        curl_multi_cleanup(multi)
    }

    func run() {
        while true {
            let isStopped = queue.drain(into: &pending)
            if isStopped { refuseWaiting() }
            startWaiting()
            // What ended made room, and what waits may start at once.
            let mayWait = !(reportEnded() && next < pending.count) && queue.fallAsleep()
            if isStopped && inFlight == 0 { break }
            sockets.work(waiting: mayWait ? 1000 : 0)
        }
    }

    private func refuseWaiting() {
        for submission in pending[next...] { submission.completion(SubmissionQueue.stopped) }
        pending.removeAll()
        next = 0
    }

    private func startWaiting() {
        while next < pending.count, inFlight < queue.maximumInFlight {
            start(pending[next])
            next += 1
        }
        if next == pending.count {
            pending.removeAll(keepingCapacity: true)
            next = 0
        } else if next > 4096 {
            pending.removeFirst(next)
            next = 0
        }
    }

    private func start(_ submission: Submission) {
        let transfer = idle.popLast() ?? makeTransfer()
        if let refusal = transfer.prepare(submission, headers) {
            idle.append(transfer)
            submission.completion(refusal)
            return
        }
        curl_multi_add_handle(multi, transfer.easy)
        inFlight += 1
    }

    private func makeTransfer() -> Transfer {
        let transfer = Transfer()
        transfers.append(transfer)
        return transfer
    }

    private func reportEnded() -> Bool {
        var hasEnded = false
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let context = shim_get_private(easy)
            else { continue }
            let code = shim_result(message)
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            let (result, completion) = transfer.finish(code)
            curl_multi_remove_handle(multi, easy)
            idle.append(transfer)
            inFlight -= 1
            hasEnded = true
            completion(result)
        }
        return hasEnded
    }
}
