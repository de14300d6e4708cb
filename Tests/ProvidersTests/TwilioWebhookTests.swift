import Curl
import Testing

@testable import Providers

/// What Twilio tells us: statuses, texts, lists.
@Suite struct TwilioWebhookTests {
    func events(
        _ body: String, target: String = "/hooks/twilio/x/status?a=TOKEN",
        _ change: (inout ProviderAccount) -> Void = { _ in }
    ) throws -> [ProviderEvent] {
        try Providers.make(TwilioTests.account(change)).events(
            in: Webhook(method: "POST", target: target, headers: [], body: Array(body.utf8)))
    }

    @Test func `a status brings token, rank and code`() throws {
        let events = try events(
            "SmsSid=SM1&MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&Unknown=1")

        guard case .status(let report)? = events.first else {
            Issue.record("no status")
            return
        }
        #expect(report.token == "TOKEN")
        #expect(report.status == .undelivered)
        #expect(report.code == "30003")
        #expect(!report.optedOut)
        #expect(report.key == "SM1:undelivered")
    }

    @Test(arguments: [
        ("accepted", DeliveryStatus.queued), ("queued", .queued), ("sending", .sending),
        ("sent", .sent), ("delivered", .delivered), ("read", .delivered), ("failed", .failed),
        ("undelivered", .undelivered), ("canceled", .canceled),
    ])
    func `every status has its rank`(name: String, status: DeliveryStatus) {
        #expect(Twilio.deliveryStatus(name) == status)
    }

    @Test func `a status that is new to us says nothing`() throws {
        #expect(try events("MessageSid=SM1&MessageStatus=pondering").isEmpty)
    }

    @Test func `a refusal after a stop at Twilio counts as a stop`() throws {
        let events = try events("MessageSid=SM1&MessageStatus=failed&ErrorCode=21610")

        guard case .status(let report)? = events.first else {
            Issue.record("no status")
            return
        }
        #expect(report.optedOut)
    }

    func inbound(
        _ body: String, _ change: (inout ProviderAccount) -> Void = { _ in }
    ) throws -> InboundText? {
        let all = try events(
            "MessageSid=SM2&SmsStatus=received&From=%2B15005550010&To=%2B15005550006&" + body,
            target: "/hooks/twilio/x/inbound", change)
        if case .inbound(let text)? = all.first { return text }
        return nil
    }

    @Test func `a text brings words and media`() throws {
        let text = try inbound(
            "Body=caf%C3%A9+%F0%9F%91%8D%00&NumMedia=2&MediaUrl0=https%3A%2F%2Fa%2F0"
                + "&MediaContentType0=image%2Fpng&MediaUrl1=https%3A%2F%2Fa%2F1")

        #expect(text?.body == "café 👍\u{FFFD}")
        #expect(text?.media.map(\.url) == ["https://a/0", "https://a/1"])
        #expect(text?.media.map(\.type) == ["image/png", ""])
        #expect(text?.mark == nil)
        #expect(text?.providerAnswered == false)
    }

    @Test(arguments: [("STOP", "opt_out"), ("START", "opt_in"), ("HELP", "help")])
    func `Advanced Opt-Out marks and answers`(type: String, mark: String) throws {
        let text = try inbound("Body=whatever&OptOutType=\(type)")

        #expect(text?.mark == mark)
        #expect(text?.providerAnswered == true)
    }

    @Test func `standard keywords are answered only where the account says so`() throws {
        #expect(try inbound("Body=Stop")?.providerAnswered == false)
        #expect(
            try inbound("Body=%20Stop") { $0.credentials["provider_answers"] = "true" }?
                .providerAnswered == true)
        #expect(
            try inbound("Body=please+stop") { $0.credentials["provider_answers"] = "true" }?
                .providerAnswered == false)
    }

    @Test(arguments: ["", "%%%", "MessageSid=", "SmsStatus=received&MessageSid=SM1&From=%2B1"])
    func `what cannot be read is refused`(body: String) {
        #expect(throws: ProviderAnswerError.self) { try events(body) }
    }

    @Test func `a look-up filters by day and both ends, a service by the person alone`() throws {
        let query = LookUp(
            to: "+15005550010", from: "+15005550006", service: nil, day: "2026-11-21")
        var pooled = query
        pooled.service = "MG1"
        var answers = query
        answers.inbound = true
        let twilio = try TwilioTests.twilio()

        #expect(
            twilio.lookUpRequest(query)?.url
                == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json?To=%2B15005550010"
                + "&From=%2B15005550006&DateSent=2026-11-21&PageSize=1000")
        #expect(twilio.lookUpRequest(pooled)?.url.contains("From=") == false)
        #expect(
            twilio.lookUpRequest(answers)?.url.contains(
                "To=%2B15005550006&From=%2B15005550010&") == true)
    }

    @Test func `a list is read with its pages`() throws {
        let twilio = try TwilioTests.twilio()
        let list = """
            {"messages": [{"sid": "SM1", "from": null, "to": "+15005550010", "body": "Hi",
              "date_created": "Thu, 24 Aug 2023 05:01:45 +0000", "direction": "outbound-api",
              "status": "delivered", "error_code": null},
             {"sid": "SM2", "from": "+15005550010", "to": "+15005550006", "body": "Yo",
              "date_created": "Thu, 24 Aug 2023 05:02:45 +0000", "direction": "inbound",
              "status": "received", "error_code": null}],
             "next_page_uri": "/2010-04-01/Accounts/AC1/Messages.json?Page=1"}
            """
        let page = try twilio.lookUpAnswer(HTTPResponse(status: 200, body: Array(list.utf8)))

        #expect(page.texts.map(\.providerID) == ["SM1", "SM2"])
        #expect(page.texts[0].createdAt == 1_692_853_305)
        #expect(page.texts[0].status == .delivered)
        #expect(page.texts[1].isInbound)
        var next = LookUp(to: "", from: "", service: nil, day: "", page: page.next)
        #expect(
            twilio.lookUpRequest(next)?.url
                == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json?Page=1")
        next.page = nil
    }

    @Test(arguments: ["https://evil.example/x", "//evil.example/x"])
    func `credentials never follow a foreign address`(next: String) throws {
        let list = #"{"messages": [], "next_page_uri": "\#(next)"}"#

        #expect(throws: ProviderAnswerError.self) {
            try TwilioTests.twilio().lookUpAnswer(
                HTTPResponse(status: 200, body: Array(list.utf8)))
        }
    }

    @Test func `configured addresses are read by number`() throws {
        let list = """
            {"incoming_phone_numbers": [
              {"phone_number": "+15005550006", "sms_url": "https://a.example/in"},
              {"phone_number": "+15005550007", "sms_url": ""}]}
            """
        let addresses = try TwilioTests.twilio().webhookAddresses(
            in: HTTPResponse(status: 200, body: Array(list.utf8)))

        #expect(addresses["+15005550006"]?.inbound == "https://a.example/in")
        #expect(addresses["+15005550007"] == ConfiguredAddresses(inbound: nil, status: nil))
    }
}
