import Foundation
import Postgres
import Store
import Support
import Synchronization
import Testing

@testable import Sending

/// Faults that were found by reading, each with the case that shows it.
@Suite(.freshDatabase) struct WorkerEdgeTests {
    private func accepting(_ log: CarrierLog) throws -> TestServer {
        try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
    }

    private func number(_ house: SendHouse, _ sql: SQL) async throws -> Int {
        try await house.database.first(sql) { try $0.value(0) as Int } ?? -1
    }

    @Test func `an answer in an ended campaign leaves by its first try`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try accepting(log)
        try await house.database.execute("UPDATE campaign SET state = 'ended'")
        try await house.queue(2, kind: .reply)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 2 })
        }

        #expect(try await number(house, "SELECT count(*) FROM attempt") == 2)
    }

    @Test func `a text longer than its account's second goes alone`() async throws {
        let house = try await SendHouse(rate: 100)
        let log = CarrierLog()
        let carrier = try accepting(log)
        try await house.queue(4, segments: 5)

        try await whileSending(house.worker(carrier: carrier, accountRate: 2)) {
            #expect(await eventually { try await house.outcomes()[1] == 4 })
        }

        // Each in a second of its own; a gate may come up to a second after its slot.
        try #require(log.all.count == 4)
        #expect(log.all[3].at - log.all[0].at > 1.9)
    }

    @Test func `a retired number empties its outbox`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try accepting(log)
        try await house.queue(3)
        try await house.database.execute("UPDATE sender SET retired_at = now()")

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 3 })
        }
        #expect(try await house.waiting() == 0)
    }

    @Test func `two first texts to one person in one batch count twice`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try accepting(log)
        try await house.queue(2, toOnePerson: true)
        try await house.database.execute("UPDATE contact SET texted_at = ARRAY[now(), now()]")

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 1 })
            #expect(await eventually { try await house.verdicts("frequency_cap") == 1 })
        }

        #expect(log.all.count == 1)
        #expect(
            try await number(house, "SELECT max(cardinality(texted_at))::int8 FROM contact") == 3)
    }

    @Test func `both of two allowed texts in one batch stand in the person's row`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try accepting(log)
        try await house.queue(2, toOnePerson: true)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 2 })
        }

        #expect(
            try await number(house, "SELECT max(cardinality(texted_at))::int8 FROM contact") == 2)
    }

    @Test func `a stop that the carrier tells commits with the text's outcome`() async throws {
        let house = try await SendHouse()
        let carrier = try TestServer.answering { _ in .init(400, body: "stop") }
        try await house.queue(1)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[2] == 1 })
        }

        let together: SQL = """
            SELECT count(*) FROM outcome o JOIN ledger l ON l.xmin = o.xmin
            JOIN contact c ON c.id = l.contact_id AND c.opted_out_at IS NOT NULL
            WHERE l.kind = 'stop'
            """
        #expect(try await number(house, together) == 1)
    }

    @Test func `a lease that was read before a batch forgets nothing of it`() async throws {
        let house = try await SendHouse()
        let leases = SenderLeases(database: house.database)
        var lease = try #require(
            try await leases.renewAndTake(worker: UUID.v7(), room: 1).first)
        let state = SenderState(lease)
        let slot = lease.tat.addingTimeInterval(60)
        state.reserved(tat: slot, capDay: "2026-11-03", capUsed: 42, texts: 1)
        lease.segmentsPerSecond = 2  // what the reading is for

        state.refresh(lease)

        #expect(state.lease.capUsed == 42 && state.lease.capDay == "2026-11-03")
        #expect(state.lease.tat == slot)
        #expect(state.secondsPerSegment == 0.5)
    }

    @Test func `answers that are held do not keep other numbers waiting`() async throws {
        // More numbers than one batch asks about: twice the 250 texts that an account may have.
        let house = try await SendHouse(senders: 560)
        let log = CarrierLog()
        let carrier = try accepting(log)
        try await house.queue(560, kind: .reply, prefix: "+1303")
        let held = UUID.v7()
        try await house.database.execute(
            """
            INSERT INTO campaign (organisation_id, id, name, state, mode)
            VALUES (\(house.organisation), \(held), 'Held', 'paused', 'paced')
            """)
        try await house.database.execute(
            """
            DELETE FROM outbox
            WHERE sender_id = (SELECT id FROM sender ORDER BY id DESC LIMIT 1)
            """)
        try await house.database.execute("UPDATE outbox SET campaign_id = \(held)")
        let free = house.senders.last!
        let alone = try await house.queue(1)
        try await house.database.execute(
            "UPDATE outbox SET sender_id = \(free) WHERE message_ids = \([alone[0]])")

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { log.all.count == 1 })
        }
    }

    @Test func `a worker that stops in good order leaves nothing open and gives its grants back`()
        async throws
    {
        for _ in 0..<3 {
            let house = try await SendHouse(name: UUID().uuidString, senders: 4, rate: 200)
            let log = CarrierLog()
            let carrier = try accepting(log)
            try await house.queue(400)

            try await whileSending(house.worker(carrier: carrier, accountRate: 300)) {
                #expect(await eventually { log.all.count > 20 })
            }

            let open: SQL = """
                SELECT count(*) FROM attempt a WHERE verdict = 1 AND NOT EXISTS (
                    SELECT FROM outcome o
                    WHERE o.message_id = a.message_id AND o.n = a.n AND o.result <> 4)
                """
            #expect(try await number(house, open) == 0)
            #expect(
                try await number(
                    house, "SELECT coalesce(sum(granted - used), 0)::int8 FROM allowance_share")
                    == 0)
        }
    }

    @Test func `a doubt that could not be looked up is looked up again`() async throws {
        let house = try await SendHouse()
        let message = try await house.queue(1)[0]
        try await house.database.execute("DELETE FROM outbox")
        try await house.database.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
                slot_at, deadline)
            SELECT organisation_id, id, 1, 1, sender_id, \(UUID()), 1, now() - interval '65 s', now()
            FROM message
            """)
        try await house.database.execute(
            """
            INSERT INTO outcome (organisation_id, message_id, n, result, closed_at)
            SELECT organisation_id, id, 1, 4, now() - interval '60 s' FROM message
            """)
        let number = try await house.database.first(
            "SELECT number FROM sender"
        ) { try $0.value(0) as String }!
        let asked = Mutex(0)
        let carrier = try TestServer.answering { _ in
            let count = asked.withLock { count in
                count += 1
                return count
            }
            return count == 1
                ? .init(500, body: "later")
                : .init(200, body: "SM77|+12025550000|\(number)|Hello 0")
        }

        try await whileSending(house.worker(carrier: carrier, lists: true)) {
            #expect(
                await eventually {
                    try await house.database.first(
                        "SELECT provider_id FROM settlement WHERE message_id = \(message)"
                    ) { try $0.value(0) as String? } == "SM77"
                })
        }
        #expect(asked.withLock { $0 } >= 2)
    }
}
