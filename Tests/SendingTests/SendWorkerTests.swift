import Foundation
import Postgres
import Store
import Support
import Synchronization
import Testing

@testable import Sending

@Suite(.freshDatabase) struct SendWorkerTests {
    @Test func `every waiting text is accepted once and closed`() async throws {
        let house = try await SendHouse(senders: 3)
        let log = CarrierLog()
        let carrier = try TestServer.answering { request in
            .init(201, body: "SM\(log.note(request))")
        }
        try await house.queue(300)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 300 })
        }

        #expect(log.all.count == 300)
        #expect(log.doubled == [])
        #expect(try await house.waiting() == 0)
    }

    @Test func `a throttled text goes back and is tried again`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let refused = Mutex(0)
        let carrier = try TestServer.answering { request in
            let isFirst = refused.withLock { count in
                count += 1
                return count <= 5
            }
            return isFirst
                ? .init(429, body: "slow down") : .init(201, body: "SM\(log.note(request))")
        }
        try await house.queue(10)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 10 })
        }

        #expect(log.doubled == [])
        #expect(try await house.outcomes()[3] == 5)
    }

    @Test func `a text whose answer is lost is in doubt and never sent again`() async throws {
        let house = try await SendHouse(rate: 50)
        let log = CarrierLog()
        let carrier = try TestServer { peer in
            while let request = peer.readRequest() {
                guard log.note(request) > 2 else { return }  // read, then hung up
                peer.write(.init(201, body: "SM"))
            }
        }
        try await house.queue(6)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(
                await eventually {
                    let outcomes = try await house.outcomes()
                    return outcomes[1] == 4 && outcomes[4] == 2
                })
        }

        #expect(log.all.count == 6)
        #expect(log.doubled == [])
    }

    @Test func `nobody who stopped is texted, but for the confirmation`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await house.queue(5, prefix: "+1202")
        try await house.queue(5, kind: .confirmation, prefix: "+1303")
        try await house.database.execute("UPDATE contact SET opted_out_at = now()")

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(
                await eventually {
                    let confirmed = try await house.outcomes()[1]
                    return try await house.verdicts("opted_out") == 5 && confirmed == 5
                })
        }

        #expect(log.all.allSatisfy { $0.to.hasPrefix("+1303") })
    }

    @Test func `a paused campaign waits without an attempt and goes on unharmed`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await house.database.execute("UPDATE campaign SET state = 'paused'")
        try await house.queue(5)

        try await whileSending(house.worker(carrier: carrier)) {
            try await Task.sleep(for: .seconds(1))
            #expect(log.all.count == 0)
            try await house.database.execute("UPDATE campaign SET state = 'live'")
            #expect(await eventually { try await house.outcomes()[1] == 5 })
        }

        #expect(log.doubled == [])
    }

    @Test func `the frequency cap holds over campaigns`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await house.queue(1)
        try await house.database.execute(
            "UPDATE contact SET texted_at = ARRAY[now(), now(), now() - interval '25 h']")
        // A second text to the same person: the cap is three in 24 h, two were sent.
        try await house.database.execute(
            """
            WITH m AS (
                INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id, sender_id,
                    body, segments)
                SELECT organisation_id, \(UUID.v7()), 1, contact_id, campaign_id, sender_id, 'again', 1
                FROM message RETURNING *
            )
            INSERT INTO outbox (organisation_id, sender_id, priority, id, kind, campaign_id, zone_set,
                message_ids)
            SELECT organisation_id, sender_id, 2, id, 1, campaign_id, \(house.zoneSet), ARRAY[id] FROM m
            """)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.verdicts("frequency_cap") == 1 })
            #expect(await eventually { try await house.outcomes()[1] == 1 })
        }

        #expect(log.all.count == 1)
    }

    @Test func `a refused account stops its texts, which stay whole`() async throws {
        let house = try await SendHouse(rate: 5)
        let log = CarrierLog()
        let carrier = try TestServer.answering { request in
            log.note(request)
            return .init(401, body: "20003")
        }
        try await house.queue(20)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(
                await eventually {
                    try await house.database.first(
                        "SELECT closed_reason FROM account WHERE closed_until = 'infinity'"
                    ) { try $0.value(0) as String? } == "20003"
                })
        }

        #expect(log.all.count < 10)
        #expect(try await house.waiting() == 20)
        #expect(try await house.outcomes()[1] == nil)
    }

    @Test func `replies leave before first texts`() async throws {
        let house = try await SendHouse(rate: 4)
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await house.queue(60, prefix: "+1202")

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { log.all.count >= 2 })
            try await house.queue(2, kind: .confirmation, prefix: "+1303")
            #expect(await eventually { log.all.filter { $0.to.hasPrefix("+1303") }.count == 2 })
        }

        let place = log.all.lastIndex { $0.to.hasPrefix("+1303") } ?? 99
        // In turn they would be the last of sixty; on a busy machine some leave meanwhile.
        #expect(place < 30)
    }
}
