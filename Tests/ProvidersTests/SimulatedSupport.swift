import Dispatch
import Foundation
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

@testable import Providers

/// A carrier for one test, with a log that the test reads, and a server for its webhooks.
struct CarrierBench: Sendable {
    let carrier: Carrier
    let receiver: WebhookReceiver
    let configuration: CarrierConfiguration
    let logPath: String

    /// Runs `body` against a fresh carrier; nobody replies and every text arrives, unless changed.
    static func run(
        _ change: (inout CarrierConfiguration) -> Void = { _ in },
        _ body: (CarrierBench) async throws -> Void
    ) async throws {
        let receiver = try await WebhookReceiver.start()
        var configuration = CarrierConfiguration()
        configuration.inboundURL = receiver.url + "/inbound"
        configuration.logPath = NSTemporaryDirectory() + "carrier-\(UUID()).log"
        configuration.knobs.receipts.delivered = 1
        configuration.knobs.receipts.sentMilliseconds = 10
        configuration.knobs.receipts.finalMilliseconds = 40
        configuration.knobs.receipts.jitterMilliseconds = 0
        configuration.knobs.people.replies = 0
        configuration.knobs.people.stops = 0
        change(&configuration)
        let carrier = try await Carrier.start(
            configuration, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        let bench = CarrierBench(
            carrier: carrier, receiver: receiver, configuration: configuration,
            logPath: configuration.logPath!)
        do {
            try await body(bench)
        } catch {
            await bench.end()
            throw error
        }
        await bench.end()
    }

    /// The same bench around another carrier.
    func with(_ carrier: Carrier) -> CarrierBench {
        CarrierBench(
            carrier: carrier, receiver: receiver, configuration: configuration, logPath: logPath)
    }

    private func end() async {
        await carrier.stop()
        await receiver.stop()
        unlink(logPath)
    }

    /// Sends a form to the Messages resource over a connection of its own.
    func send(_ fields: [(String, String)], token: String? = nil) async throws -> RawAnswer? {
        let bytes = post("/Messages.json", fields, token: token)
        return try await offload { [port = carrier.port] in
            let connection = try RawConnection(port: port)
            connection.send(bytes)
            return connection.readAnswer()
        }
    }

    func text(
        to: String, from: String = "+15555550100", body: String = "Hello",
        _ more: [(String, String)] = []
    ) async throws -> RawAnswer? {
        let fields = [
            ("To", to), ("From", from), ("Body", body),
            ("StatusCallback", receiver.url + "/status?a=1#rc=2&rp=all"),
        ]
        return try await send(fields + more)
    }

    func get(_ path: String) async throws -> RawAnswer? {
        let bytes = Array(
            "GET \(path) HTTP/1.1\r\nHost: carrier\r\nAuthorization: \(authorization)\r\n\r\n".utf8)
        return try await offload { [port = carrier.port] in
            let connection = try RawConnection(port: port)
            connection.send(bytes)
            return connection.readAnswer()
        }
    }

    func control(_ method: String, _ path: String, _ json: String = "") async throws -> RawAnswer? {
        let bytes = Array(
            "\(method) \(path) HTTP/1.1\r\nHost: c\r\nContent-Length: \(json.utf8.count)\r\n\r\n\(json)"
                .utf8)
        return try await offload { [port = carrier.port] in
            let connection = try RawConnection(port: port)
            connection.send(bytes)
            return connection.readAnswer()
        }
    }

    /// The bytes of a POST below the account, authorised.
    func post(_ path: String, _ fields: [(String, String)], token: String? = nil) -> [UInt8] {
        let form = fields.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
        let credentials = "\(configuration.accountSid):\(token ?? configuration.authToken)"
        let basic = Data(credentials.utf8).base64EncodedString()
        return Array(
            """
            POST \(accountPath)\(path) HTTP/1.1\r
            Host: 127.0.0.1\r
            Authorization: Basic \(basic)\r
            Content-Type: application/x-www-form-urlencoded\r
            Content-Length: \(form.utf8.count)\r
            \r
            \(form)
            """.utf8)
    }

    var accountPath: String { "/2010-04-01/Accounts/\(configuration.accountSid)" }

    private var authorization: String {
        let credentials = "\(configuration.accountSid):\(configuration.authToken)"
        return "Basic " + Data(credentials.utf8).base64EncodedString()
    }

    private func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics)!
    }

    /// The lines of the log so far, of one event.
    func logLines(_ event: String) throws -> [[String: Any]] {
        carrier.flushLog()
        let data = try Data(contentsOf: URL(fileURLWithPath: logPath))
        return try data.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let object = try JSONSerialization.jsonObject(with: line) as? [String: Any]
            return object?["event"] as? String == event ? object : nil
        }
    }
}

