import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A simulated carrier: a Twilio-shaped HTTP API with receipts, replies and faults.
///
/// Two event loops of its own: the exchange answers the API, the street makes webhooks. Nothing
/// is shared with the rooms that send and receive, so that a fault of theirs is not mirrored here.
package struct Carrier: Sendable {
    /// Where it listens.
    package let port: Int
    package let host: String
    /// `http://host:port`, to be given as the provider's API address.
    package var url: String { "http://\(host):\(port)" }

    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let exchange: CarrierDoor<CarrierExchange>
    private let street: CarrierDoor<CarrierStreet>
    private let log: CarrierLog
    private let ending = CarrierEnding()

    /// Opens the log, listens and starts the clock of receipts.
    ///
    /// - Throws: ``CarrierError``, a sentence that says what to change.
    package static func start(
        _ configuration: CarrierConfiguration, logger: Logger
    ) async throws -> Carrier {
        let log = try CarrierLog(path: configuration.logPath)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let (apiLoop, streetLoop) = (group.next(), group.next())
        do {
            let mailbox = CarrierMailbox()
            let exchange = try await CarrierDoor.open(on: apiLoop) {
                try CarrierExchange(configuration, log: log, mailbox: mailbox, loop: apiLoop)
            }
            let street = try await CarrierDoor.open(on: streetLoop) {
                CarrierStreet(
                    configuration, log: log, mailbox: mailbox, loop: streetLoop,
                    exchange: exchange)
            }
            let listener = try await listen(configuration, on: apiLoop, exchange)
            let port = listener.localAddress?.port ?? configuration.port
            try await exchange.ask { resident in
                resident.street = street
                resident.port = port
                log.start()
            }.get()
            try await street.ask { $0.open() }.get()
            logger.info("carrier listens", metadata: ["port": "\(port)"])
            return Carrier(
                port: port, host: configuration.host, group: group, listener: listener,
                exchange: exchange, street: street, log: log)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func listen(
        _ configuration: CarrierConfiguration, on loop: any EventLoop,
        _ exchange: CarrierDoor<CarrierExchange>
    ) async throws -> any Channel {
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(CarrierConnection(exchange.resident))
                }
            }
        do {
            return try await bootstrap.bind(host: configuration.host, port: configuration.port)
                .get()
        } catch {
            throw CarrierError.address(
                host: configuration.host, port: configuration.port,
                reason: String(describing: error))
        }
    }

    /// Stops listening, drops what is planned, writes the rest of the log. A second call does
    /// nothing.
    package func stop() async {
        guard ending.begin() else { return }
        try? await listener.close()
        try? await street.ask { $0.close() }.get()
        log.stop()
        try? await group.shutdownGracefully()
    }

    /// What it counted so far.
    package func statistics() async throws -> CarrierStatistics {
        let figures = try await street.ask { StreetFigures($0) }.get()
        return try await exchange.ask { CarrierStatistics($0, figures) }.get()
    }

    /// Changes settings while it runs; see ``CarrierKnobs``.
    package func turn(_ change: @escaping @Sendable (inout CarrierKnobs) -> Void) async throws {
        try await exchange.ask { exchange in
            var knobs = exchange.knobs
            change(&knobs)
            exchange.turn(knobs)
        }.get()
    }

    /// Lets somebody write to one of our numbers; tells the id of the text.
    ///
    /// - Throws: ``CarrierError/number(_:)`` when one of them is not a number.
    package func inject(
        from: String, to: String, body: String, mediaCount: Int = 0
    ) async throws -> String {
        guard let sender = CarrierAddress(from) else { throw CarrierError.number(from) }
        guard let receiver = CarrierAddress(to) else { throw CarrierError.number(to) }
        let draft = CarrierDraft(
            from: sender, to: receiver, body: Array(body.utf8), mediaCount: mediaCount,
            intent: "injected")
        let text = try await exchange.ask { $0.receive(draft) }.get()
        try await street.ask { $0.deliver(text) }.get()
        return String(decoding: text.sid, as: UTF8.self)
    }

    /// Waits until no receipt, reply or webhook is planned or on its way; false after `limit`.
    package func waitUntilIdle(_ limit: Duration = .seconds(30)) async throws -> Bool {
        let deadline = CarrierMoment.now().boot + limit.components.seconds * 1_000_000
        return try await CarrierExchange.idle(street, until: deadline).get()
    }

    /// Returns when every line so far is in the log file.
    package func flushLog() { log.flush() }
}

/// Whether the end has begun: an event loop that is gone answers nobody.
private final class CarrierEnding: Sendable {
    private let hasBegun = Mutex(false)

    /// True for the first caller only.
    func begin() -> Bool {
        hasBegun.withLock { hasBegun in
            defer { hasBegun = true }
            return !hasBegun
        }
    }
}
