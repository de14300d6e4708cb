import NIOCore
import NIOHTTP1
import Providers

/// Answers `/hooks/…` on the event loop, before the web framework sees the request.
///
/// Webhooks are most of what a busy installation serves, and each needs no more than its bytes:
/// taking them here saves a task, a header conversion and a router per request. All else passes
/// untouched. Answers keep the order of requests on a connection, also when a client pipelines:
/// while an answer is due, what comes behind it waits.
final class HooksHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        /// Between two requests.
        case idle
        /// Inside a request that is not ours.
        case passing
        case collecting(HTTPRequestHead, ByteBuffer)
        /// Behind an answer given early: the rest of the request is dropped.
        case discarding
        /// The request is whole, its answer waits for the commit.
        case answering
    }

    private let desk: HookDesk
    private var phase = Phase.idle
    /// Requests passed on whose answers have not all gone out.
    private var passedOn = 0
    /// What came while an earlier answer was due.
    private var held: CircularBuffer<HTTPServerRequestPart> = []
    private var closing: (mode: CloseMode, promise: EventLoopPromise<Void>?)?

    init(desk: HookDesk) { self.desk = desk }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if held.isEmpty, !mustWait(part) { handle(part, context) } else { held.append(part) }
    }

    private func mustWait(_ part: HTTPServerRequestPart) -> Bool {
        switch (phase, part) {
        case (.answering, _): true
        case (.idle, .head(let head)): passedOn > 0 && head.uri.hasPrefix(HookDesk.prefix)
        default: false
        }
    }

    private func release(_ context: ChannelHandlerContext) {
        while let part = held.first, !mustWait(part) {
            held.removeFirst()
            handle(part, context)
        }
    }

    private func handle(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (phase, part) {
        case (.idle, .head(let head)) where head.uri.hasPrefix(HookDesk.prefix):
            begin(head, context)
        case (.idle, .head):
            phase = .passing
            passedOn += 1
            context.fireChannelRead(wrapInboundOut(part))
        case (.collecting(let head, var buffer), .body(var bytes)):
            phase = .discarding  // gives up the other reference, so that appending copies nothing
            guard buffer.readableBytes + bytes.readableBytes <= HookDesk.bodyBytesMax else {
                return answer(.tooLarge, keepAlive: false, context)
            }
            buffer.writeBuffer(&bytes)
            phase = .collecting(head, buffer)
        case (.collecting(let head, let buffer), .end): finish(head, buffer, context)
        case (.discarding, .end): phase = .idle
        case (.passing, .end):
            phase = .idle
            context.fireChannelRead(wrapInboundOut(part))
        case (.passing, _): context.fireChannelRead(wrapInboundOut(part))
        default: break
        }
    }

    /// Refuses what is known to be wrong by the head alone.
    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        guard announced <= HookDesk.bodyBytesMax else {
            phase = .discarding
            return answer(.tooLarge, keepAlive: false, context)
        }
        phase = .collecting(head, context.channel.allocator.buffer(capacity: announced))
    }

    private func finish(
        _ head: HTTPRequestHead, _ buffer: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        phase = .answering
        let keepAlive = head.isKeepAlive
        guard head.method == .POST || head.method == .GET else {
            return answer(.wrongMethod, keepAlive: keepAlive, context)
        }
        let webhook = Webhook(
            method: head.method.rawValue, target: head.uri,
            headers: head.headers.map { (name: $0.name, value: $0.value) },
            body: Array(buffer.readableBytesView))
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        desk.receive(webhook) { given in
            if eventLoop.inEventLoop {
                let (handler, context) = bound.value
                handler.answer(given, keepAlive: keepAlive, context)
            } else {
                eventLoop.execute {
                    let (handler, context) = bound.value
                    handler.answer(given, keepAlive: keepAlive, context)
                }
            }
        }
    }

    private func answer(_ given: HookAnswer, keepAlive: Bool, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = HTTPHeaders([("Content-Length", "\(given.body.count)")])
        if let type = given.contentType { headers.add(name: "Content-Type", value: type) }
        if case .unavailable = given { headers.add(name: "Retry-After", value: "5") }
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: given.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !given.body.isEmpty {
            let body = ByteBuffer(bytes: given.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if !keepAlive { return context.close(promise: nil) }
        if case .answering = phase { phase = .idle }
        if let closing {
            self.closing = nil
            return context.close(mode: closing.mode, promise: closing.promise)
        }
        release(context)
    }

    /// Counts the framework's answers, so that ours never overtakes one.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else {
            return context.write(data, promise: promise)
        }
        context.write(data, promise: promise)
        passedOn -= 1
        if passedOn == 0, !held.isEmpty { release(context) }
    }

    /// A connection that the framework finds idle may still owe an answer of ours.
    func close(
        context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
        if case .answering = phase, closing == nil {
            closing = (mode, promise)
        } else {
            context.close(mode: mode, promise: promise)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        held.removeAll()
        closing?.promise?.succeed()
        closing = nil
        context.fireChannelInactive()
    }
}

/// Puts ``HooksHandler`` behind the HTTP decoder of a connection, then leaves the pipeline.
///
/// The web framework adds handlers behind its own codec, where headers are converted already; this
/// one looks for the decoder and stands the real one beside it.
package final class HooksInstaller: ChannelInboundHandler, RemovableChannelHandler {
    package typealias InboundIn = Any

    private let desk: HookDesk

    package init(desk: HookDesk) { self.desk = desk }

    package func handlerAdded(context: ChannelHandlerContext) {
        do {
            let pipeline = context.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(HooksHandler(desk: desk), position: .after(decoder))
        } catch {
            // No HTTP/1 decoder: nothing on this connection can be a webhook.
            context.fireErrorCaught(error)
        }
    }
}
