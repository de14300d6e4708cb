import Curl
import Foundation
import Testing

@testable import Providers

/// The carrier and our Twilio calls were written apart, from the same documents: they must agree.
@Suite(.timeLimit(.minutes(2))) struct SimulatedTwilioTests {
    private static func twilio(_ bench: CarrierBench) throws -> Twilio {
        try Twilio(
            account: ProviderAccount(
                id: 1, provider: "simulated", apiURL: bench.carrier.url,
                credentials: [
                    "account_sid": bench.configuration.accountSid,
                    "auth_token": bench.configuration.authToken,
                ], hook: "secret", publicURL: bench.receiver.url))
    }

    private static let text = OutboundText(
        to: "+15555550123", from: "+15555550100", service: nil, body: "Grüße & \"Küsse\" + 😀\n",
        media: [], validity: .seconds(3_600), token: "token-of-a-try")

    private static func webhook(_ call: WebhookReceiver.Call) -> Webhook {
        Webhook(
            method: "POST", target: call.uri,
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
                ("X-Twilio-Signature", call.signature ?? ""),
            ], body: call.body)
    }

    private static func send(
        _ twilio: Twilio, _ engine: CurlEngine, _ text: OutboundText = text
    ) async -> SendOutcome {
        twilio.outcome(of: await engine.perform(twilio.request(for: text)))
    }

    @Test func `a text goes out, its receipts come back genuine and name the try`() async throws {
        try await CarrierBench.run {
            // Far enough apart to come in their order, however busy the machine.
            $0.knobs.receipts.finalMilliseconds = 2_000
        } _: { bench in
            let twilio = try Self.twilio(bench)
            let engine = CurlEngine(maximumInFlight: 4)
            defer { engine.shutdown() }

            guard case .accepted(let id) = await Self.send(twilio, engine) else {
                Issue.record("not accepted")
                return
            }
            let webhooks = try await bench.receiver.calls(2).map(Self.webhook)
            #expect(webhooks.allSatisfy(twilio.isGenuine))
            let reports = try webhooks.flatMap(twilio.events).compactMap { event in
                if case .status(let report) = event { report } else { nil }
            }
            #expect(reports.map(\.status) == [.sent, .delivered])
            #expect(reports.allSatisfy { $0.token == "token-of-a-try" && $0.providerID == id })
            #expect(try bench.logLines("accepted").first?["body"] as? String == Self.text.body)
        }
    }

    @Test func `what was forged or bears no signature is not genuine`() async throws {
        try await CarrierBench.run {
            $0.knobs.webhooks = WebhookSettings(forge: 1, unsigned: 1)
            $0.knobs.receipts.reportsSent = false
        } _: { bench in
            let twilio = try Self.twilio(bench)
            let engine = CurlEngine(maximumInFlight: 4)
            defer { engine.shutdown() }
            _ = await Self.send(twilio, engine)

            let webhooks = try await bench.receiver.calls(3).map(Self.webhook)
            #expect(webhooks.count(where: twilio.isGenuine) == 1)
        }
    }

    @Test func `what people write is read with its picture`() async throws {
        try await CarrierBench.run {
            $0.knobs.marksOptOuts = true
        } _: { bench in
            let twilio = try Self.twilio(bench)
            _ = try await bench.carrier.inject(
                from: "+15555550123", to: "+15555550100", body: "stop", mediaCount: 1)

            let webhook = Self.webhook(try #require(try await bench.receiver.calls(1).first))
            #expect(twilio.isGenuine(webhook))
            guard case .inbound(let text) = try #require(try twilio.events(in: webhook).first)
            else {
                Issue.record("no inbound text")
                return
            }
            #expect(text.body == "stop")
            #expect(text.mark == "opt_out")
            #expect(text.media.map(\.type) == ["image/png"])
        }
    }

    @Test(arguments: [
        (CarrierFault.throttle, "unsent"), (.queueFull, "unsent"), (.unauthorized, "unsent"),
        (.errorBefore, "unknown"), (.errorAfter, "unknown"), (.proxyAfter, "unknown"),
        (.resetBefore, "unknown"), (.resetAfter, "unknown"), (.halfAfter, "unknown"),
        (.garbageAfter, "unknown"), (.oversizeAfter, "unknown"), (.nestedAfter, "unknown"),
        (.redirect, "unknown"), (.closeOnReuse, "unknown"), (.closeOnReuseAfter, "unknown"),
    ])
    func `each fault proves what it proves, and is posted once`(
        fault: CarrierFault, proven: String
    ) async throws {
        try await CarrierBench.run {
            $0.knobs.faults.script = [ScriptedFault(fault)]
        } _: { bench in
            let twilio = try Self.twilio(bench)
            let engine = CurlEngine(maximumInFlight: 1)
            defer { engine.shutdown() }
            let isReuse = fault == .closeOnReuse || fault == .closeOnReuseAfter
            if isReuse { _ = await Self.send(twilio, engine) }

            let outcome = await Self.send(twilio, engine)
            let name = String(describing: outcome).prefix { $0 != "(" }
            #expect(name == proven)
            let requests = try await bench.carrier.statistics().requests
            #expect(requests == (isReuse ? 2 : 1))
        }
    }

    @Test func `a lost answer is found again in the list`() async throws {
        try await CarrierBench.run {
            $0.knobs.faults.script = [ScriptedFault(.resetAfter)]
        } _: {
            bench in
            let twilio = try Self.twilio(bench)
            let engine = CurlEngine(maximumInFlight: 4)
            defer { engine.shutdown() }
            _ = await Self.send(twilio, engine)

            let day = CarrierDate(seconds: Int64(Date().timeIntervalSince1970)).isoDay
            let query = LookUp(to: Self.text.to, from: Self.text.from, service: nil, day: day)
            let request = try #require(twilio.lookUpRequest(query))
            guard case .response(let answer) = await engine.perform(request) else {
                Issue.record("no answer")
                return
            }
            let page = try twilio.lookUpAnswer(answer)
            #expect(page.texts.map(\.body) == [Self.text.body])
            #expect(
                page.texts.first.map { abs($0.createdAt - Date().timeIntervalSince1970) < 60 }
                    == true)
            #expect(page.next == nil)
        }
    }

    @Test func `the webhook addresses of our numbers can be read`() async throws {
        try await CarrierBench.run {
            $0.numbers = ["+15555550100"]
        } _: { bench in
            let twilio = try Self.twilio(bench)
            let engine = CurlEngine(maximumInFlight: 4)
            defer { engine.shutdown() }
            let request = try #require(twilio.webhookAddressesRequest())
            guard case .response(let answer) = await engine.perform(request) else {
                Issue.record("no answer")
                return
            }
            let addresses = try twilio.webhookAddresses(in: answer)
            #expect(addresses["+15555550100"]?.inbound == bench.receiver.url + "/inbound")
        }
    }

    @Test func `two carriers never share a log`() async throws {
        try await CarrierBench.run { bench in
            _ = try await bench.text(to: "+15555550123", body: "Again")
            await #expect(throws: CarrierError.self) {
                _ = try await Carrier.start(bench.configuration, logger: .init(label: "second"))
            }
            #expect(try bench.logLines("accepted").count == 1)
        }
    }

    @Test func `without a log file the words are still found`() async throws {
        var configuration = CarrierConfiguration()
        configuration.logPath = nil
        let carrier = try await Carrier.start(configuration, logger: .init(label: "nameless"))
        let bench = CarrierBench(
            carrier: carrier, receiver: try await WebhookReceiver.start(),
            configuration: configuration, logPath: "")
        _ = try await bench.text(to: "+15555550123", body: "Unnamed")

        let list = try await bench.get(bench.accountPath + "/Messages.json")
        let messages = try list?.json()["messages"] as? [[String: Any]]
        #expect(messages?.first?["body"] as? String == "Unnamed")
        await bench.receiver.stop()
        await carrier.stop()
    }
}
