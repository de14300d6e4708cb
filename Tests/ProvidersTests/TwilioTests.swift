import Curl
import Testing

@testable import Providers

/// Twilio's requests, answers and webhooks; source: `twilio_api_v2010.yaml` and its error pages.
@Suite struct TwilioTests {
    static func account(_ change: (inout ProviderAccount) -> Void = { _ in }) -> ProviderAccount {
        var account = ProviderAccount(
            id: 1, provider: "twilio", apiURL: "",
            credentials: ["account_sid": "AC1", "auth_token": "secret"], hook: "abcdefgh12345678",
            publicURL: "https://texts.example")
        change(&account)
        return account
    }

    static func twilio() throws -> any Provider { try Providers.make(account()) }

    static func text(_ change: (inout OutboundText) -> Void = { _ in }) -> OutboundText {
        var text = OutboundText(
            to: "+15005550010", from: "+15005550006", service: nil, body: "Hi & bye ~ é",
            media: [], validity: .seconds(600), token: "TOKEN-_1")
        change(&text)
        return text
    }

    static func response(_ status: Int, _ body: String, retryAfter: String? = nil) -> HTTPResult {
        .response(
            HTTPResponse(
                status: status, headers: retryAfter.map { [("Retry-After", $0)] } ?? [],
                body: Array(body.utf8)))
    }

    static func refusal(_ status: Int, _ code: Int, retryAfter: String? = nil) -> HTTPResult {
        response(
            status,
            #"{"code": \#(code), "message": "x \"sid\": \"SM1\"", "more_info": "y", "status": \#(status)}"#,
            retryAfter: retryAfter)
    }

