import Foundation
import Logging
import Providers
import Store
import Synchronization
import Texting

/// Collects answers and writes them down, a batch at a time.
///
/// A try keeps its place in the permit file and in flight until its closing row is committed: when
/// the database is away the places run out and sending stops by itself.
final class Recorder: Sendable {
    /// Rows of one transaction at most, and how long the first one waits for company.
    static let rowsMax = 500
    static let patience = Duration.milliseconds(15)

    private struct Landed {
        var closing: Closing
        var flight: Flight
    }

    private let outcomes: Outcomes
    private let logger: Logger
    private let committed: @Sendable ([Flight]) -> Void
    private let landed = Mutex<[Landed]>([])
    private let (signal, signaller) = AsyncStream.makeStream(
        of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(
        outcomes: Outcomes, logger: Logger, committed: @escaping @Sendable ([Flight]) -> Void
    ) {
        self.outcomes = outcomes
        self.logger = logger
        self.committed = committed
    }

    func add(_ flight: Flight, _ closing: Closing) {
        let isFirst = landed.withLock { list in
            list.append(Landed(closing: closing, flight: flight))
            return list.count == 1
        }
        if isFirst { signaller.yield() }
    }

    /// No answers follow: ``run()`` returns once all are written.
    func finish() { signaller.finish() }

    /// Writes until finished.
    func run() async {
        for await _ in signal {
            try? await Task.sleep(for: Self.patience)
            await drain()
        }
        await drain()
    }

    private func drain() async {
        while true {
            let batch = landed.withLock { list in
                let batch = Array(list.prefix(Self.rowsMax))
                list.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else { return }
            await write(batch)
        }
    }

    /// Tries until it is written: an outcome that is thrown away is a doubt that a person must settle.
    private func write(_ batch: [Landed]) async {
        var failures = 0
        while true {
            do {
                try await outcomes.record(batch.map(\.closing))
                return committed(batch.map(\.flight))
            } catch {
                failures += 1
                logger.warning(
                    "Outcomes could not be written; the worker tries again.",
                    metadata: ["failures": "\(failures)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(min(5000, 100 << min(failures, 6))))
                if Task.isCancelled, failures > 20 { return }
            }
        }
    }
}
