import Foundation
import Postgres
import Store
import Support
import Testing

@testable import Ingress

/// Several processes and transactions at once.
@Suite(.freshDatabase) struct ConcurrencyTests {
    @Test func `a STOP waits for an attempt in progress and names it`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 3)

        async let stopped: Int? = house.database.transaction { connection in
            _ = try await connection.rows(
                """
                SELECT opted_out_at FROM contact
                WHERE organisation_id = \(house.organisation) AND id = \(contact)
                FOR NO KEY UPDATE
                """
            ) { try $0.value(0) as Date? }
            async let answer = server.inbound("STOP", from: "+15005550010", sid: "SM1")
            // The stop is under way and cannot pass the lock.
            try await Task.sleep(for: .milliseconds(200))
            _ = try await connection.execute(
                """
                INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker,
                    epoch, slot_at, deadline)
                VALUES (\(house.organisation), \(message), 2, 1, \(house.sender), \(UUID.v7()), 1,
                    now(), now())
                """)
            try await connection.commit()
            let status = await answer
            try await connection.begin()
            return status
        }

        #expect(try await stopped == 200)
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM ledger WHERE kind = 'stop'
                    AND entry::jsonb #>> '{details,in_flight,0,message}' = \(message.text)
                    AND entry::jsonb #>> '{details,in_flight,0,n}' = '2'
                """) == 1)
        await server.stop()
    }

    @Test func `two processes that get the same webhooks at once apply each once`() async throws {
        let house = try await House.make()
        let servers = [try await HookServer(house), try await HookServer(house)]
        let people = (0..<40).map { "+150055510\(10 + $0)" }
        var messages: [UUID] = []
        for number in people { messages.append(try await house.text(number).message) }
        let tokens = messages.map { house.token($0) }

        await withTaskGroup(of: Int?.self) { group in
            for server in servers {
                for (index, number) in people.enumerated().shuffled() {
                    group.addTask {
                        await server.inbound(
                            index % 4 == 0 ? "STOP" : "Yes please", from: number, sid: "IN\(index)")
                    }
                    for status in ["delivered", "sent"] {
                        group.addTask {
                            await server.status(tokens[index], status, sid: "SM\(index)")
                        }
                    }
                }
            }
            for await status in group { #expect(status == 200) }
        }

        #expect(try await house.count("SELECT count(*) FROM receipt") == 80)
        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 6") == 40)
        #expect(try await house.count("SELECT count(*) FROM message WHERE kind = 3") == 10)
        #expect(try await house.count("SELECT count(*) FROM conversation") == 40)
        #expect(
            try await house.count("SELECT sum(amount)::bigint FROM tally WHERE kind = 20") == 40)
        #expect(try await Ledger(database: house.database).check(house.organisation).isSound)
        for server in servers { await server.stop() }
    }

    @Test func `pages and webhooks on one connection are answered in their order`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let request = { (target: String) in
            "POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
        }
        let hook = "/hooks/twilio/\(House.hook)/status"
        let text = try pipelined(
            port: server.port,
            request("/one") + request(hook) + request("/two") + request("/hooks/nothing")
                + "GET /last HTTP/1.1\r\nHost: x\r\n\r\n", until: "page /last")

        let order = ["page /one", "403 Forbidden", "page /two", "404 Not Found", "page /last"]
            .compactMap { text.range(of: $0)?.lowerBound }
        #expect(order.count == 5)
        #expect(order == order.sorted())
        await server.stop()
    }
}
