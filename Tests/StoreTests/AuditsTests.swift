import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Questions of compliance staff, each with a case that must fail it.
@Suite(.freshDatabase) struct AuditsTests {
    func stop(_ house: House, _ contact: UUID, secondsAgo: Double = 0) async throws {
        try await house.database.transaction { connection in
            _ = try await OptOuts.record(
                [
                    Stop(
                        organisation: house.organisation, contact: contact, source: .text,
                        receivedAt: Date().addingTimeInterval(-secondsAgo))
                ], on: connection)
        }
    }

    @Test func `a text that was already leaving is named and breaks nothing`() async throws {
        let house = try await House.make()
        let (contact, message) = try await house.text("+15005550010")
        try await stop(house, contact)
        try await house.outcome(message, 1)

        let answer = try await Audits(database: house.database).afterOptOut(
            organisation: house.organisation)

        #expect(answer.stops == 1)
        #expect(answer.texts.map(\.standing) == [.leaving])
        #expect(answer.violations.isEmpty)
        #expect(answer.leaving.count == 1)
    }

    @Test func `a try after the stop is a violation, whatever became of it`() async throws {
        let house = try await House.make()
        let results: [Int16?] = [1, 2, 4, nil]
        for (index, result) in results.enumerated() {
            let (contact, message) = try await house.text("+1500555001\(index)")
            try await house.outcome(message, 3)
            try await stop(house, contact)
            try await house.attempt(message, n: 2)
            if let result { try await house.outcome(message, result, n: 2) }
        }

        let answer = try await Audits(database: house.database).afterOptOut(
            organisation: house.organisation)

        #expect(answer.violations.count == 4)
        #expect(answer.violations.allSatisfy { $0.n == 2 })
    }

    @Test func `before the stop, after a start, unsent and confirmations are no violations`()
        async throws
    {
        let house = try await House.make()
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 1)
        try await stop(house, contact)
        let unsent = try await house.reply(to: contact, kind: .reply)
        try await house.outcome(unsent, 3)
        let confirmation = try await house.reply(to: contact, kind: .confirmation)
        try await house.outcome(confirmation, 1)
        try await house.database.transaction { connection in
            let person = ContactKey(organisation: house.organisation, id: contact)
            _ = try await OptOuts.lift(person, on: connection)
            try await OptOuts.writeStart(
                Stop(organisation: house.organisation, contact: contact, source: .text),
                on: connection)
        }
        let welcome = try await house.reply(to: contact, kind: .reply)
        try await house.outcome(welcome, 1)

        let answer = try await Audits(database: house.database).afterOptOut(
            organisation: house.organisation)

        #expect(answer.texts.isEmpty)
    }

    @Test func `a text sent while the stop was being taken in is told apart`() async throws {
        let house = try await House.make()
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 1)
        try await stop(house, contact, secondsAgo: 60)

        let answer = try await Audits(database: house.database).afterOptOut(
            organisation: house.organisation)

        #expect(answer.texts.map(\.standing) == [.between])
        #expect(answer.violations.isEmpty)
    }

    @Test func `latency counts from the person's text, and confirmations are few and soon`()
        async throws
    {
        let house = try await House.make()
        let audits = Audits(database: house.database)
        let quick = try await house.text("+15005550010").contact
        try await stop(house, quick, secondsAgo: 2)
        try await house.outcome(try await house.reply(to: quick, kind: .confirmation), 1)

        let sound = try await audits.optOutLatency(organisation: house.organisation)
        #expect(sound.stops == 1)
        #expect((2..<60).contains(sound.effective.worst))
        #expect(sound.confirmation.count == 1)
        #expect(sound.faults.isEmpty)

        try await house.outcome(try await house.reply(to: quick, kind: .confirmation), 1)
        let late = try await house.text("+15005550011").contact
        try await stop(house, late, secondsAgo: 400)
        try await house.outcome(try await house.reply(to: late, kind: .confirmation), 1)

        let faulty = try await audits.optOutLatency(organisation: house.organisation)
        #expect(Set(faulty.faults.map(\.contact)) == [quick, late])
    }

    @Test func `a number's history tells everything in order`() async throws {
        let house = try await House.make()
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 4)
        try await Receipts(database: house.database).apply([
            NewReceipt(
                organisation: house.organisation, message: message, n: 1, status: 4, code: nil,
                providerID: "SM1")
        ])
        try await stop(house, contact)
        let audits = Audits(database: house.database)

        let history = try await audits.number("+15005550010", organisation: house.organisation)

        #expect(history?.contact == contact)
        #expect(history?.optedOutAt != nil)
        #expect(
            Set(history?.events.map(\.kind) ?? [])
                == ["text", "verdict", "outcome", "settlement", "receipt", "stop"])
        #expect(history?.events.first { $0.kind == "text" }?.body?.hasPrefix("Hi!") == true)
        #expect(try await audits.number("+15005550099", organisation: house.organisation) == nil)
    }

    @Test func `percentiles are nearest ranks`() {
        let spans = Percentiles((1...100).map(Double.init).shuffled())

        #expect((spans.p50, spans.p95, spans.p99, spans.worst) == (50, 95, 99, 100))
        #expect(Percentiles([]).worst == 0)
    }
}
