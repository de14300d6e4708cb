import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Postgres
import Synchronization

/// The least that webhooks can cost here: the bytes are read, a batch is inserted, then answered.
/// No signature, no rule, no proof.
final class BareHooks: Sendable {
    let url: String
    private let channel: any Channel
    private let writer: BareWriter

    private init(channel: any Channel, writer: BareWriter) {
        self.channel = channel
        self.writer = writer
        url = "http://127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    /// Listens on a free port of loopback, on the event loops that the product's web uses too.
    static func start(_ house: BenchHouse) async throws -> BareHooks {
        try await house.database.execute(
            "CREATE TABLE IF NOT EXISTS bare_receipt (id bigserial PRIMARY KEY, sid text NOT NULL)")
        let writer = BareWriter(database: house.database)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(BareHookHandler(writer: writer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return BareHooks(channel: channel, writer: writer)
    }

    /// Waits until so many receipts are committed, counted from the last call.
    func wait(for receipts: Int) async throws {
        while writer.written < receipts { try await Task.sleep(for: .milliseconds(20)) }
        writer.reset()
    }

    func close() async throws { try await channel.close() }
}

/// Takes one webhook after the other and answers when its row is there.
private final class BareHookHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let writer: BareWriter
    private var body = ByteBuffer()

    init(writer: BareWriter) { self.writer = writer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body.clear()
        case .body(var bytes): body.writeBuffer(&bytes)
        case .end:
            let fields = String(buffer: body).split(separator: "&")
            let sid = fields.first { $0.hasPrefix("MessageSid=") }?.dropFirst(11) ?? ""
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            writer.take(String(sid)) { [loop = context.eventLoop] in
                loop.execute { bound.value.0.answer(bound.value.1) }
            }
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let head = HTTPResponseHead(
            version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

/// Whatever came while a batch was written is the next batch.
private final class BareWriter: Sendable {
    private struct State {
        var waiting: [(sid: String, answer: @Sendable () -> Void)] = []
        var isWriting = false
        var written = 0
    }

    private let database: Database
    private let state = Mutex(State())

    init(database: Database) { self.database = database }

    var written: Int { state.withLock { $0.written } }

    func reset() { state.withLock { $0.written = 0 } }

    func take(_ sid: String, then answer: @escaping @Sendable () -> Void) {
        let starts = state.withLock { state in
            state.waiting.append((sid, answer))
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if starts { Task { await self.write() } }
    }

    private func write() async {
        while let batch = next() {
            let sids = batch.map(\.sid)
            // A batch that fails is never answered, and the count that is waited for never comes.
            guard
                (try? await database.execute(
                    "INSERT INTO bare_receipt (sid) SELECT * FROM unnest(\(sids))")) != nil
            else { continue }
            state.withLock { $0.written += batch.count }
            for one in batch { one.answer() }
        }
    }

    private func next() -> [(sid: String, answer: @Sendable () -> Void)]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting.removeAll() }
            return state.waiting
        }
    }
}
