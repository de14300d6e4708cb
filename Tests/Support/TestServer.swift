import Glibc
import Synchronization

/// A TCP server for tests: a script per connection, on a thread of its own.
///
/// Plain sockets, so that a test decides about every octet and every close.
package final class TestServer: Sendable {
    package let port: UInt16
    private let listener: Int32
    private let accepted = Mutex(0)
    private let isStopped = Mutex(false)

    /// Listens on a free loopback port until ``stop()`` or the end of this object.
    ///
    /// - Parameter script: runs once for each connection, which is closed when it returns.
    package init(_ script: @escaping @Sendable (Peer) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (listener, length)
        let failure = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) + listen(descriptor, 1024)
                    + getsockname(descriptor, $0, &length)
            }
        }
        guard failure == 0 else { throw SupportError("No loopback port is free for a server.") }
        port = UInt16(bigEndian: address.sin_port)
        startThread { [weak self] in
            // This thread alone closes the listener: its number may serve others afterwards.
            defer { close(descriptor) }
            while true {
                let connection = accept(descriptor, nil, nil)
                if connection < 0 {
                    if errno == EINVAL { return }  // shut down
                    continue
                }
                let number = self?.accepted.withLock { count in
                    count += 1
                    return count
                }
                let peer = Peer(connection, number: number ?? 0)
                startThread {
                    script(peer)
                    peer.close()
                }
            }
        }
    }

    deinit { stop() }

    /// `http://127.0.0.1:port`
    package var url: String { "http://127.0.0.1:\(port)" }

    /// How many connections have been accepted.
    package var connectionCount: Int { accepted.withLock(\.self) }

    /// Refuses further connections.
    package func stop() {
        isStopped.withLock { isStopped in
            if !isStopped { shutdown(listener, Int32(SHUT_RDWR)) }
            isStopped = true
        }
    }

    /// A server that reads whole requests and answers each; connections are kept.
    package static func answering(
        _ answer: @escaping @Sendable (Request) -> Response
    ) throws -> TestServer {
        try TestServer { peer in
            while let request = peer.readRequest() { peer.write(answer(request)) }
        }
    }

    /// A request as received.
    package struct Request: Sendable {
        package var method: String
        /// Path and query.
        package var target: String
        /// Names in lower case.
        package var headers: [String: String]
        package var body: [UInt8]
        /// How many seconds ago its last octet had reached this machine, by the kernel: on a busy one
        /// the thread that reads comes round much later.
        package var age: Double
    }

    /// An answer to send.
    package struct Response: Sendable {
        package var status: Int
        package var headers: [String]
        package var body: [UInt8]

        package init(_ status: Int = 200, headers: [String] = [], body: String = "") {
            self.status = status
            self.headers = headers
            self.body = Array(body.utf8)
        }
    }
}

/// The server's end of one connection; used by its script alone.
package final class Peer: Sendable {
    /// Counted from 1 in the order of acceptance.
    package let number: Int
    private let descriptor: Int32
    private let isClosed = Mutex(false)
    /// Octets read behind the last request.
    private let rest = Mutex<[UInt8]>([])

    init(_ descriptor: Int32, number: Int) {
        self.descriptor = descriptor
        self.number = number
        // No test waits longer for the other side; on a busy machine half a minute may pass between two steps.
        var limit = timeval(tv_sec: 100, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    }

    /// The next octets; `nil` at the end, an error or after 100 s.
    package func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// Everything up to the empty line, that included; `nil` if it does not come.
    package func readHead() -> String? {
        var octets = rest.withLock { rest in
            defer { rest = [] }
            return rest
        }
        var searched = 0
        while true {
            if let end = Self.endOfHead(octets, from: searched) {
                rest.withLock { $0 = Array(octets[end...]) }
                return String(decoding: octets[..<end], as: UTF8.self)
            }
            searched = max(0, octets.count - 3)
            guard let more = read() else { return nil }
            octets += more
        }
    }

    /// The next line without its end; `nil` if it does not come.
    package func readLine() -> String? {
        while true {
            let line = rest.withLock { rest -> ArraySlice<UInt8>? in
                guard let end = rest.firstIndex(of: 10) else { return nil }
                defer { rest.removeFirst(end + 1) }
                return rest[..<end]
            }
            if let line {
                return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            }
            guard let more = read() else { return nil }
            rest.withLock { $0 += more }
        }
    }

    /// Holds the script up; it has a thread of its own.
    package static func pause(_ span: Duration) {
        usleep(UInt32(span / .microseconds(1)))
    }

    /// A whole request with its announced body; `nil` if it does not come.
    package func readRequest() -> TestServer.Request? {
        guard let head = readHead() else { return nil }
        let lines = head.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        guard let body = readBody(Int(headers["content-length"] ?? "") ?? 0) else { return nil }
        return TestServer.Request(
            method: String(words[0]), target: String(words[1]), headers: headers, body: body,
            age: secondsSinceArrival)
    }

    /// To a tick of the kernel (tcp(7), `tcpi_last_data_recv` in milliseconds).
    private var secondsSinceArrival: Double {
        var facts = tcp_info()
        var length = socklen_t(MemoryLayout<tcp_info>.size)
        let isKnown = getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &facts, &length) == 0
        return isKnown ? Double(facts.tcpi_last_data_recv) / 1_000 : 0
    }

    private func readBody(_ count: Int) -> [UInt8]? {
        var body = rest.withLock { rest in
            defer { rest = [] }
            return rest
        }
        while body.count < count {
            guard let more = read() else { return nil }
            body += more
        }
        rest.withLock { $0 = Array(body[count...]) }
        return Array(body[..<count])
    }

    package func write(_ text: String) { write(Array(text.utf8)) }

    package func write(_ response: TestServer.Response) {
        var text = "HTTP/1.1 \(response.status) Test\r\n"
        for header in response.headers { text += "\(header)\r\n" }
        text += "Content-Length: \(response.body.count)\r\n\r\n"
        write(Array(text.utf8) + response.body)
    }

    /// Sends all of it, unless the other side is gone.
    package func write(_ octets: [UInt8]) {
        var done = 0
        while done < octets.count {
            let count = octets[done...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            done += count
        }
    }

    /// Ends the connection in order (FIN).
    package func close() {
        isClosed.withLock { isClosed in
            if !isClosed { _ = Glibc.close(descriptor) }
            isClosed = true
        }
    }

    /// Breaks the connection (RST).
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    private static func endOfHead(_ octets: [UInt8], from start: Int) -> Int? {
        guard octets.count >= 4 else { return nil }
        for index in start...(octets.count - 4)
        where octets[index] == 13 && octets[index + 1] == 10 && octets[index + 2] == 13
            && octets[index + 3] == 10
        {
            return index + 4
        }
        return nil
    }
}

/// Runs `body` on a thread of its own, so that it may block.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { context in
            Unmanaged<Box>.fromOpaque(context!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    pthread_detach(thread)
}
