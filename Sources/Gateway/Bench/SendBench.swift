import ArgumentParser
import Foundation
import Logging
import Postgres
import Providers
import Sending
import Store

/// `barnstorm bench send`: texts per second from the outbox to a recorded answer, all checks on,
/// durable, beside the bare loop.
struct SendBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "From the outbox to a recorded answer, beside the bare loop.")

    @OptionGroup var common: CommonOptions
    @Option(help: "Texts of each run.") var texts = 40_000
    @Option(help: "Rounds; each runs all shapes once, medians are printed at the end.")
    var rounds = 3
    @Option(help: "Numbers of the thin shape.") var thin = 2_000

    func run() async throws {
        let context = try await CommandContext(common)
        let house = try await BenchHouse.open(context.settings, knobs: Self.quiet)
        var runs: [String: [BenchRun]] = [:]
        do {
            for round in 1...max(1, rounds) {
                for run in try await self.round(round, house) {
                    runs[run.name, default: []].append(run)
                    try context.output.print(run, run.line)
                }
            }
        } catch {
            try? await house.close()
            throw error
        }
        try await house.close()
        for name in ["bare loop", "one fat sender", "\(thin) thin senders"] {
            guard let median = BenchRun.median(runs[name] ?? []) else { continue }
            context.output.line("median " + median.line)
        }
    }

    /// No receipts, no replies, no faults.
    static let quiet = """
        {"people": {"replies": 0, "stops": 0}, "receipts": {"reports_sent": false, "delivered": 0}}
        """

    private func round(_ round: Int, _ house: BenchHouse) async throws -> [BenchRun] {
        let provider = try Self.provider(house)
        let bare = try await measure("bare loop", house) {
            try await BareLoop(house: house, provider: provider).run(texts: texts)
        }
        var runs = [bare]
        for (name, count) in [("one fat sender", 1), ("\(thin) thin senders", thin)] {
            let seed = SendSeed(house: house, provider: provider)
            let organisation = try await seed.fill(senders: count, texts: texts, round: round)
            var run = try await measure(name, house) {
                try await seed.send(organisation: organisation, texts: texts)
            }
            run.ratio = run.textsPerSecond / bare.textsPerSecond
            runs.append(run)
        }
        return runs
    }

    /// The simulated carrier of the measurement.
    static func provider(_ house: BenchHouse) throws -> any Provider {
        try Providers.make(
            ProviderAccount(
                id: 1, provider: "simulated", apiURL: house.carrier.url,
                credentials: [
                    "account_sid": CarrierProcess.accountSid,
                    "auth_token": CarrierProcess.authToken,
                ], hook: "bench", publicURL: ""))
    }

    private func measure(
        _ name: String, _ house: BenchHouse, _ body: () async throws -> Void
    ) async throws -> BenchRun {
        let before = try await ProcessorTime.now(house)
        let clock = ContinuousClock()
        let time = try await clock.measure(body)
        let spent = try await ProcessorTime.now(house) - before
        return BenchRun(name: name, texts: texts, seconds: time / .seconds(1), spent: spent)
    }
}

/// Fills an outbox and lets a real worker empty it.
struct SendSeed: Sendable {
    let house: BenchHouse
    let provider: any Provider
    /// Binds callbacks to the account; whoever asks for receipts gives the account's own.
    var callbackKey: [UInt8] = [0]
    /// What the worker waits for before it counts as done.
    var goal: [TallyKind] = [.accepted, .rejected, .inDoubt]

    /// A fresh organisation with its own account, numbers, people and waiting texts.
    func fill(senders: Int, texts: Int, round: Int) async throws -> Int32 {
        let database = house.database
        // Only this run's numbers may be leased.
        try await database.execute("UPDATE sender SET retired_at = now()")
        return try await database.transaction { connection in
            let name = "bench \(senders) \(round)"
            let organisation = try await connection.first(
                """
                INSERT INTO organisation (name, countries, opens_minute, closes_minute)
                VALUES (\(name), '{US}', 0, 1440) RETURNING id
                """
            ) { try $0.value(0) as Int32 }!
            _ = try await connection.execute(
                """
                INSERT INTO account (provider, name, credentials, hook, callback_key, in_flight_max)
                SELECT 'simulated', 'bench', '\\x00', 'bench-hook-0123456', '\\x00', 500
                WHERE NOT EXISTS (SELECT FROM account)
                """)
            _ = try await connection.execute(
                """
                INSERT INTO sender (organisation_id, id, account_id, number, segments_per_second)
                SELECT \(organisation), gen_random_uuid(), (SELECT min(id) FROM account),
                    '+1' || (2000000000 + \(Int(organisation)) * 10000 + i)::text, 1000000
                FROM generate_series(1, \(senders)) AS i
                """)
            try await Self.people(organisation, texts, on: connection)
            try await Self.messages(organisation, on: connection)
            return organisation
        }
    }

