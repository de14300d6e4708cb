import Curl
import Foundation
import Logging
import Metrics
import Providers
import ServiceLifecycle
import Store

/// What a worker is made of and where it may write.
package struct SendWorkerSettings: Sendable {
    /// A local directory outside any container layer, for permit files.
    package var permitDirectory: String
    package var host: String
    /// How long a graceful stop waits for answers before it leaves them to the permit file.
    package var stopTimeout: Duration = .seconds(12)

    package init(permitDirectory: String, host: String) {
        self.permitDirectory = permitDirectory
        self.host = host
    }
}

/// Sends what the outbox holds for the numbers this process has leased, until asked to stop.
///
/// One incarnation: registered, with a permit file of its own, after it has settled what dead
/// incarnations of this host left behind.
package struct SendWorker: Service {
    let store: SendStore
    let settings: SendWorkerSettings
    let accounts: @Sendable () async throws -> [WorkerAccount]
    let draw: PacedDraw?
    let logger: Logger

    package init(
        store: SendStore, settings: SendWorkerSettings,
        accounts: @escaping @Sendable () async throws -> [WorkerAccount], draw: PacedDraw?,
        logger: Logger
    ) {
        self.store = store
        self.settings = settings
        self.accounts = accounts
        self.draw = draw
        self.logger = logger
    }

    package func run() async throws {
        try await Inheritance(store: store, logger: logger).settle(settings.permitDirectory)
        let incarnation = UUID.v7()
        let permits = try PermitFile(
            directory: settings.permitDirectory, incarnation: incarnation)
        try await store.workers.register(
            incarnation: incarnation, host: settings.host, permitPath: permits.path)
        let (clock, _) = try await store.workers.beat(incarnation)
        let parts = WorkerParts(
            incarnation: incarnation, store: store, clock: clock,
            cluster: ClusterWatch(directory: settings.permitDirectory), logger: logger)
        let watch = Watch(parts: parts, accounts: accounts)
        try await watch.prime()
        logger.info("The worker sends.", metadata: ["senders": "\(parts.fleet.count)"])
        try await work(parts, permits, watch)
        if parts.fleet.open == 0 {
            permits.remove()
            try? await Task { try await store.giveBackShares(of: incarnation) }.value
        }
        try await Task { try await store.workers.stop(incarnation) }.value
        logger.info("The worker has stopped; nothing of it is in flight.")
    }

    private func work(_ parts: WorkerParts, _ permits: PermitFile, _ watch: Watch) async throws {
        let answers = Answers(parts: parts)
        let recorder = Recorder(outcomes: store.outcomes, logger: logger) { flights in
            answers.committed(flights, permits)
        }
        let engine = CurlEngine(maximumInFlight: Fleet.inFlightMax)
        let wire = Wire(engine: engine, permits: permits, closed: parts.closed) { flight, result in
            recorder.add(flight, answers.closing(flight, result))
        }
        let ticker = Ticker(parts, wire: wire)
        // Unstructured on purpose: a cancelled worker stops like a graceful one, it must still send
        // what is committed and write what the wire brings home.
        let recording = Task { await recorder.run() }
        let loops = Task { await runLoops(parts, wire: wire, watch: watch) }
        let ticking = Task { await TickLoop(ticker: ticker, parts: parts).run() }
        await gracefulStop()
        await Task {
            parts.stopPulling()
            await ticking.value  // a batch that is being committed is still sent
            await drain(parts)
        }.value
        loops.cancel()
        await loops.value
        recorder.finish()
        await recording.value
        engine.shutdown()
        try await Task {
            try await store.leases.release(
                parts.fleet.senders.values.map { ($0.organisation, $0.id) },
                worker: parts.incarnation)
        }.value
    }

    private func runLoops(_ parts: WorkerParts, wire: Wire, watch: Watch) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wire.run() }
            group.addTask { await watch.watchStops() }
            group.addTask { await watch.watchLeases() }
            group.addTask { await Keeper(parts: parts).run() }
            group.addTask { await LaunchLoop(parts: parts).run() }
            group.addTask { await DoubtLoop(parts: parts).run() }
            if let draw { group.addTask { await DrawLoop(parts: parts, draw: draw).run() } }
        }
    }

    /// Returns when the service group, or a test's cancellation, asks for the end.
    private func gracefulStop() async {
        let (ending, ender) = AsyncStream.makeStream(of: Void.self)
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                for await _ in ending {}
            } onCancel: {
                ender.finish()
            }
        } onGracefulShutdown: {
            ender.finish()
        }
    }

    private func drain(_ parts: WorkerParts) async {
        let end = ContinuousClock.now + settings.stopTimeout
        while parts.fleet.open > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
        if parts.fleet.open > 0 {
            logger.warning(
                "Some answers did not come in time; the next start settles them.",
                metadata: ["texts": "\(parts.fleet.open)"])
        }
    }
}
