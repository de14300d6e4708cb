import Foundation
import Glibc
import Testing

@testable import Providers

/// Faults of the send API as a client's socket sees them.
@Suite(.timeLimit(.minutes(2))) struct SimulatedFaultTests {
    private static func connection(
        _ bench: CarrierBench, _ body: @escaping @Sendable (RawConnection, [UInt8]) throws -> Void
    ) async throws {
        let fields = [("To", "+15555550123"), ("From", "+15555550100"), ("Body", "a")]
        let bytes = bench.post("/Messages.json", fields)
        try await offload { [port = bench.carrier.port] in
            try body(RawConnection(port: port), bytes)
        }
    }

    private static func plan(_ fault: CarrierFault, times: Int = 1) -> (inout CarrierConfiguration)
        -> Void
    {
        { $0.knobs.faults.script = [ScriptedFault(fault, times: times)] }
    }

    @Test func `429 asks for a pause and accepts nothing`() async throws {
        try await CarrierBench.run(Self.plan(.throttle)) { bench in
            let answer = try #require(try await bench.text(to: "+15555550123"))

            #expect(answer.status == 429)
            #expect(answer.head.contains("Retry-After: 1"))
            #expect(try answer.json()["code"] as? Int == 20429)
            #expect(try bench.logLines("accepted").isEmpty)
            #expect(try bench.logLines("refused").first?["answer"] as? String == "throttle")
            #expect(try await bench.text(to: "+15555550123")?.status == 201)
        }
    }

    @Test(arguments: [
        (CarrierFault.errorBefore, 500...503, 0), (.errorAfter, 500...503, 1),
        (.proxyAfter, 502...502, 1), (.redirect, 307...307, 0), (.unauthorized, 401...401, 0),
        (.queueFull, 429...429, 0), (.garbageAfter, 201...201, 1), (.nestedAfter, 201...201, 1),
    ])
    func `a wrong answer accepts or not, as its name says`(
        fault: CarrierFault, statuses: ClosedRange<Int>, accepted: Int
    ) async throws {
        try await CarrierBench.run(Self.plan(fault)) { bench in
            let answer = try #require(try await bench.text(to: "+15555550123"))

            #expect(statuses.contains(answer.status))
            let lines = try bench.logLines("accepted")
            #expect(lines.count == accepted)
            #expect(lines.allSatisfy { $0["answer"] as? String == fault.rawValue })
        }
    }

    @Test func `garbage is no JSON, and an oversized answer has ten megabytes`() async throws {
        try await CarrierBench.run(Self.plan(.garbageAfter)) { bench in
            let answer = try #require(try await bench.text(to: "+15555550123"))
            #expect(throws: (any Error).self) { try answer.json() }
        }
        try await CarrierBench.run(Self.plan(.oversizeAfter)) { bench in
            let answer = try #require(try await bench.text(to: "+15555550123"))
            #expect(answer.body.count == 10 << 20)
        }
    }

    @Test(arguments: [(CarrierFault.resetBefore, 0), (.resetAfter, 1)])
    func `a reset is a reset, not an end`(fault: CarrierFault, accepted: Int) async throws {
        try await CarrierBench.run(Self.plan(fault)) { bench in
            try await Self.connection(bench) { connection, bytes in
                connection.send(bytes)
                let (received, error) = connection.read()
                #expect(received == nil)
                #expect(error == ECONNRESET)
            }
            #expect(try bench.logLines("accepted").count == accepted)
        }
    }

    @Test(arguments: [(CarrierFault.hangBefore, 0), (.hangAfter, 1)])
    func `a hanging request is never answered`(fault: CarrierFault, accepted: Int) async throws {
        try await CarrierBench.run(Self.plan(fault)) { bench in
            try await Self.connection(bench) { connection, bytes in
                connection.setReadTimeout(seconds: 0.3)
                connection.send(bytes)
                let (received, error) = connection.read()
                #expect(received == nil)
                #expect(error == EAGAIN)
            }
            #expect(try bench.logLines("accepted").count == accepted)
        }
    }

    @Test func `a half answer promises more than comes`() async throws {
        try await CarrierBench.run(Self.plan(.halfAfter)) { bench in
            try await Self.connection(bench) { connection, bytes in
                connection.send(bytes)
                #expect(connection.readAnswer() == nil)
                #expect(connection.read().bytes?.isEmpty == true)
            }
            #expect(try bench.logLines("accepted").count == 1)
        }
    }

    @Test func `a slow answer drips, and is right in the end`() async throws {
        try await CarrierBench.run {
            Self.plan(.slowAfter)(&$0)
            $0.knobs.faults.dripMilliseconds = 1
        } _: { bench in
            try await Self.connection(bench) { connection, bytes in
                connection.send(bytes)
                #expect(connection.read().bytes?.count ?? 0 < 50)
                connection.send(bytes)  // pipelined: waits for the first answer's end
                var received: [UInt8] = []
                let ending = Array("\"uri\": \"".utf8)
                while received.ranges(of: ending).count < 2 {
                    guard let more = connection.read().bytes, !more.isEmpty else { break }
                    received += more
                }
                #expect(received.ranges(of: ending).count == 2)
            }
            #expect(try bench.logLines("accepted").count == 2)
        }
    }

    @Test(arguments: [(CarrierFault.closeOnReuse, 1), (.closeOnReuseAfter, 2)])
    func `a reused connection closes without an answer`(
        fault: CarrierFault, accepted: Int
    ) async throws {
        try await CarrierBench.run(Self.plan(fault)) { bench in
            try await Self.connection(bench) { connection, bytes in
                connection.send(bytes)
                #expect(connection.readAnswer()?.status == 201)
                connection.send(bytes)
                #expect(connection.read().bytes?.isEmpty == true)
            }
            #expect(try bench.logLines("accepted").count == accepted)
        }
    }

    @Test func `a script names the number or the request it waits for`() async throws {
        try await CarrierBench.run {
            $0.knobs.faults.script = [
                ScriptedFault(.throttle, to: "+15555550124", times: 2),
                ScriptedFault(.errorBefore, nth: 4),
            ]
        } _: { bench in
            var statuses: [Int?] = []
            for number in [123, 124, 123, 123, 124, 124] {
                statuses.append(try await bench.text(to: "+15555550\(number)")?.status)
            }
            #expect(statuses == [201, 429, 201, 500, 429, 201])
        }
    }

    @Test func `chance repeats with the seed and keeps its shares`() {
        var settings = FaultSettings()
        settings.shares = [.throttle: 0.02, .resetAfter: 0.02, .closeOnReuse: 0.01]
        func rolls(seed: UInt64) -> [CarrierFault?] {
            var dice = FaultDice(settings, seed: seed)
            return (1...20_000).map { dice.roll(nth: $0, to: nil, isReused: true) }
        }
        let first = rolls(seed: 1)

        #expect(first == rolls(seed: 1))
        #expect(first != rolls(seed: 2))
        #expect((320...480).contains(first.count { $0 == .throttle }))
        #expect((320...480).contains(first.count { $0 == .resetAfter }))
        #expect((140...260).contains(first.count { $0 == .closeOnReuse }))
    }

    @Test func `a request whose body never ends is logged as incomplete`() async throws {
        try await CarrierBench.run { bench in
            try await Self.connection(bench) { connection, bytes in
                connection.send(bytes.dropLast(5))
                connection.shutdown()
                _ = connection.read()
            }
            // The end of the stream reaches us, and the carrier's log, in no fixed order.
            for _ in 0..<250 where try bench.logLines("incomplete").isEmpty {
                try await Task.sleep(for: .milliseconds(20))
            }
            let line = try #require(try bench.logLines("incomplete").first)
            #expect(line["body_bytes"] as? Int ?? 0 > 0)
            #expect(try bench.logLines("accepted").isEmpty)
        }
    }
}
