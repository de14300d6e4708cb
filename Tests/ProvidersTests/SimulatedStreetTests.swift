import Foundation
import Testing

@testable import Providers

/// Webhooks as they come in real life, and people.
@Suite(.timeLimit(.minutes(2))) struct SimulatedStreetTests {
    private static func isStatus(_ call: WebhookReceiver.Call) -> Bool {
        call.uri.hasPrefix("/status")
    }

    @Test func `an unreachable person is reported with an error, every time the same`() async throws
    {
        try await CarrierBench.run {
            $0.knobs.receipts.delivered = 0
        } _: { bench in
            for _ in 1...2 { _ = try await bench.text(to: "+15555550123") }

            let failed = try await bench.receiver.calls(2) { $0["MessageStatus"] == "undelivered" }
            let codes = failed.map { $0["ErrorCode"] }
            #expect(codes.count == 2)
            #expect(codes[0] == codes[1])
            #expect(["30003", "30005", "30006", "30007", "30008"].contains(codes[0]))
        }
    }

    @Test func `most people can be reached`() {
        let fates = (0..<10_000).map { index in
            CarrierFate(
                to: CarrierAddress("+1201555\(1_000 + index)")!, sequence: 0, queued: 0,
                validity: 36_000, seed: 1, settings: ReceiptSettings())
        }
        #expect((9_300...9_500).contains(fates.count(where: \.isDelivered)))
        #expect(Set(fates.map(\.errorCode)) == [0, 30003, 30005, 30006, 30007, 30008])
    }

    @Test func `webhooks come twice, reordered, forged and unsigned when asked for`() async throws {
        try await CarrierBench.run {
            $0.knobs.webhooks = WebhookSettings(duplicate: 1, forge: 1, unsigned: 1)
        } _: { bench in
            _ = try await bench.text(to: "+15555550123")
            let calls = try await bench.receiver.calls(8, where: Self.isStatus)

            #expect(calls.count { $0["MessageStatus"] == "sent" && $0.signature != nil } == 2)
            #expect(calls.count { $0["MessageStatus"] == "delivered" && $0.signature != nil } == 2)
            #expect(calls.count { $0.signature == nil } == 2)
            let forged = calls.filter { $0["MessageStatus"] == "undelivered" }
            #expect(forged.count == 2)
            #expect(forged.allSatisfy { $0.signature != nil })
        }
        try await CarrierBench.run {
            $0.knobs.webhooks.reorder = 1
            $0.knobs.receipts.finalMilliseconds = 2_000  // the second comes after half of it
        } _: { bench in
            _ = try await bench.text(to: "+15555550123")
            let calls = try await bench.receiver.calls(2)
            #expect(calls.map { $0["MessageStatus"] } == ["delivered", "sent"])
        }
    }

    @Test func `a refused webhook is tried again as its address says`() async throws {
        try await CarrierBench.run {
            $0.knobs.receipts.reportsSent = false
        } _: { bench in
            bench.receiver.answer([500, 404])
            _ = try await bench.text(to: "+15555550123")

            let calls = try await bench.receiver.calls(3)
            #expect(calls.count == 3)
            #expect(try await bench.carrier.waitUntilIdle(.seconds(60)))
            let outcomes = try bench.logLines("callback").map { $0["outcome"] as? String }
            #expect(outcomes == ["500", "404", "204"])
        }
    }

    @Test func `without rules a refused webhook is not tried again`() async throws {
        try await CarrierBench.run {
            $0.knobs.receipts.reportsSent = false
        } _: { bench in
            bench.receiver.answer([500])
            _ = try await bench.send([
                ("To", "+15555550123"), ("From", "+15555550100"), ("Body", "a"),
                ("StatusCallback", bench.receiver.url + "/status"),
            ])
            #expect(try await bench.carrier.waitUntilIdle(.seconds(60)))
            #expect(bench.receiver.calls.count == 1)
        }
    }

    @Test func `a server that is down costs the webhooks, not the carrier`() async throws {
        try await CarrierBench.run {
            $0.knobs.receipts.reportsSent = false
        } _: { bench in
            await bench.receiver.stop()
            for index in 10...29 { _ = try await bench.text(to: "+155555501\(index)") }
            _ = try await bench.carrier.waitUntilIdle(.seconds(60))

            let figures = try await bench.carrier.statistics()
            #expect(figures.accepted == 20)
            #expect(figures.webhooks == ["connect_failed": 60])  // one try and two more each
        }
    }

    @Test func `many webhooks share few connections`() async throws {
        try await CarrierBench.run {
            $0.webhookConnectionsMax = 4
        } _: { bench in
            for index in 10...59 { _ = try await bench.text(to: "+155555501\(index)") }
            let calls = try await bench.receiver.calls(100)

            #expect(calls.count == 100)
            #expect(bench.receiver.connections <= 4)
        }
    }

    @Test func `shares of people answer and stop, each in a way of their own`() {
        let settings = PeopleSettings()
        let personas = (0..<20_000).map { index in
            CarrierPersona(
                CarrierAddress("+1201\(5_550_000 + index)")!, seed: 3, settings: settings)
        }
        let intents = personas.compactMap(\.firstIntent)
        let stops = intents.count { $0 == .optOut || $0 == .optOutWords }

        #expect((900...1_100).contains(intents.count))
        #expect((340...460).contains(stops))
        #expect(
            Set(intents).isSuperset(of: [.yes, .no, .question, .anger, .media, .wrongNumber, .help])
        )
        #expect(personas.contains { $0.language == .spanish })
        let words = Set(
            personas.filter { $0.firstIntent == .optOut }.map {
                ReplyWords.choose(.optOut, $0, kind: .other, turn: 1)
            })
        #expect(words.count > 15)
    }

    @Test func `who says stop is quiet after the confirmation, and later texts are counted`()
        async throws
    {
        try await CarrierBench.run {
            $0.knobs.people = PeopleSettings(
                replies: 1, stops: 1, restarts: 0, afterMilliseconds: 10, jitterMilliseconds: 0)
        } _: { bench in
            _ = try await bench.text(to: "+15555550123")
            let stop = try await bench.receiver.calls(1) { $0.uri == "/inbound" }.first
            #expect(stop?["From"] == "+15555550123")
            #expect(try await bench.carrier.waitUntilIdle(.seconds(60)))
            _ = try await bench.text(to: "+15555550123", body: "You are unsubscribed.")
            #expect(try await bench.carrier.waitUntilIdle(.seconds(60)))

            #expect(bench.receiver.calls.count { $0.uri == "/inbound" } == 1)
            let figures = try await bench.carrier.statistics()
            #expect(figures.stopped == 1)
            #expect(figures.textsAfterStop == 0)
        }
    }

    @Test func `a conversation has turns`() async throws {
        try await CarrierBench.run {
            $0.knobs.people = PeopleSettings(
                replies: 1, stops: 0, answers: 1, afterMilliseconds: 5, jitterMilliseconds: 0)
            $0.seed = 11
        } _: { bench in
            // Of 30 people some say something that invites an answer, and answer again.
            for index in 10...39 { _ = try await bench.text(to: "+155555501\(index)") }
            #expect(try await bench.carrier.waitUntilIdle(.seconds(60)))
            #expect(bench.receiver.calls.count { $0.uri == "/inbound" } == 30)
            for index in 10...39 { _ = try await bench.text(to: "+155555501\(index)") }
            #expect(try await bench.carrier.waitUntilIdle(.seconds(60)))
            #expect(bench.receiver.calls.count { $0.uri == "/inbound" } > 40)
        }
    }

    @Test func `with blocking on, the carrier itself refuses texts after STOP`() async throws {
        try await CarrierBench.run {
            $0.knobs.blocksStops = true
            $0.knobs.marksOptOuts = true
        } _: { bench in
            _ = try await bench.carrier.inject(
                from: "+15555550123", to: "+15555550100", body: " stop ")
            let call = try await bench.receiver.calls(1).first
            #expect(call?["OptOutType"] == "STOP")
            let refused = try await bench.text(to: "+15555550123")
            #expect(try refused?.json()["code"] as? Int == 21610)
            #expect(try await bench.text(to: "+15555550124")?.status == 201)
            _ = try await bench.carrier.inject(
                from: "+15555550123", to: "+15555550100", body: "START")
            #expect(try await bench.text(to: "+15555550123")?.status == 201)
        }
    }

    @Test func `a slow number queues, and what waits too long expires`() async throws {
        try await CarrierBench.run {
            $0.knobs.segmentsPerSecond = 0.2
        } _: { bench in
            _ = try await bench.text(to: "+15555550123")
            _ = try await bench.text(to: "+15555550124", [("ValidityPeriod", "1")])

            let failed = try await bench.receiver.calls(1) { $0["MessageStatus"] == "failed" }
            #expect(failed.first?["To"] == "+15555550124")
            #expect(failed.first?["ErrorCode"] == "30036")
        }
    }

    @Test func `strangers write in`() async throws {
        try await CarrierBench.run {
            $0.numbers = ["+15555550100"]
            $0.knobs.people.strangersPerMinute = 3_000
        } _: { bench in
            let calls = try await bench.receiver.calls(3)
            #expect(calls.allSatisfy { $0["To"] == "+15555550100" && $0["Body"] != nil })
            #expect(calls.allSatisfy { $0["From"]?.contains("55501") == true })
        }
    }

    @Test func `settings change while it runs`() async throws {
        try await CarrierBench.run { bench in
            let answer = try await bench.control(
                "PUT", "/_control/knobs", #"{"faults":{"shares":{"throttle":1}}}"#)
            #expect(answer?.status == 200)
            #expect(try await bench.text(to: "+15555550123")?.status == 429)
            let wrong = try await bench.control("PUT", "/_control/knobs", #"{"people":3}"#)
            #expect(wrong?.status == 400)
            let stats = try #require(try await bench.control("GET", "/_control/stats"))
            #expect(try stats.json()["faults"] as? [String: Int] == ["throttle": 1])
        }
    }
}
