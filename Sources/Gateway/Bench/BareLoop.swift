import Curl
import Foundation
import Postgres
import Providers
import Store
import Synchronization

/// The least that sending can cost here: one POST with the read callback for each text, and one
/// batched insert of what came back. No queue, no rule, no proof.
struct BareLoop: Sendable {
    static let inFlight = 200
    static let batch = 500

    let house: BenchHouse
    let provider: any Provider

    func run(texts: Int) async throws {
        try await house.database.execute(
            "CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, provider_id text NOT NULL)")
        let engine = CurlEngine(maximumInFlight: Self.inFlight)
        defer { engine.shutdown() }
        let answers = AsyncStream<String>.makeStream()
        let launcher = Launcher(engine: engine, provider: provider, answers: answers.continuation)
        launcher.launch(Self.inFlight, of: texts)
        var rows: [(UUID, String)] = []
        var done = 0
        for await providerID in answers.stream {
            launcher.launch(1, of: texts)
            rows.append((UUID.v7(), providerID))
            done += 1
            if rows.count == Self.batch || done == texts {
                try await insert(rows)
                rows.removeAll(keepingCapacity: true)
            }
            if done == texts { break }
        }
    }

    private func insert(_ rows: [(UUID, String)]) async throws {
        try await house.database.execute(
            """
            INSERT INTO bare SELECT * FROM unnest(\(rows.map(\.0)), \(rows.map(\.1)))
            """)
    }

    /// Keeps so many requests on the wire.
    private final class Launcher: Sendable {
        private let engine: CurlEngine
        private let provider: any Provider
        private let answers: AsyncStream<String>.Continuation
        private let started = Mutex(0)

        init(
            engine: CurlEngine, provider: any Provider, answers: AsyncStream<String>.Continuation
        ) {
            self.engine = engine
            self.provider = provider
            self.answers = answers
        }

        func launch(_ count: Int, of total: Int) {
            for _ in 0..<count {
                let number = started.withLock { started in
                    started += 1
                    return started
                }
                guard number <= total else { return }
                let text = OutboundText(
                    to: "+1202555" + String(1_000_000 + number).suffix(4), from: "+12025540100",
                    service: nil,
                    body: "Hi Aisha, Sam here from Example Campaign. Can you join us?",
                    media: [], validity: .seconds(3600), token: "bench")
                engine.submit(provider.request(for: text)) { [provider, answers] result in
                    switch provider.outcome(of: result) {
                    case .accepted(let id): answers.yield(id)
                    default: answers.yield("refused")
                    }
                }
            }
        }
    }
}
