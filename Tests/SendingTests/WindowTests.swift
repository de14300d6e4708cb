import Foundation
import Store
import Support
import Testing

@testable import Sending

/// P5: a provider may keep no text beyond the hours of the person it is for.
@Suite(.freshDatabase) struct WindowTests {
    @Test(arguments: [MessageKind.first, .reply])
    func `a text may be kept no longer than its window`(kind: MessageKind) async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        // Half an hour is left where the people are.
        try await house.database.execute(
            """
            UPDATE organisation SET closes_minute = (
                SELECT 60 * extract(hour FROM t) + extract(minute FROM t) + 30
                FROM (SELECT now() AT TIME ZONE zones AS t FROM zone_set WHERE id = \(house.zoneSet)) z)
            """)
        try await house.queue(2, kind: kind)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 2 })
        }

        #expect(log.all.map(\.validity).allSatisfy { (1_700...1_800).contains($0) })
    }

    @Test func `an open window binds a provider for four hours at most`() async throws {
        let house = try await SendHouse()
        let log = CarrierLog()
        let carrier = try TestServer.answering { .init(201, body: "SM\(log.note($0))") }
        try await house.queue(1)

        try await whileSending(house.worker(carrier: carrier)) {
            #expect(await eventually { try await house.outcomes()[1] == 1 })
        }

        #expect(log.all.map(\.validity) == [14_400])
    }
}
