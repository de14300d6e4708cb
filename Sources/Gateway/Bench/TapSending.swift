import Curl
import Foundation
import Sending
import Store

/// The worker that sends what texters press, and what the carrier saw of it.
struct TapSending: Sendable {
    private let house: BenchHouse
    private let seed: SendSeed
    private let organisation: Int32
    private let permits: String
    private let task: Task<Void, any Error>
    private let startedAt: Date

    /// Starts a worker and waits until it holds all numbers of the organisation.
    static func start(_ house: BenchHouse, _ organisation: Int32) async throws -> TapSending {
        // Only this run's numbers may be leased.
        try await house.database.execute(
            """
            UPDATE sender SET retired_at = now()
            WHERE organisation_id <> \(organisation) AND retired_at IS NULL
            """)
        let permits = NSTemporaryDirectory() + "barnstorm-bench-\(UUID().uuidString)"
        let seed = SendSeed(house: house, provider: try SendBenchCommand.provider(house))
        let worker = seed.worker(permits: permits)
        let task = Task { try await worker.run() }
        for _ in 0..<300 {
            let free = try await house.database.first(
                """
                SELECT count(*) FROM sender
                WHERE organisation_id = \(organisation) AND lease_until < now()
                """
            ) { try $0.value(0) as Int }
            if free == 0 {
                return TapSending(
                    house: house, seed: seed, organisation: organisation, permits: permits,
                    task: task, startedAt: Date())
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        task.cancel()
        throw CommandFailure.unavailable("The worker of the measurement leases no numbers.")
    }

    /// Waits until every saved text has an answer, then ends the worker.
    func finish(_ saved: [UUID: Date], log: String) async throws -> TapsSent {
        let begin = ContinuousClock.now
        while try await seed.done(organisation) < saved.count {
            guard ContinuousClock.now - begin < .seconds(300) else {
                throw CommandFailure.checkFailed("Texts that were saved have not left in 300 s.")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        let after = (ContinuousClock.now - begin) / .seconds(1)
        task.cancel()
        try await task.value
        try? FileManager.default.removeItem(atPath: permits)
        let wire = try await arrivals(log)
        let spans = saved.compactMap { message, date in
            wire[message].map { max(0, $0.timeIntervalSince(date) * 1000) }
        }
        return TapsSent(secondsAfter: after, spans: spans.sorted())
    }

    /// When the carrier saw the first byte of each text, by its log.
    private func arrivals(_ log: String) async throws -> [UUID: Date] {
        let engine = CurlEngine(maximumInFlight: 1)
        defer { engine.shutdown() }
        _ = await engine.perform(
            HTTPRequest(method: "POST", url: house.carrier.url + "/_control/flush", body: []))
        let messages = try await house.database.rows(
            """
            SELECT c.number, m.id FROM message m JOIN contact c
                ON c.organisation_id = m.organisation_id AND c.id = m.contact_id
            WHERE m.organisation_id = \(organisation) AND m.kind = 1
            """
        ) { row in (try row.value(0) as String, try row.value(1) as UUID) }
        let ids = Dictionary(uniqueKeysWithValues: messages)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var found: [UUID: Date] = [:]
        let text = try String(contentsOfFile: log, encoding: .utf8)
        for line in text.split(separator: "\n") {
            guard let entry = try? decoder.decode(Entry.self, from: Data(line.utf8)),
                entry.event == "accepted", let message = ids[entry.to]
            else { continue }
            // Earlier runs texted the same numbers.
            let moment = Double(entry.wallUs - entry.bootUs + entry.startBootUs) / 1_000_000
            let date = Date(timeIntervalSince1970: moment)
            if date > startedAt { found[message] = date }
        }
        return found
    }

    /// A line of the carrier's log.
    private struct Entry: Decodable {
        var event: String
        var to: String
        var wallUs: Int
        var bootUs: Int
        var startBootUs: Int
    }
}

/// What became of the texts that texters pressed.
struct TapsSent: Sendable {
    /// From the last press to the last answer.
    var secondsAfter: Double
    /// From each commit to the first byte at the carrier, milliseconds, sorted.
    var spans: [Double]
}
