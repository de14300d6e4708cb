import NIOCore
import NIOHTTP1
import NIOPosix

/// How one webhook attempt ended.
enum CarrierWebhookOutcome: Equatable {
    case answered(Int)
    case connectFailed
    case timedOut
    /// The connection broke before an answer.
    case broken
    /// Never tried: the queue was full, or the address is not plain HTTP.
    case dropped

    var name: String {
        switch self {
        case .answered(let status): "\(status)"
        case .connectFailed: "connect_failed"
        case .timedOut: "timed_out"
        case .broken: "broken"
        case .dropped: "dropped"
        }
    }
}

/// Makes webhooks over kept-alive connections, one request at a time on each, on one event loop.
///
/// Bounded: so many connections per server; what waits is bounded by the street. A server that
/// refuses connections is tried once per 20 ms, and each refusal fails up to 256 waiting webhooks,
/// so that a server that is down costs nothing.
final class WebhookClient {
    typealias Finish = (CarrierWebhook, CarrierMoment, CarrierWebhookOutcome) -> Void

    /// Twilio's defaults: 5 s to connect, 15 s for the answer.
    static let connectTimeout = TimeAmount.seconds(5)
    static let answerTimeoutMicroseconds: Int64 = 15_000_000

    let loop: any EventLoop
    private let connectionsMax: Int
    private var servers: [String: WebhookServer] = [:]
    private let build: (CarrierWebhook) -> CarrierWebhookRequest
    private let finish: Finish

    init(
        loop: any EventLoop, connectionsMax: Int,
        build: @escaping (CarrierWebhook) -> CarrierWebhookRequest, finish: @escaping Finish
    ) {
        (self.loop, self.connectionsMax) = (loop, connectionsMax)
        (self.build, self.finish) = (build, finish)
    }

    func send(_ webhook: CarrierWebhook) {
        guard webhook.url.isPlain else { return finish(webhook, .now(), .dropped) }
        let key = webhook.url.authority
        let server =
            servers[key]
            ?? WebhookServer(
                host: webhook.url.host, port: webhook.url.port, loop: loop,
                connectionsMax: connectionsMax, build: build, finish: finish)
        servers[key] = server
        server.send(webhook)
    }

    /// Closes connections whose answer is overdue; called about once a second.
    func sweep() { servers.values.forEach { $0.sweep() } }

    func close() { servers.values.forEach { $0.close() } }
}

/// One webhook server: its connections and what waits for one.
final class WebhookServer {
    private let host: String
    private let port: Int
    private let loop: any EventLoop
    private let connectionsMax: Int
    private let build: (CarrierWebhook) -> CarrierWebhookRequest
    private let finish: WebhookClient.Finish
    private var waiting = CircularBuffer<CarrierWebhook>()
    private var idle: [WebhookConnection] = []
    private var open: [ObjectIdentifier: WebhookConnection] = [:]
    private var connecting = 0
    private var isPaused = false
    private var isClosed = false

    init(
        host: String, port: Int, loop: any EventLoop, connectionsMax: Int,
        build: @escaping (CarrierWebhook) -> CarrierWebhookRequest,
        finish: @escaping WebhookClient.Finish
    ) {
        (self.host, self.port, self.loop) = (host, port, loop)
        self.connectionsMax = connectionsMax
        (self.build, self.finish) = (build, finish)
    }

    func send(_ webhook: CarrierWebhook) {
        waiting.append(webhook)
        pump()
    }

    func sweep() {
        let latest = CarrierMoment.now().boot - WebhookClient.answerTimeoutMicroseconds
        for connection in open.values where connection.isOverdue(before: latest) {
            connection.timeOut()
        }
    }

    func close() {
        isClosed = true
        waiting.removeAll()
        open.values.forEach { $0.close() }
    }

    private func pump() {
        while !waiting.isEmpty, let connection = idle.popLast() {
            let webhook = waiting.removeFirst()
            connection.send(webhook, build(webhook))
        }
        let wanted = min(waiting.count - connecting, connectionsMax - open.count - connecting)
        guard !isPaused, !isClosed, wanted > 0 else { return }
        for _ in 0..<wanted { connect() }
    }

    private func connect() {
        connecting += 1
        let server = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(WebhookClient.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    let connection = WebhookConnection(server.value)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(host: host, port: port)
            .hop(to: loop).assumeIsolated().whenComplete { result in
                self.connecting -= 1
                if case .failure = result { self.refused() }
            }
    }

    private func refused() {
        guard !isPaused else { return }
        isPaused = true
        let failed = Array(waiting.prefix(256))
        waiting.removeFirst(failed.count)
        let now = CarrierMoment.now()
        for webhook in failed { finish(webhook, now, .connectFailed) }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(20)) {
            self.isPaused = false
            self.pump()
        }
    }

    func opened(_ connection: WebhookConnection) {
        open[ObjectIdentifier(connection)] = connection
        ready(connection)
    }

    func ready(_ connection: WebhookConnection) {
        idle.append(connection)
        pump()
    }

    func closed(_ connection: WebhookConnection) {
        open[ObjectIdentifier(connection)] = nil
        idle.removeAll { $0 === connection }
        pump()
    }

    func finished(
        _ webhook: CarrierWebhook, _ started: CarrierMoment, _ outcome: CarrierWebhookOutcome
    ) {
        finish(webhook, started, outcome)
    }

    /// A kept-alive connection had died before the first byte of an answer: ask on a fresh one,
    /// once, as HTTP clients do. The webhook may arrive twice, as at the provider.
    func again(_ webhook: CarrierWebhook) {
        waiting.prepend(webhook)
        pump()
    }
}

/// One kept-alive connection to a webhook server.
final class WebhookConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let server: WebhookServer
    private var context: ChannelHandlerContext?
    private var current: (webhook: CarrierWebhook, started: CarrierMoment)?
    private var status: Int?
    private var keepsOpen = true
    private var served = 0

    init(_ server: WebhookServer) { self.server = server }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        server.opened(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        if let (webhook, started) = current {
            current = nil
            if served > 0, status == nil {
                server.again(webhook)
            } else {
                server.finished(webhook, started, .broken)
            }
        }
        server.closed(self)
    }

    func send(_ webhook: CarrierWebhook, _ request: CarrierWebhookRequest) {
        current = (webhook, .now())
        status = nil
        guard let context else { return }
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(request.body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            keepsOpen = head.isKeepAlive
        case .body: break
        case .end: finish(context)
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let (webhook, started) = current else { return context.close(promise: nil) }
        current = nil
        served += 1
        server.finished(webhook, started, .answered(status ?? 0))
        if keepsOpen { server.ready(self) } else { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func isOverdue(before latest: Int64) -> Bool {
        current.map { $0.started.boot < latest } ?? false
    }

    func timeOut() {
        guard let (webhook, started) = current else { return }
        current = nil
        server.finished(webhook, started, .timedOut)
        context?.close(promise: nil)
    }

    func close() { context?.close(promise: nil) }
}