/// An answer as its bytes say.
struct RawAnswer: Sendable {
    var status: Int
    var head: String
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func json() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:]
    }
}

/// A blocking socket: it shows resets, half answers and silence as they are.
final class RawConnection: Sendable {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        setReadTimeout(seconds: 60)
    }

    deinit { close(descriptor) }

    func setReadTimeout(seconds: Double) {
        var span = timeval(
            tv_sec: Int(seconds), tv_usec: Int((seconds - seconds.rounded(.down)) * 1e6))
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &span, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends the end of the stream; the other direction stays open.
    func shutdown() { Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

    func send(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// The bytes of one read: empty at the end; nil, with `errno`, when reset or silent.
    func read() -> (bytes: [UInt8]?, error: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count < 0 ? (nil, errno) : (Array(buffer.prefix(count)), 0)
    }

    /// One whole answer, or nil when the connection ended before it was whole.
    func readAnswer() -> RawAnswer? {
        var bytes: [UInt8] = []
        while true {
            if let answer = Self.parse(bytes) { return answer }
            guard let more = read().bytes, !more.isEmpty else { return nil }
            bytes += more
        }
    }

    private static func parse(_ bytes: [UInt8]) -> RawAnswer? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let length = head.lowercased().firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) }
        let body = bytes[end.upperBound...]
        guard body.count >= length ?? 0 else { return nil }
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return RawAnswer(status: status, head: head, body: Array(body.prefix(length ?? 0)))
    }
}

/// Runs blocking socket calls off the shared threads.
func offload<Value: Sendable>(
    _ body: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
    }
}

/// A webhook server that keeps what it received.
final class WebhookReceiver: Sendable {
    struct Call: Sendable {
        let uri: String
        let signature: String?
        let body: [UInt8]

        subscript(name: String) -> String? {
            CarrierForm(String(decoding: body, as: UTF8.self))[name]
        }
    }

    private struct State {
        var calls: [Call] = []
        var statuses: [Int] = []
        var connections = 0
    }

    private let channel: any Channel
    private let state: SharedState

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    let url: String
    var calls: [Call] { state.value.withLock(\.calls) }
    var connections: Int { state.value.withLock(\.connections) }

    private init(_ channel: any Channel, _ state: SharedState) {
        (self.channel, self.state) = (channel, state)
        url = "http://127.0.0.1:\(channel.localAddress!.port!)"
    }

    /// The next answers have these statuses, then 204.
    func answer(_ statuses: [Int]) { state.value.withLock { $0.statuses = statuses } }

    static func start(port: Int = 0) async throws -> WebhookReceiver {
        let state = SharedState()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Handler(state: state))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return WebhookReceiver(channel, state)
    }

    func stop() async { try? await channel.close() }

    /// The calls, once there are `count` of them that `isWanted`.
    func calls(
        _ count: Int, where isWanted: (Call) -> Bool = { _ in true }
    ) async throws -> [Call] {
        for _ in 0..<6_000 {
            let found = calls.filter(isWanted)
            if found.count >= count { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        return calls.filter(isWanted)
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let state: SharedState
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(state: SharedState) {
            self.state = state
            state.value.withLock { $0.connections += 1 }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, [])
            case .body(let part): body += Array(part.readableBytesView)
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            guard let head else { return }
            let signature = head.headers.first(name: "x-twilio-signature")
            let call = Call(uri: head.uri, signature: signature, body: body)
            let status = state.value.withLock { state in
                state.calls.append(call)
                return state.statuses.isEmpty ? 204 : state.statuses.removeFirst()
            }
            let response = HTTPResponseHead(
                version: .http1_1, status: .init(statusCode: status),
                headers: status == 204 ? [:] : ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(response)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
