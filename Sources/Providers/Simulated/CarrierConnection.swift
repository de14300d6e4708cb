import Glibc
import NIOCore
import NIOHTTP1

/// One client of the carrier: assembles requests, asks the exchange, delivers the answers in
/// order and as faultily as they are meant.
///
/// The head is parsed by NIOHTTP1; answers are written as bytes, because half of the faults
/// cannot be expressed as an HTTP response.
final class CarrierConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private static let bodyBytesMax = 1 << 20

    private let exchange: CarrierExchange
    private var context: ChannelHandlerContext?
    private var isLocal = false
    private var head: HTTPRequestHead?
    private var body: ByteBuffer?
    private var started = CarrierMoment.now()
    private var requestCount = 0
    private var isAnswering = false
    private var waiting: [CarrierRequest] = []  // only of clients that pipeline

    init(_ exchange: CarrierExchange) { self.exchange = exchange }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isLocal = context.remoteAddress?.isLoopback ?? false
        exchange.connectionCount += 1
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        exchange.connectionCount -= 1
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let head { exchange.noteIncomplete(head, started: started, body: body) }
        head = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError {
            let refusal = CarrierRefusal.bad(20001, "Bad request")
            context.writeAndFlush(wrapOutboundOut(CarrierAnswer(refusal).bytes), promise: nil)
        }
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            started = .now()
            self.head = head
            body = nil
            if head.headers.contains(name: "expect") {
                let interim = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
                context.writeAndFlush(wrapOutboundOut(interim), promise: nil)
            }
        case .body(var part):
            if body == nil { body = part } else { body!.writeBuffer(&part) }
            if body!.readableBytes > Self.bodyBytesMax { context.close(promise: nil) }
        case .end:
            finishRequest()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

    private func finishRequest() {
        guard let head else { return }
        requestCount += 1
        let arrived = arrival()
        let request = CarrierRequest(
            method: head.method, uri: head.uri, headers: head.headers, body: body,
            started: arrived.boot < started.boot ? arrived : started, arrived: arrived,
            isReused: requestCount > 1, isLocal: isLocal)
        self.head = nil
        body = nil
        if isAnswering { waiting.append(request) } else { answer(request) }
    }

    /// When the last byte of what was just read had reached this machine.
    ///
    /// The kernel knows it to a tick (tcp(7), `tcpi_last_data_recv` in milliseconds); our own clock
    /// says when this thread got round to reading, which on a busy machine is much later.
    private func arrival() -> CarrierMoment {
        let now = CarrierMoment.now()
        guard let options = context?.channel as? any SocketOptionProvider else { return now }
        var milliseconds: UInt32 = 0
        // Called on the channel's own loop, so the answer is there at once.
        options.getTCPInfo().assumeIsolated().whenSuccess { milliseconds = $0.tcpi_last_data_recv }
        return now.advanced(by: -1_000 * Int64(milliseconds))
    }

    private func answer(_ request: CarrierRequest) {
        let keepsOpen = !request.headers[canonicalForm: "connection"].contains("close")
        switch exchange.react(to: request) {
        case .now(let answer): deliver(answer, keepsOpen: keepsOpen)
        case .later(let future):
            isAnswering = true
            future.assumeIsolated().whenComplete { result in
                self.isAnswering = false
                switch result {
                case .success(let answer): self.deliver(answer, keepsOpen: keepsOpen)
                case .failure: self.context?.close(promise: nil)
                }
                self.context?.flush()
            }
        }
    }

    private func deliver(_ answer: CarrierAnswer, keepsOpen: Bool) {
        guard answer.afterMilliseconds > 0 else {
            return deliverNow(answer, keepsOpen: keepsOpen)
        }
        isAnswering = true
        after(milliseconds: answer.afterMilliseconds) {
            self.deliverNow(answer, keepsOpen: keepsOpen)
            self.context?.flush()
        }
    }

    private func deliverNow(_ answer: CarrierAnswer, keepsOpen: Bool) {
        guard let context else { return }
        isAnswering = false
        switch answer.delivery {
        case .whole:
            context.write(wrapOutboundOut(answer.bytes), promise: nil)
            if keepsOpen { answerNext() } else { closeAfterFlush(context) }
        case .half:
            var bytes = answer.bytes
            let half = bytes.readSlice(length: bytes.readableBytes / 2)!
            context.write(wrapOutboundOut(half), promise: nil)
            closeAfterFlush(context)
        case .drip(let milliseconds):
            isAnswering = true
            drip(answer.bytes, every: milliseconds)
        case .hang:
            isAnswering = true  // for ever: whatever follows on this connection waits too
        case .reset:
            reset(context)
        case .close:
            context.close(promise: nil)
        }
    }

    private func answerNext() {
        if !waiting.isEmpty, !isAnswering { answer(waiting.removeFirst()) }
    }

    private func drip(_ bytes: ByteBuffer, every milliseconds: Int) {
        guard let context else { return }
        var rest = bytes
        guard let byte = rest.readSlice(length: 1) else {
            isAnswering = false
            answerNext()
            return context.flush()
        }
        context.writeAndFlush(wrapOutboundOut(byte), promise: nil)
        after(milliseconds: milliseconds) { self.drip(rest, every: milliseconds) }
    }

    private func closeAfterFlush(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()))
            .assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    /// A lingering time of zero makes the kernel send RST instead of FIN.
    private func reset(_ context: ChannelHandlerContext) {
        let immediately = linger(l_onoff: 1, l_linger: 0)
        guard let options = context.channel as? any SocketOptionProvider else {
            return context.close(promise: nil)
        }
        options.setSoLinger(immediately)
            .assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    private func after(milliseconds: Int, _ body: @escaping () -> Void) {
        context?.eventLoop.assumeIsolated()
            .scheduleTask(in: .milliseconds(Int64(milliseconds)), body)
    }
}

extension SocketAddress {
    var isLoopback: Bool {
        switch self {
        case .v4: ipAddress?.hasPrefix("127.") ?? false
        case .v6: ipAddress == "::1" || ipAddress?.hasPrefix("::ffff:127.") ?? false
        case .unixDomainSocket: true
        }
    }
}
