import Foundation
import Postgres
import Store
import Support
import Testing

@testable import Console

/// Leases under random clients: nobody twice, nobody forgotten.
@Suite(.freshDatabase) struct LeaseStormTests {
    /// Texters that lease, press, press again, skip, leave and let leases run out, in any order.
    @Test func `after any storm each person has exactly one text`() async throws {
        let isFull = ProcessInfo.processInfo.environment["BARNSTORM_FULL"] == "1"
        let people = isFull ? 10_000 : 600
        let seed = UInt64.random(in: 0...UInt64.max)
        print("lease storm: \(people) people, seed \(seed)")
        try await PageHouse.open(people: people) { house in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    let member = try await house.member("texter")
                    let visitor = try #require(
                        try await house.store.signIns.visitor(token: member.token))
                    group.addTask {
                        var chance = Chance(seed: seed &+ UInt64(number))
                        try await Self.work(visitor, house, &chance)
                    }
                }
                try await group.waitForAll()
            }
            let texts = try await TestDatabase.current.first(
                "SELECT count(*), count(DISTINCT contact_id) FROM message WHERE kind = 1"
            ) { row in (try row.value(0) as Int, try row.value(1) as Int) }
            #expect(texts?.0 == people)
            #expect(texts?.1 == people)
            // Each texter's count was saved with their texts.
            let counted = try await TestDatabase.current.first(
                """
                SELECT count(*) FROM participation p WHERE p.sent <> (
                    SELECT count(*) FROM message m
                    WHERE m.kind = 1 AND m.author_id = p.member_id AND m.body <> '')
                """
            ) { try $0.value(0) as Int }
            #expect(counted == 0)
        }
    }

    private static func work(
        _ visitor: Visitor, _ house: PageHouse, _ chance: inout Chance
    ) async throws {
        var idle = 0
        while idle < 40 {
            guard let page = try await house.store.sendDesk.page(for: visitor), !page.cards.isEmpty
            else {
                idle += 1
                // Skipped people come back to nobody who skipped them: forget all refusals.
                // In a transaction, because it is repeated where it deadlocks: it locks every lease
                // in whatever order the table lies, across those that others tap.
                try await TestDatabase.current.transaction(attempts: 50) {
                    _ = try await $0.execute(
                        """
                        UPDATE lease SET refused_by = '{}', until = '-infinity', member_id = NULL
                        """)
                }
                continue
            }
            idle = 0
            for card in page.cards {
                let tap = Tap(
                    message: card.lease.message, key: card.lease.key, member: visitor.id,
                    scriptVersion: card.lease.scriptVersion)
                switch chance.next() % 10 {
                case 0:
                    _ = try await house.store.sendDesk.skip(
                        card.lease.message, key: card.lease.key, campaign: page.campaign,
                        reason: "other", by: visitor)
                case 1: try await house.store.sendDesk.leave(visitor, keepsReplies: false)
                case 2:
                    let message = card.lease.message
                    try await TestDatabase.current.execute(
                        "UPDATE lease SET until = now() - interval '1 s' WHERE message_id = \(message)"
                    )
                case 3:
                    // The same press three times, as a nervous finger and a bad line make it.
                    _ = try await house.store.sendDesk.tap(
                        [tap, tap, tap], campaign: page.campaign, organisation: 1)
                default:
                    _ = try await house.store.sendDesk.tap(
                        [tap], campaign: page.campaign, organisation: 1)
                }
            }
        }
    }
}

/// Repeatable chance (SplitMix64).
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
