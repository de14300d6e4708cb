import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Leases of several texters in one transaction: nobody twice, nobody forgotten, nobody passed over.
@Suite(.freshDatabase) struct SharedLeaseTests {
    @Test func `who asks together shares what is left, each person in one hand`() async throws {
        let (town, texters) = try await furnish(people: 23, texters: 5)

        let held = try await leases(town, texters)

        #expect(held.map(\.count).sorted() == [4, 4, 5, 5, 5])
        #expect(Set(held.joined().map(\.message)).count == 23)
        #expect(Set(held.joined().map(\.key)).count == 23)
        let holders = try await town.database.rows("SELECT message_id, member_id FROM lease") {
            (try $0.value(0) as UUID, try $0.value(1) as UUID)
        }
        let byMessage = Dictionary(uniqueKeysWithValues: holders)
        for (texter, theirs) in zip(texters, held) {
            #expect(theirs.allSatisfy { byMessage[$0.message] == texter })
        }
        #expect(try await town.status().leased == 23)
    }

    @Test func `the same texter in two tabs holds one hand of people`() async throws {
        let (town, texters) = try await furnish(people: 30, texters: 1)

        let held = try await leases(town, [texters[0], texters[0]])

        #expect(held[0] == held[1])
        #expect(held[0].count == 10)
        #expect(try await town.status().leased == 10)
    }

    @Test func `returned people go to whoever has not refused them, in whatever company`()
        async throws
    {
        let (town, texters) = try await furnish(people: 12, texters: 3)
        let (ana, bo, cy) = (texters[0], texters[1], texters[2])
        let refused = try await leases(town, [ana])[0]
        for lease in refused {
            try await town.draw.giveBack(
                message: lease.message, key: lease.key, member: ana,
                organisation: town.organisation.id, isRefusal: true)
        }

        let held = try await leases(town, [ana, bo])
        let rest = try await leases(town, [cy, ana])

        let messages = held.map { Set($0.map(\.message)) }
        let old = Set(refused.map(\.message))
        #expect(messages[0].isDisjoint(with: old))
        #expect(messages[0].count + messages[1].count + rest[0].count == 12)
        #expect(Set(rest[1].map(\.message)) == messages[0])
        let keys = Set(refused.map(\.key))
        #expect(keys.isDisjoint(with: (held + rest).joined().map(\.key)))
    }

    @Test func `who stopped is closed in any hand of the batch and shown in none`() async throws {
        let (town, texters) = try await furnish(people: 40, texters: 4)
        try await town.database.execute(
            "UPDATE contact SET opted_out_at = now() WHERE number < '+1415'")
        let stopped = try await town.count(
            "SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL")

        let held = try await leases(town, texters)

        #expect(stopped > 0)
        #expect(held.map(\.count).reduce(0, +) == 40 - stopped)
        let status = try await town.status()
        #expect((status.inLanes, status.suppressed) == (0, stopped))
        #expect(status.addsUp)
    }

    /// A page looks after each press: the rows it shows must not be written each time.
    @Test func `a lease is prolonged once a minute of it is gone, and not before`() async throws {
        let (town, texters) = try await furnish(people: 10, texters: 1)
        _ = try await leases(town, texters)
        // Three are nearly over, three over; four have longer than any lease is given.
        try await town.database.execute(
            """
            UPDATE lease SET until = clock_timestamp() + CASE
                WHEN turn <= 3 THEN interval '1 min'
                WHEN turn <= 6 THEN interval '-1 s' ELSE interval '1 hour' END
            FROM (SELECT message_id AS id, row_number() OVER (ORDER BY message_id) AS turn
                FROM lease) t WHERE message_id = id
            """)
        let before = try await endings(town)

        let held = try await leases(town, texters)[0]

        let after = try await endings(town)
        #expect(held.count == 10)
        let gained = zip(before, after).map { $1.timeIntervalSince($0) }
        #expect(gained.prefix(6).allSatisfy { $0 > 60 })
        #expect(gained.suffix(4) == [0, 0, 0, 0])
    }

    /// When each lease ends, in the order of the people's texts.
    private func endings(_ town: Town) async throws -> [Date] {
        try await town.database.rows("SELECT until FROM lease ORDER BY message_id") {
            try $0.value(0) as Date
        }
    }

    @Test func `texters who come all at once end with everybody in one hand`() async throws {
        let (town, texters) = try await furnish(people: 300, texters: 40)
        let desk = Gatherer<UUID, [Lease]>(most: 7) { members, _, _ in
            try await leases(town, members)
        }

        let held = try await withThrowingTaskGroup(of: [Lease].self) { group in
            for texter in texters {
                group.addTask {
                    try await desk.answer(
                        to: texter, campaign: town.campaign.id, organisation: town.organisation.id)
                }
            }
            return try await group.reduce(into: [Lease]()) { $0 += $1 }
        }

        #expect(held.count == 300)
        #expect(Set(held.map(\.message)).count == 300)
        let status = try await town.status()
        #expect((status.inLanes, status.leased) == (0, 300))
        #expect(status.addsUp)
    }

    private func furnish(people: Int, texters: Int) async throws -> (Town, [UUID]) {
        let town = try await Town(mode: .hand)
        try await town.add(Town.list(people))
        try await town.launch()
        let members = Members(database: town.database)
        var ids: [UUID] = []
        for number in 0..<texters {
            ids.append(
                try await members.add(
                    organisation: town.organisation.id, name: "Texter \(number)",
                    email: "texter\(number)@example.org", role: .texter
                ).id)
        }
        return (town, ids)
    }

    private func leases(_ town: Town, _ members: [UUID]) async throws -> [[Lease]] {
        try await town.draw.lease(
            members.map { LeaseWish(member: $0, count: 10) }, organisation: town.organisation.id,
            campaign: town.campaign.id, windows: Town.always)
    }
}
