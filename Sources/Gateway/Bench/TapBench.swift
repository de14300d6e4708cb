import ArgumentParser
import Foundation
import Postgres
import Store

/// `barnstorm bench taps`: hand mode as the pages do it, many texters on one campaign.
struct TapBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "taps",
        abstract: "Leases and presses of many texters, from the press to the carrier.",
        discussion: """
            Texters lease and press as the pages do: as fast as they can; once a second each, all \
            beginning in the same second; and once a second each, beginning over the ten seconds that \
            ten people last. A worker sends what they press, to numbers without a limit. The way to the carrier \
            ends with the first byte that the carrier saw.
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Texters at once.") var texters = 500
    @Option(help: "Seconds of each shape.") var seconds = 20
    @Option(help: "People of the shape without pauses.") var people = 100_000

    /// Names, seconds between two presses, and seconds over which the texters begin.
    private static let shapes = [
        ("as fast as they can", 0.0, 0.0), ("1/s, begun together", 1.0, 1.0),
        ("1/s, begun over 10 s", 1.0, 10.0),
    ]

    func run() async throws {
        let context = try await CommandContext(common)
        let log = NSTemporaryDirectory() + "barnstorm-taps-\(UUID().uuidString).jsonl"
        defer { unlink(log) }
        let house = try await BenchHouse.open(
            context.settings, knobs: SendBenchCommand.quiet, log: log)
        do {
            let pool = try Database(
                url: house.databaseURL, size: 8, applicationName: "barnstorm bench taps")
            let presses = try Database(
                url: house.databaseURL, size: 2, applicationName: "barnstorm bench presses")
            for (name, pause, arrival) in Self.shapes {
                let seed = TapSeed(house: house, pool: pool, presses: presses)
                let room = try await seed.furnish(
                    texters: texters, people: pause > 0 ? texters * (seconds + 20) : people)
                let sending = try await TapSending.start(house, room.organisation)
                let work = try await room.work(
                    name: "\(texters) texters, \(name)", pause: pause, arrival: arrival,
                    seconds: Double(seconds))
                var run = work.run
                run.add(try await sending.finish(work.saved, log: log))
                try context.output.print(run, run.line)
            }
            await pool.close()
            await presses.close()
        } catch {
            try? await house.close()
            throw error
        }
        try await house.close()
    }
}

/// What texters came to in a while.
struct TapRun: Encodable, Sendable {
    var name: String
    var taps: Int
    var seconds: Double
    var tapsPerSecond: Double
    /// From the press to its commit, milliseconds.
    var tapMedian: Double
    var tap99: Double
    /// Ten people leased or renewed, milliseconds.
    var leaseMedian: Double
    var lease99: Double
    /// From the first press to the last answer of the carrier.
    var sentPerSecond = 0.0
    /// From the commit to the first byte at the carrier, milliseconds.
    var wireMedian = 0.0
    var wire99 = 0.0

    mutating func add(_ sent: TapsSent) {
        sentPerSecond = Double(taps) / (seconds + sent.secondsAfter)
        wireMedian = TapRoom.quantile(sent.spans, 0.5)
        wire99 = TapRoom.quantile(sent.spans, 0.99)
    }

    var line: String {
        String(
            format: "%@  %6.0f taps/s saved, %6.0f sent  press to commit %5.1f ms, 99th %6.1f  "
                + "commit to wire %5.1f ms, 99th %6.1f  lease %5.1f ms, 99th %6.1f",
            name.padding(toLength: 36, withPad: " ", startingAt: 0), tapsPerSecond, sentPerSecond,
            tapMedian, tap99, wireMedian, wire99, leaseMedian, lease99)
    }
}

/// A fresh organisation with a live campaign, texters and people who are awake.
struct TapSeed: Sendable {
    let house: BenchHouse
    let pool: Database
    let presses: Database

    /// A zone of fixed offset where it is about noon; the sign is POSIX's.
    private static var noonZone: String {
        let hour = Calendar(identifier: .gregorian).dateComponents(in: .gmt, from: Date()).hour
        let offset = 12 - (hour ?? 12)
        return offset == 0 ? "Etc/GMT" : "Etc/GMT\(offset > 0 ? "-" : "+")\(abs(offset))"
    }

    func furnish(texters: Int, people: Int) async throws -> TapRoom {
        let database = house.database
        let (campaign, list, lane) = (UUID.v7(), UUID.v7(), UUID.v7())
        let zone = Self.noonZone
        let organisation = try await database.transaction { connection in
            let organisation = try await connection.first(
                """
                INSERT INTO organisation (name, countries, frequency_cap)
                VALUES (\("bench \(campaign.text)"), '{US}', 8) RETURNING id
                """
            ) { try $0.value(0) as Int32 }!
            try await connection.execute(
                "INSERT INTO zone_set (zones) VALUES (\(zone)) ON CONFLICT DO NOTHING")
            try await connection.execute(
                """
                INSERT INTO account (provider, name, credentials, hook, callback_key)
                SELECT 'simulated', 'bench', '\\x00', 'bench-hook-0123456', '\\x00'
                WHERE NOT EXISTS (SELECT FROM account)
                """)
            try await connection.execute(
                """
                INSERT INTO sender (organisation_id, id, account_id, number, segments_per_second)
                SELECT \(organisation), gen_random_uuid(), (SELECT min(id) FROM account),
                    '+1' || (2000000000 + \(Int(organisation)) * 10000 + i)::text, 1000000
                FROM generate_series(1, 100) AS i
                """)
            return organisation
        }
        try await database.transaction { connection in
            try await connection.execute(
                """
                INSERT INTO campaign (organisation_id, id, name, state, script_version)
                VALUES (\(organisation), \(campaign), 'bench', 'live', 1)
                """)
            try await connection.execute(
                """
                INSERT INTO script (organisation_id, campaign_id, version, body)
                VALUES (\(organisation), \(campaign), 1,
                    'Hi {name|there}, a volunteer here. Can you join us on Saturday? STOP ends.')
                """)
            try await connection.execute(
                """
                INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
                    consent_source, state, done_at)
                VALUES (\(organisation), \(list), \(campaign), 'bench.csv', '\\x00', 1, 'bench',
                    'done', now())
                """)
            try await connection.execute(
                """
                INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size)
                SELECT \(organisation), \(lane), \(campaign), \(list), id, \(Int32(people))
                FROM zone_set WHERE zones = \(zone)
                """)
        }
        try await fill(organisation, campaign, lane, people: people, zone: zone)
        return TapRoom(
            desk: SendDesk(database: pool, presses: presses), campaign: campaign,
            organisation: organisation,
            texters: try await sit(texters, organisation, campaign))
    }

    private func fill(
        _ organisation: Int32, _ campaign: UUID, _ lane: UUID, people: Int, zone: String
    ) async throws {
        try await house.database.transaction { connection in
            try await connection.execute(
                """
                WITH c AS (
                    INSERT INTO contact
                        (organisation_id, id, number, number_hash, name, country, zone_set)
                    SELECT \(organisation), gen_random_uuid(), '+1' || (3000000000 + i)::text,
                        sha256(('+1' || (3000000000 + i))::bytea), 'Aisha', 'US', z.id
                    FROM generate_series(1, \(Int32(people))) AS i,
                        zone_set z WHERE z.zones = \(zone)
                    RETURNING id
                )
                INSERT INTO recipient
                    (organisation_id, contact_id, campaign_id, lane_id, position, message_id)
                SELECT \(organisation), id, \(campaign), \(lane), row_number() OVER (),
                    overlay(uuid_at(now())::text PLACING right(id::text, 21) FROM 16)::uuid
                FROM c
                """)
        }
        try await house.database.withConnection { try await $0.script("ANALYZE") }
    }

    private func sit(
        _ count: Int, _ organisation: Int32, _ campaign: UUID
    ) async throws -> [Visitor] {
        let signIns = SignIns(database: pool)
        let volunteers = Volunteers(database: pool)
        var visitors: [Visitor] = []
        for number in 0..<count {
            let member = UUID.v7()
            try await house.database.execute(
                """
                INSERT INTO member (organisation_id, id, name, email, role, proven_at)
                VALUES (\(organisation), \(member), 'Sam', \("sam\(number)@example.org"),
                    'texter', now())
                """)
            try await volunteers.seen(
                organisation: organisation, member: member, campaign: campaign)
            let token = try await signIns.begin(
                organisation: organisation, member: member, userAgent: nil)
            if let visitor = try await signIns.visitor(token: token) { visitors.append(visitor) }
        }
        return visitors
    }
}

/// Texters at work.
struct TapRoom: Sendable {
    let desk: SendDesk
    let campaign: UUID
    let organisation: Int32
    let texters: [Visitor]

    private struct Spans: Sendable {
        var taps: [Double] = []
        var leases: [Double] = []
        var saved: [UUID: Date] = [:]
    }

    /// - Returns: the figures, and when each text was saved.
    /// - Parameters:
    ///   - pause: seconds between two presses of one texter.
    ///   - arrival: seconds over which the texters begin.
    func work(
        name: String, pause: Double, arrival: Double, seconds: Double
    ) async throws -> (run: TapRun, saved: [UUID: Date]) {
        let desk = desk
        let taps = TapDesk { try await desk.tap($0, campaign: $1, organisation: $2) }
        let begin = ContinuousClock.now
        let end = begin.advanced(by: .seconds(seconds))
        let spans = try await withThrowingTaskGroup(of: Spans.self) { group in
            for texter in texters {
                group.addTask {
                    // People do not press in step.
                    if arrival > 0 { try await Task.sleep(for: .seconds(.random(in: 0..<arrival))) }
                    return try await shift(of: texter, taps, pause: pause, until: end)
                }
            }
            return try await group.reduce(into: Spans()) { all, one in
                all.taps += one.taps
                all.leases += one.leases
                all.saved.merge(one.saved) { first, _ in first }
            }
        }
        let elapsed = (ContinuousClock.now - begin) / .seconds(1)
        let (presses, leases) = (spans.taps.sorted(), spans.leases.sorted())
        let run = TapRun(
            name: name, taps: presses.count, seconds: elapsed,
            tapsPerSecond: Double(presses.count) / elapsed,
            tapMedian: Self.quantile(presses, 0.5), tap99: Self.quantile(presses, 0.99),
            leaseMedian: Self.quantile(leases, 0.5), lease99: Self.quantile(leases, 0.99))
        return (run, spans.saved)
    }

    /// - Parameter values: sorted.
    static func quantile(_ values: [Double], _ share: Double) -> Double {
        values.isEmpty ? 0 : values[min(values.count - 1, Int(Double(values.count) * share))]
    }

    private func shift(
        of texter: Visitor, _ taps: TapDesk, pause: Double, until end: ContinuousClock.Instant
    ) async throws -> Spans {
        var spans = Spans()
        let clock = ContinuousClock()
        while clock.now < end {
            let asked = clock.now
            guard let page = try await desk.page(for: texter), !page.cards.isEmpty else { break }
            spans.leases.append((clock.now - asked) / .milliseconds(1))
            for card in page.cards where clock.now < end {
                let tap = Tap(
                    message: card.lease.message, key: card.lease.key, member: texter.id,
                    scriptVersion: card.lease.scriptVersion)
                let pressed = clock.now
                let result = try await taps.tap(
                    tap, campaign: campaign, organisation: organisation)
                guard result == .sent else {
                    throw CommandFailure.checkFailed("A press came to \(result) instead of a text.")
                }
                spans.saved[tap.message] = Date()
                spans.taps.append((clock.now - pressed) / .milliseconds(1))
                if pause > 0 { try await Task.sleep(for: .seconds(pause)) }
            }
        }
        return spans
    }
}
