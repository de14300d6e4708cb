import Foundation
import Store
import Support
import Testing

@testable import Sending

/// P4: no rate is exceeded, by the carrier's clock, whatever the number of workers.
@Suite(.freshDatabase) struct RateTests {
    /// The most texts in any window of `seconds`.
    private func peak(_ entries: [CarrierLog.Entry], seconds: Double) -> Int {
        let times = entries.map(\.at).sorted()
        var (first, most) = (0, 0)
        for (index, time) in times.enumerated() {
            while time - times[first] >= seconds { first += 1 }
            most = max(most, index - first + 1)
        }
        return most
    }

    @Test func `a number keeps its pace over two workers, one of which is lost`() async throws {
        let house = try await SendHouse(senders: 2, rate: 10)
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await house.queue(100)
        let second = Task { try await house.worker(carrier: carrier).run() }

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { log.all.count > 30 })
            second.cancel()
            #expect(await eventually { try await house.outcomes()[1] == 100 })
        }
        _ = try? await second.value

        for (_, texts) in Dictionary(grouping: log.all, by: \.from) {
            // rate x window + 50 ms of slack + one text (SenderState.slack)
            #expect(peak(texts, seconds: 1) <= 12)
        }
        #expect(log.doubled == [])
    }

    @Test func `an account's own rate holds over its numbers`() async throws {
        let house = try await SendHouse(senders: 10, rate: 100)
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await house.queue(100)

        try await whileSending(house.worker(carrier: carrier, accountRate: 40)) {
            #expect(await eventually { try await house.outcomes()[1] == 100 })
        }

        // Seconds are counted by the slot; a text may pass its gate up to 1 s later.
        #expect(peak(log.all, seconds: 1) <= 80)
        try #require(log.all.count == 100)
        #expect(log.all[99].at - log.all[0].at > 1)
    }

    @Test func `an organisation a thousand times as large does not keep another waiting`()
        async throws
    {
        let large = try await SendHouse(name: "Large", senders: 4, rate: 60)
        let small = try await SendHouse(name: "Small", senders: 4, rate: 60, account: large.account)
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await large.queue(5_000, prefix: "+1202")
        try await small.queue(5, prefix: "+1303")

        try await whileSending(large.worker(carrier: carrier)) {
            #expect(await eventually { try await small.outcomes()[1] == 5 })
        }

        let last = log.all.lastIndex { $0.to.hasPrefix("+1303") } ?? 5_005
        #expect(last < 500)
    }
}
