import Foundation
import Testing

@testable import Providers

/// The simulated carrier from the outside: real sockets on loopback.
@Suite(.timeLimit(.minutes(2))) struct SimulatedCarrierTests {
    @Test func `an accepted text is answered, logged and reported as delivered`() async throws {
        try await CarrierBench.run {
            // Far enough apart to come in their order, however busy the machine.
            $0.knobs.receipts.finalMilliseconds = 2_000
        } _: { bench in
            let answer = try await bench.text(to: "+15555550123", body: "Hi \"there\"\n😀")

            #expect(answer?.status == 201)
            let message = try #require(try answer?.json())
            let sid = try #require(message["sid"] as? String)
            #expect(sid.wholeMatch(of: /SM[0-9a-f]{32}/) != nil)
            #expect(message["status"] as? String == "queued")
            #expect(message["num_segments"] as? String == "1")
            #expect(message["body"] as? String == "Hi \"there\"\n😀")
            let date = message["date_created"] as? String
            #expect(date?.wholeMatch(of: /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000/) != nil)

            let calls = try await bench.receiver.calls(2)
            #expect(calls.map { $0["MessageStatus"] } == ["sent", "delivered"])
            #expect(calls.allSatisfy { $0["MessageSid"] == sid && $0.uri == "/status?a=1" })

            let line = try #require(try bench.logLines("accepted").first)
            #expect(line["sid"] as? String == sid)
            #expect(line["to"] as? String == "+15555550123")
            #expect(line["body"] as? String == "Hi \"there\"\n😀")
            #expect(line["answer"] as? String == "created")
            let start = try #require(line["start_boot_us"] as? Int)
            let arrived = try #require(line["arrived_boot_us"] as? Int)
            #expect(arrived >= start)
            #expect(try #require(line["boot_us"] as? Int) >= arrived)
        }
    }

    @Test func `a webhook is signed over its address without fragment and its sorted fields`()
        async throws
    {
        try await CarrierBench.run { bench in
            _ = try await bench.text(to: "+15555550123")
            let call = try #require(try await bench.receiver.calls(2).last)

            let form = CarrierForm(String(decoding: call.body, as: UTF8.self))
            let fields = form.fields.map { String(decoding: $0.name + $0.value, as: UTF8.self) }
            let signed = bench.receiver.url + call.uri + fields.sorted().joined()
            #expect(
                call.signature == opensslSignature(of: signed, key: bench.configuration.authToken))
        }
    }

    @Test func `an injected text reaches the number's webhook`() async throws {
        try await CarrierBench.run { bench in
            let order = #"{"from":"+15555550123","to":"+15555550100","body":"STOP","media":1}"#
            let answer = try await bench.control("POST", "/_control/inbound", order)

            #expect(answer?.status == 202)
            let call = try #require(try await bench.receiver.calls(1).first)
            #expect(call.uri == "/inbound")
            #expect(call["From"] == "+15555550123")
            #expect(call["Body"] == "STOP")
            #expect(call["NumMedia"] == "1")
            #expect(call["SmsStatus"] == "received")
            #expect(call["OptOutType"] == nil)
            #expect(try bench.logLines("inbound").first?["body"] as? String == "STOP")
        }
    }
}

/// HMAC-SHA1 in base64 by the `openssl` command: not by the code under test.
func opensslSignature(of text: String, key: String) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = ["dgst", "-sha1", "-hmac", key, "-binary"]
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    guard (try? process.run()) != nil else { return nil }
    input.fileHandleForWriting.write(Data(text.utf8))
    try? input.fileHandleForWriting.close()
    let digest = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return digest.base64EncodedString()
}
