import Foundation
import Testing

@testable import Providers

/// Checks of a send request, with the codes of the provider's error dictionary.
@Suite(.timeLimit(.minutes(2))) struct SimulatedRulesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let code: Int
        var status = 400
        let fields: [(String, String)]
        var testDescription: String { "\(code) \(fields.map(\.0))" }
    }

    static let refusals = [
        Case(code: 21604, fields: [("From", "+15555550100"), ("Body", "a")]),
        Case(code: 21603, fields: [("To", "+15555550123"), ("Body", "a")]),
        Case(code: 21211, fields: [("To", "5555550123"), ("From", "+15555550100"), ("Body", "a")]),
        Case(
            code: 21211, fields: [("To", "+1555555O123"), ("From", "+15555550100"), ("Body", "a")]),
        Case(code: 21212, fields: [("To", "+15555550123"), ("From", "Vote"), ("Body", "a")]),
        Case(
            code: 21266, fields: [("To", "+15555550100"), ("From", "+15555550100"), ("Body", "a")]),
        Case(code: 21602, fields: [("To", "+15555550123"), ("From", "+15555550100")]),
        Case(
            code: 21617,
            fields: [
                ("To", "+15555550123"), ("From", "+15555550100"),
                ("Body", String(repeating: "é", count: 1_601)),
            ]),
        Case(
            code: 21609,
            fields: [
                ("To", "+15555550123"), ("From", "+15555550100"), ("Body", "a"),
                ("StatusCallback", "ftp://x/y"),
            ]),
        Case(
            code: 21624,
            fields: [
                ("To", "+15555550123"), ("From", "+15555550100"), ("Body", "a"),
                ("ValidityPeriod", "0"),
            ]),
        Case(
            code: 21211, fields: [("To", "+15005550001"), ("From", "+15005550006"), ("Body", "a")]),
        Case(
            code: 21612, fields: [("To", "+15005550002"), ("From", "+15005550006"), ("Body", "a")]),
        Case(
            code: 21408, fields: [("To", "+15005550003"), ("From", "+15005550006"), ("Body", "a")]),
        Case(
            code: 21610, fields: [("To", "+15005550004"), ("From", "+15005550006"), ("Body", "a")]),
        Case(
            code: 21614, fields: [("To", "+15005550009"), ("From", "+15005550006"), ("Body", "a")]),
        Case(
            code: 21606, fields: [("To", "+15555550123"), ("From", "+15005550007"), ("Body", "a")]),
        Case(
            code: 21611, status: 429,
            fields: [("To", "+15555550123"), ("From", "+15005550008"), ("Body", "a")]),
    ]

    @Test func `a wrong request is refused with the provider's code and logged`() async throws {
        try await CarrierBench.run { bench in
            for wrong in Self.refusals {
                let answer = try #require(try await bench.send(wrong.fields), "\(wrong)")
                #expect(answer.status == wrong.status, "\(wrong)")
                let document = try answer.json()
                #expect(document["code"] as? Int == wrong.code, "\(wrong)")
                #expect(document["status"] as? Int == wrong.status, "\(wrong)")
            }
            let codes = try bench.logLines("refused").map { $0["code"] as? Int }
            #expect(codes == Self.refusals.map(\.code))
            #expect(try bench.logLines("accepted").isEmpty)
        }
    }

    @Test func `a sender that is not of the account is refused`() async throws {
        try await CarrierBench.run {
            $0.numbers = ["+15555550100"]
        } _: { bench in
            let refused = try await bench.text(to: "+15555550123", from: "+15555550101")
            let accepted = try await bench.text(to: "+15555550123", from: "+15555550100")

            #expect(try refused?.json()["code"] as? Int == 21606)
            #expect(accepted?.status == 201)
        }
    }

    @Test func `a wrong token is refused before anything is looked at`() async throws {
        try await CarrierBench.run { bench in
            let fields = [("To", "+15555550123"), ("From", "+15555550100"), ("Body", "a")]
            let answer = try await bench.send(fields, token: "stolen")

            #expect(answer?.status == 401)
            #expect(try answer?.json()["code"] as? Int == 20003)
            #expect(try bench.logLines("accepted").isEmpty)
        }
    }

    @Test func `a Messaging Service chooses among the account's numbers`() async throws {
        try await CarrierBench.run {
            $0.numbers = ["+15555550100", "+15555550101"]
        } _: { bench in
            let service = "MG" + String(repeating: "a", count: 32)
            let answer = try await bench.send([
                ("To", "+15555550123"), ("MessagingServiceSid", service), ("Body", "a"),
                ("StatusCallback", bench.receiver.url + "/s"),
            ])

            let message = try #require(try answer?.json())
            #expect(message["status"] as? String == "accepted")
            #expect(message["from"] is NSNull)
            #expect(message["num_segments"] as? String == "0")
            #expect(message["messaging_service_sid"] as? String == service)
            let call = try #require(try await bench.receiver.calls(1).first)
            #expect(["+15555550100", "+15555550101"].contains(call["From"]))
            #expect(call["MessagingServiceSid"] == service)
        }
    }
}

