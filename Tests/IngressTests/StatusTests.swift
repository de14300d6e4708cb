import Curl
import Foundation
import Postgres
import Store
import Support
import Testing

@testable import Ingress

/// Status webhooks over a real socket into a real database.
@Suite(.freshDatabase) struct StatusTests {
    @Test func `a signed status becomes a receipt before it is answered`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let message = try await house.text("+15005550010").message

        let answer = await server.post(
            "status?a=\(house.token(message))",
            [("MessageSid", "SM1"), ("MessageStatus", "delivered")])

        #expect(answer?.status == 200)
        #expect(answer?.header("content-type") == "text/xml")
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM receipt
                WHERE message_id = \(message) AND n = 1 AND status = 4 AND provider_id = 'SM1'
                """) == 1)
        await server.stop()
    }

    @Test func `repetitions and disorder leave one row a status and one total`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let message = try await house.text("+15005550010").message
        let token = house.token(message)

        for status in ["delivered", "sent", "queued", "delivered", "sent", "undelivered"] {
            #expect(await server.status(token, status) == 200)
        }

        #expect(try await house.count("SELECT count(*) FROM receipt") == 4)
        #expect(
            try await house.count("SELECT sum(amount)::bigint FROM tally WHERE kind IN (20, 21)")
                == 1)
        await server.stop()
    }

    @Test func `a forged status is refused and changes nothing`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let message = try await house.text("+15005550010").message

        let answer = await server.post(
            "status?a=\(house.token(message))",
            [("MessageSid", "SM1"), ("MessageStatus", "delivered")], key: "wrong")

        #expect(answer?.status == 403)
        #expect(try await house.count("SELECT count(*) FROM receipt") == 0)
        await server.stop()
    }

    @Test func `a token of another account or none is kept for people to see`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let message = try await house.text("+15005550010").message
        let foreign = AttemptToken.mint(
            organisation: house.organisation, message: message, n: 1, key: [9])

        #expect(await server.status(foreign, "delivered") == 200)
        #expect(await server.status("", "sent") == 200)

        #expect(try await house.count("SELECT count(*) FROM receipt") == 0)
        #expect(
            try await house.count("SELECT count(*) FROM inbound_raw WHERE note IS NOT NULL") == 2)
        await server.stop()
    }

    @Test func `addresses, sizes and methods that are wrong are told apart`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let large = String(repeating: "a", count: 65_537)

        #expect(
            await server.post("status", [("MessageSid", "SM1")], hook: "nobody-knows-it")?.status
                == 404)
        #expect(await server.raw("/hooks/twilio/\(House.hook)/other", "x=1")?.status == 404)
        #expect(await server.raw("/hooks/twilio/\(House.hook)/status", large)?.status == 413)
        #expect(
            await server.raw(
                "/hooks/twilio/\(House.hook)/status", large, headers: ["Transfer-Encoding: chunked"]
            )?.status == 413)
        #expect(await server.raw("/pages", "x")?.status == 200)
        await server.stop()
    }

    @Test func `signed garbage is refused and kept`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)

        #expect(await server.post("status", [("Nonsense", "1")])?.status == 400)

        #expect(
            try await house.count("SELECT count(*) FROM inbound_raw WHERE note IS NOT NULL") == 1)
        await server.stop()
    }

    @Test func `a receipt settles a doubt, whichever is written first`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let doubted = try await house.text("+15005550010").message
        let early = try await house.text("+15005550011").message

        try await house.outcome(doubted, 4)
        #expect(await server.status(house.token(doubted), "sent", sid: "SM1") == 200)
        #expect(await server.status(house.token(early), "sent", sid: "SM2") == 200)
        try await house.outcome(early, 4)
        let later = try await Settlements(database: house.database).byReceipts()

        #expect(later == 1)
        #expect(
            try await house.count(
                "SELECT count(*) FROM settlement WHERE result = 1 AND how = 'callback'") == 2)
        await server.stop()
    }

    @Test func `what the schema refuses is kept, its neighbours are applied`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let good = try await house.text("+15005550010").message
        // An id of 1980: no partition holds it.
        let bad = UUID(uuidString: "0049a4a0-0000-7000-8000-000000000001")!
        let receipts = [good, bad].map {
            StatusEntry(
                receipts: [
                    NewReceipt(
                        organisation: house.organisation, message: $0, n: 1, status: 4, code: nil,
                        providerID: "SM1")
                ],
                raw: RawWebhook(
                    account: house.account, isInbound: false, contentType: nil, target: "/x",
                    body: []))
        }
        await withTaskGroup(of: Bool.self) { group in
            for entry in receipts {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        _ = server.desk.statuses.submit(entry) {
                            continuation.resume(returning: $0 == .done)
                        }
                    }
                }
            }
            for await isDone in group { #expect(isDone) }
        }

        #expect(try await house.count("SELECT count(*) FROM receipt") == 1)
        #expect(
            try await house.count("SELECT count(*) FROM inbound_raw WHERE note LIKE '%partition%'")
                == 1)
        await server.stop()
    }

    @Test func `a stop that only the provider knew is ours too`() async throws {
        let house = try await House.make()
        let server = try await HookServer(house)
        let (contact, message) = try await house.text("+15005550010")

        #expect(await server.status(house.token(message), "failed", code: "21610") == 200)

        #expect(
            try await house.count(
                "SELECT count(*) FROM contact WHERE id = \(contact) AND opted_out_at IS NOT NULL")
                == 1)
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM ledger WHERE kind = 'stop' AND contact_id = \(contact)
                    AND entry::jsonb #>> '{details,source}' = 'provider'
                """) == 1)
        await server.stop()
    }

    @Test func `a database that is gone asks the provider to repeat`() async throws {
        let house = try await House.make()
        let message = try await house.text("+15005550010").message
        let closed = try Database(url: TestDatabase.url, size: 1, applicationName: "closed")
        let server = try await HookServer(house, database: closed)
        await closed.close()

        #expect(await server.status(house.token(message), "delivered") == 503)
        await server.stop()
    }
}