    @Test func `a text becomes one form with sender, callback and validity`() throws {
        let request = try Self.twilio().request(for: Self.text())

        #expect(request.method == "POST")
        #expect(request.url == "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json")
        #expect(request.headers.contains("Authorization: Basic QUMxOnNlY3JldA=="))
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "To=%2B15005550010&From=%2B15005550006&Body=Hi%20%26%20bye%20~%20%C3%A9"
                + "&ValidityPeriod=600&StatusCallback=https%3A%2F%2Ftexts.example%2Fhooks%2Ftwilio"
                + "%2Fabcdefgh12345678%2Fstatus%3Fa%3DTOKEN-_1%23rc%3D5%26rp%3Dall")
    }

    @Test func `a service goes beside the sender, media repeat`() throws {
        let request = try Self.twilio().request(
            for: Self.text {
                $0.service = "MG1"
                $0.media = ["https://a.example/1.png", "https://a.example/2.png"]
            })
        let body = String(decoding: request.body, as: UTF8.self)

        #expect(body.contains("&From=%2B15005550006&MessagingServiceSid=MG1&"))
        #expect(body.contains("&MediaUrl=https%3A%2F%2Fa.example%2F1.png&MediaUrl=https%3A"))
    }

    @Test(arguments: [
        (Duration.seconds(0), 1), (.seconds(-5), 1), (.milliseconds(2_900), 2),
        (.seconds(36_000), 36_000), (.seconds(50_000), 36_000),
    ])
    func `validity stays within what Twilio takes`(validity: Duration, seconds: Int) {
        #expect(Twilio.validitySeconds(validity) == seconds)
    }

    @Test func `without a public address no callback is asked for`() throws {
        let twilio = try Providers.make(Self.account { $0.publicURL = "" })

        #expect(
            !String(decoding: twilio.request(for: Self.text()).body, as: UTF8.self)
                .contains("StatusCallback"))
    }

    @Test func `an id in a 2xx is acceptance, a 2xx without one is doubt`() throws {
        let twilio = try Self.twilio()

        #expect(
            twilio.outcome(of: Self.response(201, #"{"body": "\"sid\":\"no\"", "sid": "SM1"}"#))
                == .accepted(providerID: "SM1"))
        #expect(
            twilio.outcome(of: Self.response(201, #"{"a": {"sid": "SM2"}, "sid": null}"#))
                == .unknown(code: "http-201-without-sid"))
        #expect(
            twilio.outcome(of: Self.response(200, "<html>"))
                == .unknown(code: "http-200-without-sid")
        )
    }

    static let codes: [(Int, Int, SendOutcome)] = [
        (429, 20429, .unsent(code: "20429", pause: .account(after: nil))),
        (429, 21611, .unsent(code: "21611", pause: .sender(after: .seconds(60)))),
        (429, 63017, .unsent(code: "63017", pause: .account(after: nil))),
        (429, 14107, .unsent(code: "14107", pause: .pair(after: .seconds(60)))),
        (429, 99999, .unsent(code: "99999", pause: .account(after: nil))),
        (400, 21211, .rejected(code: "21211", kind: .recipient)),
        (400, 21217, .rejected(code: "21217", kind: .recipient)),
        (400, 21614, .rejected(code: "21614", kind: .recipient)),
        (400, 21635, .rejected(code: "21635", kind: .recipient)),
        (400, 21612, .rejected(code: "21612", kind: .recipient)),
        (400, 21610, .rejected(code: "21610", kind: .optedOut)),
        (400, 21602, .rejected(code: "21602", kind: .message)),
        (400, 21617, .rejected(code: "21617", kind: .message)),
        (400, 21620, .rejected(code: "21620", kind: .message)),
        (400, 21609, .rejected(code: "21609", kind: .message)),
        (400, 35115, .rejected(code: "35115", kind: .message)),
        (400, 21266, .rejected(code: "21266", kind: .message)),
        (400, 77777, .rejected(code: "77777", kind: .message)),
        (404, 77777, .rejected(code: "77777", kind: .message)),
        (400, 21606, .unsent(code: "21606", pause: .sender(after: .seconds(600)))),
        (404, 21701, .unsent(code: "21701", pause: .sender(after: .seconds(600)))),
        (400, 21408, .unsent(code: "21408", pause: .pair(after: .seconds(3_600)))),
        (401, 20003, .unsent(code: "20003", pause: .accountClosed)),
        (400, 20005, .unsent(code: "20005", pause: .accountClosed)),
        (403, 20403, .unsent(code: "20403", pause: .accountClosed)),
        (404, 20404, .unsent(code: "20404", pause: .accountClosed)),
        (403, 77777, .unsent(code: "77777", pause: .accountClosed)),
        (408, 77777, .unknown(code: "77777")), (409, 77777, .unknown(code: "77777")),
        (500, 20500, .unknown(code: "20500")), (503, 20503, .unknown(code: "20503")),
        (503, 77777, .unknown(code: "77777")),
    ]

    @Test(arguments: codes)
    func `the code decides first, the status second`(
        status: Int, code: Int, outcome: SendOutcome
    ) throws {
        #expect(try Self.twilio().outcome(of: Self.refusal(status, code)) == outcome)
    }

    @Test func `Retry-After is obeyed, up to an hour`() throws {
        let twilio = try Self.twilio()

        #expect(
            twilio.outcome(of: Self.refusal(429, 20429, retryAfter: "7"))
                == .unsent(code: "20429", pause: .account(after: .seconds(7))))
        #expect(
            twilio.outcome(of: Self.refusal(429, 21611, retryAfter: "90000"))
                == .unsent(code: "21611", pause: .sender(after: .seconds(3_600))))
    }

    @Test(arguments: [
        (400, SendOutcome.unknown(code: "http-400")), (404, .unknown(code: "http-404")),
        (502, .unknown(code: "http-502")), (503, .unknown(code: "http-503")),
        (302, .unknown(code: "http-302")),
        (401, .unsent(code: "http-401", pause: .accountClosed)),
        (429, .unsent(code: "http-429", pause: .account(after: nil))),
    ])
    func `somebody else's page proves only what its status says`(
        status: Int, outcome: SendOutcome
    ) throws {
        #expect(try Self.twilio().outcome(of: Self.response(status, "<h1>nginx</h1>")) == outcome)
    }

    @Test func `an error document cut short is not believed`() throws {
        #expect(
            try Self.twilio().outcome(of: Self.response(400, #"{"code": 21211, "mess"#))
                == .unknown(code: "http-400"))
    }

    @Test func `without an answer the wire decides`() throws {
        let twilio = try Self.twilio()

        #expect(twilio.outcome(of: .gateClosed) == .unsent(code: "gate", pause: .none))
        #expect(
            twilio.outcome(of: .notSent(code: 7, reason: "refused"))
                == .unsent(code: "curl-7", pause: .account(after: nil)))
        for code: Int32 in [16, 18, 28, 42, 52, 55, 56, 65, 92] {
            #expect(
                twilio.outcome(of: .ambiguous(code: code, reason: "", partial: nil))
                    == .unknown(code: "curl-\(code)"))
        }
        let half = HTTPResponse(status: 201, body: Array(#"{"sid": "SM9", "bo"#.utf8))
        #expect(
            twilio.outcome(of: .ambiguous(code: 18, reason: "", partial: half))
                == .accepted(providerID: "SM9"))
    }

    @Test(arguments: ["account_sid", "auth_token"])
    func `a missing credential is said`(name: String) {
        #expect(throws: ProviderSetupError.self) {
            try Providers.make(Self.account { $0.credentials[name] = nil })
        }
    }

    @Test func `the simulated carrier needs an address, others are unknown`() {
        #expect(throws: ProviderSetupError.self) {
            try Providers.make(Self.account { $0.provider = "simulated" })
        }
        #expect(throws: ProviderSetupError.self) {
            try Providers.make(Self.account { $0.provider = "pigeon" })
        }
    }
}