/// The small parts, in memory.
@Suite(.timeLimit(.minutes(2))) struct SimulatedPartsTests {
    @Test(arguments: [
        ("", 1), (String(repeating: "a", count: 160), 1), (String(repeating: "a", count: 161), 2),
        (String(repeating: "a", count: 306), 2), (String(repeating: "a", count: 307), 3),
        (String(repeating: "€", count: 80), 1), (String(repeating: "€", count: 81), 2),
        (String(repeating: "a", count: 152) + "€" + String(repeating: "b", count: 152), 3),
        (String(repeating: "é", count: 160), 1), (String(repeating: "ê", count: 70), 1),
        (String(repeating: "ê", count: 71), 2), (String(repeating: "😀", count: 67), 3),
        ("`" + String(repeating: "a", count: 70), 2),
    ])
    func `a text is billed in segments`(text: String, segments: Int) {
        #expect(CarrierSegments.count(Array(text.utf8)) == segments)
    }

    @Test func `an id leads back to its text, and only in its own run`() {
        let sids = CarrierSid(key: 7)
        for sequence in [0, 1, 41, 8_000_000, UInt64(UInt32.max) + 5] {
            let sid = String(decoding: sids.bytes(of: sequence, hasMedia: false), as: UTF8.self)
            #expect(sids.sequence(of: sid) == sequence)
            #expect(CarrierSid(key: 8).sequence(of: sid) == nil)
        }
        #expect(sids.sequence(of: "SM" + String(repeating: "0", count: 32)) == nil)
    }

    @Test func `a form is decoded as browsers and libcurl write it`() {
        let form = CarrierForm("Body=a+b%21%e2%82%ac&MediaUrl=1&MediaUrl=2&Empty=&Bare&x=%zz%4")

        #expect(form["Body"] == "a b!€")
        #expect(
            form.all(Array("MediaUrl".utf8)).map { String(decoding: $0, as: UTF8.self) } == [
                "1", "2",
            ])
        #expect(form["Empty"] == "")
        #expect(form["Bare"] == "")
        #expect(form["x"] == "%zz%4")
        #expect(form["body"] == nil)
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 +0000"), (1_438_287_151, "Thu, 30 Jul 2015 20:12:31 +0000"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 +0000"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 +0000"),
    ])
    func `dates are written as the provider writes them`(seconds: Int64, text: String) {
        #expect(CarrierDate(seconds: seconds).rfc2822 == text)
    }

    @Test func `a webhook address tells its retry rules in the fragment`() throws {
        let url = try #require(
            CarrierURL(Array("http://h.example:81/a?b=%20c#rc=3&rp=5xx,rt".utf8)))

        #expect(String(decoding: url.signed, as: UTF8.self) == "http://h.example:81/a?b=%20c")
        #expect((url.host, url.port, url.target) == ("h.example", 81, "/a?b=%20c"))
        #expect(url.retries.count == 3)
        #expect(url.retries.policy == [.serverError, .read])
        #expect(CarrierURL(Array("http://under_score/".utf8)) == nil)
        #expect(CarrierURL(Array("https://h".utf8))?.isPlain == false)
    }

    @Test func `the look-up forgets the oldest texts and finds the others by either number`() {
        var records = CarrierRecords(capacity: 1)  // one piece, 65,536 texts
        for sequence in 0..<UInt64(100_000) {
            var record = CarrierRecord(sequence: sequence)
            (record.to, record.from) = (1_000 + sequence % 500, 10 + sequence % 3)
            records.append(record)
        }
        let all = Int64.min..<Int64.max

        #expect(records[100_000 - 65_537] == nil)
        #expect(records[100_000 - 65_536]?.sequence == 100_000 - 65_536)
        let person = records.list(.init(to: 1_007, created: all, limit: 1_000))
        #expect(person.count == 131)
        #expect(person.map(\.sequence) == person.map(\.sequence).sorted(by: >))
        #expect(person.allSatisfy { $0.to == 1_007 })
        let both = records.list(.init(to: 1_007, from: 11, created: all, limit: 1_000))
        #expect(both.map(\.sequence) == person.filter { $0.from == 11 }.map(\.sequence))
        let ours = records.list(.init(from: 12, before: 99_000, created: all, limit: 3))
        #expect(ours.map(\.sequence) == [98_999, 98_996, 98_993])
    }

    @Test func `settings change one by one and wrong ones change nothing`() throws {
        let change = Data(#"{"faults":{"shares":{"throttle":0.5}},"people":{"stops":0.1}}"#.utf8)
        let knobs = try CarrierKnobs().merging(change)

        #expect(knobs.faults.shares == [.throttle: 0.5])
        #expect(knobs.people.stops == 0.1)
        #expect(knobs.people.replies == 0.05)
        for wrong in [#"{"people":{"stops":2}}"#, "[]", "{", #"{"faults":{"shares":{"x":1}}}"#] {
            #expect(throws: CarrierError.self) { try knobs.merging(Data(wrong.utf8)) }
        }
    }

    @Test func `the peak of a sender counts segments within any second`() {
        let sender = CarrierSender(CarrierAddress("+15555550100")!, order: 0)
        for moment in [0, 500_000, 1_000_000, 1_000_001, 9_000_000] as [Int64] {
            _ = sender.accept(segments: 2, at: moment, perSecond: nil)
        }

        #expect(sender.peakPerSecond == 6)
        #expect(sender.leastSpacing == 1)
    }
}
