import Foundation
import Postgres
import Support
import Testing
import Texting

@testable import Store

/// Hand mode: people in texters' hands, one press, one text.
@Suite(.freshDatabase) struct LeaseTests {
    @Test func `ten people ahead, and the same ten when asked again`() async throws {
        let town = try await Town(mode: .hand)
        let ana = try await member(town, "Ana")
        try await town.add(Town.list(30))
        try await town.launch()

        let first = try await leases(town, ana)
        let again = try await leases(town, ana)

        #expect(first.count == 10)
        #expect(Set(first.map(\.message)) == Set(again.map(\.message)))
        #expect(first.allSatisfy { $0.text.hasPrefix("Hi Kim") })
        let status = try await town.status()
        #expect((status.inLanes, status.leased, status.drawn) == (20, 10, 0))
        #expect(status.addsUp)
    }

    @Test func `a press becomes one text, however often it arrives`() async throws {
        let town = try await Town(mode: .hand)
        let ana = try await member(town, "Ana")
        try await town.add(Town.list(3))
        try await town.launch()
        let lease = try await leases(town, ana)[0]

        let results = try await withThrowingTaskGroup(of: TapResult.self) { group in
            for _ in 0..<6 { group.addTask { try await press(town, lease, ana) } }
            return try await group.reduce(into: [TapResult]()) { $0.append($1) }
        }

        #expect(results.count { $0 == .sent } == 1)
        #expect(results.count { $0 == .already } == 5)
        #expect(try await town.count("SELECT count(*) FROM message") == 1)
        #expect(
            try await town.count("SELECT sum(cardinality(message_ids))::bigint FROM outbox") == 1)
        let act = try await town.database.first("SELECT act, author_id FROM message") { row in
            [try row.value(0) as UUID, try row.value(1) as UUID]
        }
        #expect(act == [lease.key, ana])
    }

    /// A second connection within a transaction stops a process for good as soon as its whole pool is
    /// out on first calls at once.
    @Test(.timeLimit(.minutes(5)))
    func `leases and presses need one connection, however new the process`() async throws {
        let town = try await Town(mode: .hand)
        let ana = try await member(town, "Ana")
        try await town.add(Town.list(30))
        try await town.launch()
        let held = try await leases(town, ana)
        func fresh() throws -> (Draw, Database) {
            let narrow = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
            return (Draw(database: narrow, zoneSets: ZoneSets(database: narrow)), narrow)
        }

        let (leasing, first) = try fresh()
        _ = try await leasing.lease(
            organisation: town.organisation.id, campaign: town.campaign.id, member: UUID.v7(),
            windows: leasing.windows(town.organisation, town.campaign))
        await first.close()
        let (pressing, second) = try fresh()
        let result = try await pressing.tap(
            tap(held[0], ana), organisation: town.organisation.id,
            windows: pressing.windows(town.organisation, town.campaign))
        await second.close()

        // By the hour at which this runs.
        #expect([.sent, .refused(.hours)].contains(result))
    }

    @Test func `a press is refused with its reason`() async throws {
        let town = try await Town(mode: .hand)
        let (ana, bo) = (try await member(town, "Ana"), try await member(town, "Bo"))
        try await town.add(Town.list(12))
        try await town.launch()
        let held = try await leases(town, ana)

        #expect(try await press(town, held[0], bo) == .refused(.leaseOver))
        let shut = try await town.draw.tap(
            tap(held[0], ana), organisation: town.organisation.id,
            windows: { _ in DayWindow(opens: 5_000_000_000, closes: 5_000_000_001) })
        #expect(shut == .refused(.hours))
        try await town.database.execute(
            "UPDATE contact SET opted_out_at = now() WHERE id = \(held[1].contact)")
        #expect(try await press(town, held[1], ana) == .refused(.optedOut))
        _ = try await town.campaigns.addScript(
            "Hello from Acme. STOP to end.", to: town.campaign.id,
            organisation: town.organisation.id)
        #expect(try await press(town, held[2], ana) == .refused(.scriptChanged))
        _ = try await town.campaigns.pause(town.campaign.id, organisation: town.organisation.id)
        #expect(try await press(town, held[2], ana) == .refused(.paused))

        let status = try await town.status()
        #expect((status.suppressed, status.queued) == (1, 0))
        #expect(status.addsUp)
    }

    @Test func `not this one goes to others, never to the same texter again`() async throws {
        let town = try await Town(mode: .hand)
        let (ana, bo) = (try await member(town, "Ana"), try await member(town, "Bo"))
        try await town.add(Town.list(1))
        try await town.launch()
        let lease = try await leases(town, ana)[0]

        let done = try await town.draw.giveBack(
            message: lease.message, key: lease.key, member: ana,
            organisation: town.organisation.id, isRefusal: true)

        #expect(done)
        #expect(try await leases(town, ana).isEmpty)
        let passed = try await leases(town, bo)
        #expect(passed.map(\.message) == [lease.message])
        #expect(passed[0].key != lease.key)
        #expect(try await press(town, lease, ana) == .refused(.leaseOver))
        #expect(try await press(town, passed[0], bo) == .sent)
    }

    @Test func `who stopped is closed at once and never shown`() async throws {
        let town = try await Town(mode: .hand)
        let ana = try await member(town, "Ana")
        try await town.add(Town.list(20))
        try await town.database.execute(
            "UPDATE contact SET opted_out_at = now() WHERE number < '+1415'")
        let stopped = try await town.count(
            "SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")
        try await town.launch()

        let held = try await leases(town, ana, 20)

        #expect(held.count == 20 - stopped)
        let status = try await town.status()
        #expect(status.suppressed == stopped)
        #expect(status.addsUp)
    }

    @Test func `random texters, who also leave and come late, text everybody once`() async throws {
        let town = try await Town(mode: .hand)
        let people = 240
        try await town.add(Town.list(people))
        try await town.launch()
        var members: [UUID] = []
        for name in ["Ana", "Bo", "Cy", "Di"] { members.append(try await member(town, name)) }

        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, member) in members.enumerated() {
                group.addTask {
                    var random = SplitMix(seed: UInt64(index))
                    var idle = 0
                    while idle < 3 {
                        let held = try await leases(
                            town, member, Int.random(in: 1...12, using: &random))
                        idle = held.isEmpty ? idle + 1 : 0
                        for lease in held {
                            try await act(town, lease, member, &random)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        // What is left lies in hands that went home.
        while true {
            try await town.database.execute(
                "UPDATE lease SET until = '-infinity', refused_by = '{}'")
            let held = try await leases(town, members[0])
            if held.isEmpty { break }
            for lease in held { _ = try await press(town, lease, members[0]) }
        }

        #expect(try await town.count("SELECT count(*) FROM message") == people)
        #expect(
            try await town.count("SELECT count(DISTINCT m) FROM outbox, unnest(message_ids) m")
                == people)
        let status = try await town.status()
        #expect((status.inLanes, status.leased, status.queued) == (0, 0, people))
        #expect(status.addsUp)
    }

    @Test func `presses that arrive together are saved together, each once`() async throws {
        let town = try await Town(mode: .hand)
        try await town.add(Town.list(60))
        try await town.launch()
        let desk = TapDesk { taps, _, organisation in
            try await town.draw.tap(taps, organisation: organisation, windows: Town.always)
        }
        var held: [(Lease, UUID)] = []
        for name in ["Ana", "Bo", "Cy"] {
            let member = try await member(town, name)
            held += try await leases(town, member, 20).map { ($0, member) }
        }

        let presses = (held + held).map { tap($0.0, $0.1) }
        let results = try await withThrowingTaskGroup(of: TapResult.self) { group in
            for press in presses {
                group.addTask {
                    try await desk.tap(
                        press, campaign: town.campaign.id, organisation: town.organisation.id)
                }
            }
            return try await group.reduce(into: [TapResult]()) { $0.append($1) }
        }

        #expect(results.count { $0 == .sent } == 60)
        #expect(results.count { $0 == .already } == 60)
        #expect(try await town.status().queued == 60)
    }

    private func act(
        _ town: Town, _ lease: Lease, _ member: UUID, _ random: inout SplitMix
    ) async throws {
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            try await town.draw.giveBack(
                message: lease.message, key: lease.key, member: member,
                organisation: town.organisation.id, isRefusal: Bool.random(using: &random))
        case 1:
            // The lease runs out in the texter's pocket; others may have it.
            try await town.database.execute(
                "UPDATE lease SET until = '-infinity' WHERE message_id = \(lease.message)")
        default:
            for _ in 0..<Int.random(in: 1...2, using: &random) {
                _ = try await press(town, lease, member)
            }
        }
    }

    private func member(_ town: Town, _ name: String) async throws -> UUID {
        try await Members(database: town.database).add(
            organisation: town.organisation.id, name: name, email: "\(name)@example.org",
            role: .texter
        ).id
    }

    private func leases(_ town: Town, _ member: UUID, _ count: Int = 10) async throws -> [Lease] {
        try await town.draw.lease(
            organisation: town.organisation.id, campaign: town.campaign.id, member: member,
            count: count, windows: Town.always)
    }

    private func tap(_ lease: Lease, _ member: UUID) -> Tap {
        Tap(
            message: lease.message, key: lease.key, member: member,
            scriptVersion: lease.scriptVersion)
    }

    private func press(_ town: Town, _ lease: Lease, _ member: UUID) async throws -> TapResult {
        try await town.draw.tap(
            tap(lease, member), organisation: town.organisation.id, windows: Town.always)
    }
}
