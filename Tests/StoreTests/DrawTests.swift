import Foundation
import Postgres
import Support
import Testing
import Texting

@testable import Store

/// Paced mode: recipients become texts that wait.
@Suite(.freshDatabase) struct DrawTests {
    @Test func `a draw makes texts and outbox rows, and moves the lanes`() async throws {
        let town = try await Town()
        try await town.add(Town.list(50))
        try await town.launch()

        let drawn = try await town.drawPaced(20)

        #expect((drawn.queued, drawn.suppressed) == (20, 0))
        #expect(try await town.count("SELECT count(*) FROM message WHERE kind = 1") == 20)
        #expect(
            try await town.count("SELECT sum(cardinality(message_ids))::bigint FROM outbox") == 20)
        let status = try await town.status()
        #expect(
            (status.recipients, status.inLanes, status.drawn, status.queued) == (50, 30, 20, 20))
        #expect(status.addsUp)
        let bodies = try await town.database.rows("SELECT body, segments FROM message") { row in
            (try row.value(0) as String, try row.value(1) as Int16)
        }
        #expect(
            bodies.allSatisfy {
                $0.0.hasPrefix("Hi Kim") && $0.0.hasSuffix("Reply STOP to opt out.") && $0.1 == 1
            })
    }

    @Test func `concurrent draws never give a recipient twice and never skip one`() async throws {
        let town = try await Town(senders: 40)
        try await town.add(Town.list(1_500))
        try await town.launch()

        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var random = SplitMix(seed: UInt64(worker))
                    var total = 0
                    while true {
                        let drawn = try await town.drawPaced(Int.random(in: 1...97, using: &random))
                        total += drawn.count
                        if drawn.rest == .empty { return total }
                    }
                }
            }
            return try await group.reduce(0, +)
        }

        #expect(counts == 1_500)
        #expect(try await town.count("SELECT count(*) FROM message") == 1_500)
        let queued = try await town.count(
            "SELECT count(DISTINCT m) FROM outbox, unnest(message_ids) m")
        #expect(queued == 1_500)
        let total = try await town.count(
            "SELECT sum(cardinality(message_ids))::bigint FROM outbox")
        #expect(total == 1_500)
        let status = try await town.status()
        #expect((status.inLanes, status.queued) == (0, 1_500))
        #expect(status.addsUp)
    }

    @Test func `who stopped gets no words, and nobody leaves a lane without a row`() async throws {
        let town = try await Town()
        try await town.add(Town.list(10))
        try await town.optOut("+12125551000")
        try await town.launch()

        let drawn = try await town.drawPaced(100)

        #expect((drawn.queued, drawn.suppressed) == (9, 1))
        let closed = try await town.database.first(
            """
            SELECT m.body, a.verdict, a.reason, a.n FROM attempt a JOIN message m ON m.id = a.message_id
            """
        ) { row in
            (
                try row.value(0) as String, try row.value(1) as Int16, try row.value(2) as String,
                try row.value(3) as Int16
            )
        }
        #expect(closed?.0 == "" && closed?.1 == 2 && closed?.2 == "opted_out" && closed?.3 == 1)
        let status = try await town.status()
        #expect((status.suppressed, status.queued) == (1, 9))
        #expect(status.addsUp)
    }

    @Test func `sleeping zones stay, and the lane that closes first goes first`() async throws {
        let town = try await Town()
        try await town.add(Town.list(40))
        try await town.launch()
        let sets = try await town.database.rows(
            "SELECT zone_set FROM lane ORDER BY zone_set"
        ) { try $0.value(0) as Int16 }
        let soon = sets[1]
        let asleep = sets[0]

        let first = try await town.draw.paced(
            organisation: town.organisation.id, campaign: town.campaign.id, limit: 1,
            windows: { zoneSet in
                zoneSet == asleep
                    ? DayWindow(opens: 5_000_000_000, closes: 5_000_100_000)
                    : DayWindow(opens: 0, closes: zoneSet == soon ? 4_999_999_998 : 4_999_999_999)
            })
        let rest = try await town.draw.paced(
            organisation: town.organisation.id, campaign: town.campaign.id, limit: 100,
            windows: { zoneSet in
                zoneSet == asleep
                    ? DayWindow(opens: 5_000_000_000, closes: 5_000_100_000)
                    : DayWindow(opens: 0, closes: 4_999_999_999)
            })

        #expect(first.queued == 1)
        let zoneOfFirst = try await town.count("SELECT min(zone_set)::bigint FROM outbox")
        #expect(rest.rest == .closed(until: Date(timeIntervalSince1970: 5_000_000_000)))
        #expect(
            try await town.count(
                "SELECT count(*) FROM message WHERE zone_set = \(asleep)") == 0)
        #expect(zoneOfFirst != Int(asleep))
        let untouched = try await town.count(
            "SELECT (size - next_position + 1)::bigint FROM lane WHERE zone_set = \(asleep)")
        #expect(try await town.status().inLanes == untouched)
    }

    @Test func `a first slice is drawn, then nobody until it is released`() async throws {
        let town = try await Town(canary: 7)
        try await town.add(Town.list(100))
        try await town.launch()

        let slice = try await town.drawPaced(50)
        let none = try await town.drawPaced(50)
        _ = try await town.campaigns.releaseCanary(
            town.campaign.id, organisation: town.organisation.id)
        let rest = try await town.drawPaced(200)

        #expect((slice.queued, none.queued, rest.queued) == (7, 0, 93))
    }

    @Test func `the campaign's pace holds over all draws of a minute`() async throws {
        let town = try await Town(perMinute: 30)
        try await town.add(Town.list(200))
        try await town.launch()

        var drawn = 0
        for _ in 0..<10 { drawn += try await town.drawPaced(100).count }

        // At most a minute's share, and another's if the minute turned meanwhile.
        #expect(drawn > 0 && drawn <= 60)
        #expect(try await town.drawPaced(100).rest == .pace || drawn < 60)
    }

    @Test func `a paused campaign is not drawn, a resumed one goes on`() async throws {
        let town = try await Town()
        try await town.add(Town.list(10))
        try await town.launch()
        _ = try await town.campaigns.pause(town.campaign.id, organisation: town.organisation.id)

        let paused = try await town.drawPaced(5)
        _ = try await town.campaigns.resume(town.campaign.id, organisation: town.organisation.id)
        let resumed = try await town.drawPaced(5)

        #expect(paused.rest == .halted && paused.count == 0)
        #expect(resumed.queued == 5)
    }

    @Test func `people stay with the number of their last conversation`() async throws {
        let town = try await Town(senders: 5)
        try await town.add(Town.list(20))
        let last = town.senders[4].id
        try await town.database.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id)
            SELECT organisation_id, gen_random_uuid(), id, \(last) FROM contact
            """)
        try await town.launch()

        _ = try await town.drawPaced(20)

        #expect(
            try await town.count("SELECT count(*) FROM message WHERE sender_id = \(last)") == 20)
    }
}
