import CLibCurl
import Glibc

/// libcurl's sockets and timer, watched by epoll.
///
/// `curl_multi_perform` looks at every transfer each time; with hundreds that wait for answers
/// this is dear, and `curl_multi_socket_action` over epoll is not (69 µs a
/// request against 45, 500 in flight, 100 ms latency).
/// Not Sendable: used on the engine's thread alone, which libcurl's callbacks run on too.
final class SocketWatch {
    private let multi: UnsafeMutableRawPointer
    private let waker: Int32
    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    /// What libcurl waits for, by descriptor; 0 for kept connections without a request.
    private var wanted: [UInt32] = []
    /// When libcurl wants to be called, in milliseconds of the monotonic clock.
    private var deadline: Int?
    private var events = [epoll_event](repeating: epoll_event(), count: 256)

    init(multi: UnsafeMutableRawPointer, waker: Int32) {
        self.multi = multi
        self.waker = waker
        precondition(epoll >= 0, "the system allows no further open files")
        register(waker, EPOLLIN.rawValue)
        let context = Unmanaged.passUnretained(self).toOpaque()
        shim_set_multi_pointer(multi, CURLMOPT_SOCKETDATA, context)
        shim_set_multi_socket_function(multi) { _, socket, what, context, _ in
            Unmanaged<SocketWatch>.fromOpaque(context!).takeUnretainedValue()
                .want(what, of: socket)
            return 0
        }
        shim_set_multi_pointer(multi, CURLMOPT_TIMERDATA, context)
        shim_set_multi_timer_function(multi) { _, milliseconds, context in
            Unmanaged<SocketWatch>.fromOpaque(context!).takeUnretainedValue()
                .deadline = milliseconds < 0 ? nil : now() + milliseconds
            return 0
        }
    }

    deinit { close(epoll) }

    /// Lets libcurl work on what is ready; waits for it, at most `milliseconds`.
    func work(waiting milliseconds: Int) {
        var running: Int32 = 0
        let rest = deadline.map { max(0, $0 - now()) } ?? milliseconds
        let count = epoll_wait(epoll, &events, 256, Int32(clamping: min(rest, milliseconds)))
        for index in 0..<Int(max(0, count)) {
            let socket = events[index].data.fd
            if socket == waker {
                var count: eventfd_t = 0
                eventfd_read(waker, &count)
            } else if wanted(socket) == 0 {
                // A kept connection ended; libcurl finds out when it wants to use it again.
                epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil)
            } else {
                let flags = Self.flags(events[index].events)
                curl_multi_socket_action(multi, socket, flags, &running)
            }
        }
        guard let deadline, deadline <= now() else { return }
        self.deadline = nil
        // CURL_SOCKET_TIMEOUT is another name of this value that does not reach Swift.
        curl_multi_socket_action(multi, CURL_SOCKET_BAD, 0, &running)
    }

    /// Notes what libcurl waits for; a removal costs no system call, since most connections are
    /// used again at once.
    private func want(_ what: Int32, of socket: Int32) {
        let isIn = what == CURL_POLL_IN || what == CURL_POLL_INOUT
        let isOut = what == CURL_POLL_OUT || what == CURL_POLL_INOUT
        let mask = (isIn ? EPOLLIN.rawValue : 0) | (isOut ? EPOLLOUT.rawValue : 0)
        while wanted.count <= Int(socket) { wanted.append(0) }
        wanted[Int(socket)] = mask
        if mask != 0 { register(socket, mask) }
    }

    private func register(_ socket: Int32, _ mask: UInt32) {
        var event = epoll_event()
        event.events = mask
        event.data.fd = socket
        // A closed descriptor has left the set by itself, so what it was before does not count.
        if epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event) != 0 {
            epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event)
        }
    }

    private func wanted(_ socket: Int32) -> UInt32 {
        Int(socket) < wanted.count ? wanted[Int(socket)] : 0
    }

    private static func flags(_ events: UInt32) -> Int32 {
        var flags: Int32 = 0
        if events & EPOLLIN.rawValue != 0 { flags |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { flags |= CURL_CSELECT_OUT }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { flags |= CURL_CSELECT_ERR }
        return flags
    }
}

/// Milliseconds of the monotonic clock.
private func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}