    private static func people(
        _ organisation: Int32, _ count: Int, on connection: Connection
    ) async throws {
        let now = UUID.v7()
        _ = try await connection.execute(
            """
            WITH c AS (
                INSERT INTO campaign (organisation_id, id, name, state, mode)
                VALUES (\(organisation), \(now), 'bench', 'live', 'hand')
            )
            INSERT INTO contact (organisation_id, id, number, number_hash)
            SELECT \(organisation), gen_random_uuid(), '+1' || (3000000000 + i)::text,
                sha256(('+1' || (3000000000 + i))::bytea)
            FROM generate_series(1, \(count)) AS i
            """)
    }

    /// Texts dealt over the numbers, in outbox rows of up to 500, to people where it is noon: the law
    /// closes at night, and a measurement must not.
    private static func messages(_ organisation: Int32, on connection: Connection) async throws {
        _ = try await connection.execute(
            """
            WITH numbers AS (
                SELECT id, row_number() OVER () - 1 AS k, count(*) OVER () AS n FROM sender
                WHERE organisation_id = \(organisation)
            ), people AS (
                SELECT id, row_number() OVER () - 1 AS k FROM contact
                WHERE organisation_id = \(organisation)
            )
            INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id, sender_id, body,
                segments)
            SELECT \(organisation),
                (substr(uuid_at(now())::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid,
                1, p.id, (SELECT id FROM campaign WHERE organisation_id = \(organisation)), s.id,
                'Hi Aisha, Sam here from Example Campaign. Can you join us?', 1
            FROM people p JOIN numbers s ON s.k = p.k % s.n
            """)
        let noon: SQL = """
            (SELECT 'Etc/GMT' || CASE WHEN h < 12 THEN '-' || 12 - h WHEN h > 12 THEN '+' || h - 12
                ELSE '' END
                FROM CAST(extract(hour FROM now() AT TIME ZONE 'UTC') AS integer) AS h)
            """
        _ = try await connection.execute(
            "INSERT INTO zone_set (zones) VALUES (\(noon)) ON CONFLICT DO NOTHING")
        _ = try await connection.execute(
            """
            INSERT INTO outbox (organisation_id, sender_id, priority, id, kind, campaign_id, zone_set,
                message_ids)
            SELECT organisation_id, sender_id, 2, gen_random_uuid(), 1, campaign_id,
                (SELECT id FROM zone_set WHERE zones = \(noon)), array_agg(id)
            FROM (
                SELECT *, (row_number() OVER (PARTITION BY sender_id) - 1) / 500 AS chunk
                FROM message WHERE organisation_id = \(organisation)
            ) m GROUP BY organisation_id, sender_id, campaign_id, chunk
            """)
        for table in ["contact", "outbox", "sender", "message"] {
            try await connection.script("ANALYZE \(table)")
        }
    }

    /// Runs a worker until all outcomes are written.
    func send(organisation: Int32, texts: Int) async throws {
        let directory = NSTemporaryDirectory() + "barnstorm-bench-\(UUID().uuidString)"
        let worker = worker(permits: directory)
        let task = Task { try await worker.run() }
        while try await done(organisation) < texts {
            try await Task.sleep(for: .milliseconds(50))
        }
        task.cancel()
        try await task.value
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// A worker that sends what waits and draws nothing.
    func worker(permits directory: String) -> SendWorker {
        SendWorker(
            store: SendStore(database: house.database),
            settings: SendWorkerSettings(permitDirectory: directory, host: "bench"),
            accounts: { [house, provider, callbackKey] in
                let id = try await house.database.first("SELECT min(id) FROM account") {
                    try $0.value(0) as Int32
                }
                return [
                    WorkerAccount(
                        id: id ?? 1, provider: provider, callbackKey: callbackKey,
                        inFlightMax: 500)
                ]
            },
            draw: nil,
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
    }

    /// Texts of an organisation that have an answer.
    func done(_ organisation: Int32) async throws -> Int {
        try await house.database.first(
            """
            SELECT coalesce(sum(amount), 0)::bigint FROM tally
            WHERE organisation_id = \(organisation) AND kind = ANY(\(goal.map(\.rawValue)))
            """
        ) { try $0.value(0) as Int } ?? 0
    }
}
