import Foundation
import Testing

@testable import Providers

/// The provider's lists: what reconciliation and `doctor` read.
@Suite(.timeLimit(.minutes(2))) struct SimulatedLookUpTests {
    private static func messages(_ answer: RawAnswer?) throws -> [[String: Any]] {
        try answer?.json()["messages"] as? [[String: Any]] ?? []
    }

    @Test func `texts are listed newest first, page by page, by number and day`() async throws {
        try await CarrierBench.run { bench in
            for count in 1...5 {
                _ = try await bench.text(to: "+15555550123", body: "Text \"\(count)\"")
                _ = try await bench.text(to: "+15555550124", body: "Other \(count)")
            }
            let day = CarrierDate(seconds: Int64(Date().timeIntervalSince1970)).isoDay
            let path = bench.accountPath + "/Messages.json"
            let filter = "To=%2B15555550123&From=%2B15555550100&DateSent=\(day)&PageSize=2"
            var bodies: [String?] = []
            var next: String? = "\(path)?\(filter)"
            while let page = next {
                let answer = try await bench.get(page)
                bodies += try Self.messages(answer).map { $0["body"] as? String }
                next = try answer?.json()["next_page_uri"] as? String
            }

            #expect(bodies == (1...5).reversed().map { "Text \"\($0)\"" })
            let other = try await bench.get("\(path)?To=%2B15555550123&DateSent%3C=2001-01-01")
            #expect(try Self.messages(other).isEmpty)
            let all = try await bench.get(path)
            #expect(try Self.messages(all).count == 10)
        }
    }

    @Test func `a text is found by its id, with its state of the moment`() async throws {
        try await CarrierBench.run { bench in
            let sent = try await bench.text(to: "+15555550123")
            let sid = try #require(try sent?.json()["sid"] as? String)
            _ = try await bench.receiver.calls(2)
            try await Task.sleep(for: .milliseconds(50))

            let found = try await bench.get("\(bench.accountPath)/Messages/\(sid).json")
            let message = try #require(try found?.json())
            #expect(message["status"] as? String == "delivered")
            #expect(message["direction"] as? String == "outbound-api")
            #expect(message["date_sent"] is String)
            let wrong = "SM" + String(repeating: "1", count: 32)
            let missing = try await bench.get("\(bench.accountPath)/Messages/\(wrong).json")
            #expect(missing?.status == 404)
            #expect(try missing?.json()["code"] as? Int == 20404)
        }
    }

    @Test func `what people wrote is listed too, and its picture is served`() async throws {
        try await CarrierBench.run { bench in
            _ = try await bench.text(to: "+15555550123")
            _ = try await bench.carrier.inject(
                from: "+15555550123", to: "+15555550100", body: "Look", mediaCount: 1)
            let call = try #require(
                try await bench.receiver.calls(1) { $0.uri == "/inbound" }.first)

            let path = "\(bench.accountPath)/Messages.json?To=%2B15555550100"
            let message = try #require(try Self.messages(try await bench.get(path)).first)
            #expect(message["direction"] as? String == "inbound")
            #expect(message["status"] as? String == "received")
            #expect(message["body"] as? String == "Look")
            #expect(call["MessageSid"] == message["sid"] as? String)
            let picture = try #require(call["MediaUrl0"].flatMap { URL(string: $0) })
            let media = try await bench.get(picture.path)
            #expect(media?.body.starts(with: [0x89, 0x50, 0x4e, 0x47]) == true)
        }
    }

    @Test func `a list that lags hides the newest texts`() async throws {
        try await CarrierBench.run {
            $0.knobs.faults.listLagMilliseconds = 60_000
        } _: { bench in
            _ = try await bench.text(to: "+15555550123")

            let path = "\(bench.accountPath)/Messages.json?To=%2B15555550123"
            #expect(try Self.messages(try await bench.get(path)).isEmpty)
        }
    }

    @Test func `the webhook addresses of a number can be read and set`() async throws {
        try await CarrierBench.run {
            $0.numbers = ["+15555550100"]
        } _: { bench in
            let path = "\(bench.accountPath)/IncomingPhoneNumbers.json"
            let list = try #require(try await bench.get(path)).json()
            let number = try #require((list["incoming_phone_numbers"] as? [[String: Any]])?.first)
            #expect(number["phone_number"] as? String == "+15555550100")
            #expect(number["sms_url"] as? String == bench.receiver.url + "/inbound")

            let sid = try #require(number["sid"] as? String)
            let change = bench.post(
                "/IncomingPhoneNumbers/\(sid).json", [("SmsUrl", bench.receiver.url + "/elsewhere")]
            )
            let answer = try await offload { [port = bench.carrier.port] in
                let connection = try RawConnection(port: port)
                connection.send(change)
                return connection.readAnswer()
            }
            #expect(answer?.status == 200)
            _ = try await bench.carrier.inject(from: "+15555550123", to: "+15555550100", body: "a")
            #expect(try await bench.receiver.calls(1).first?.uri == "/elsewhere")
        }
    }

    @Test func `the page shows who wrote, escaped, and control is refused elsewhere`() async throws
    {
        try await CarrierBench.run { bench in
            _ = try await bench.carrier.inject(
                from: "+15555550123", to: "+15555550100", body: "<b>\n\"&")
            let page = try #require(try await bench.get("/"))
            #expect(page.status == 200)
            #expect(page.text.contains("+15555550123"))
            #expect(page.text.contains("&lt;b&gt;\n&quot;&amp;"))
            let phone = try await bench.get("/phone?person=%2B15555550123&ours=%2B15555550100")
            #expect(phone?.text.contains("Write as this person") == true)
            #expect(try await bench.get("/nowhere")?.status == 404)
        }
    }

    @Test func `a phone is found by its number, as somebody types it`() async throws {
        try await CarrierBench.run { bench in
            _ = try await bench.text(to: "+15555550123", body: "Your code is 123456")
            for typed in ["%2B15555550123", "+1 555 555 0123", "15555550123"] {
                let address = "/phone?person=" + typed.replacing(" ", with: "+")
                let page = try await bench.get(address)
                #expect(page?.text.contains("Your code is 123456") == true, "\(typed)")
            }
            #expect(
                try await bench.get("/phone?person=%2B15555550199")?.text
                    .contains("Nobody has texted +15555550199 yet.") == true)
            #expect(
                try await bench.get("/phone?person=me")?.text.contains("country code") == true)
            #expect(try await bench.get("/phone")?.text.contains("type=\"tel\"") == true)
        }
    }
}
