import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Texts in doubt, and a person's word on them.
@Suite(.freshDatabase) struct SettlementsTests {
    @Test func `doubts wait in a list until a person settles them with a reason`() async throws {
        let house = try await House.make()
        let settlements = Settlements(database: house.database)
        var messages: [UUID] = []
        for number in 0..<5 {
            messages.append(try await house.text("+1500555001\(number)").message)
        }
        for message in messages[..<3] { try await house.outcome(message, 4) }
        try await house.outcome(messages[3], 1)

        let open = try await settlements.list(organisation: house.organisation)
        #expect(Set(open.map(\.message)) == Set(messages[..<3]))
        #expect(open.first?.to == "+15005550010")
        #expect(open.first?.from == House.ours)

        let one = try await settlements.settle(
            organisation: house.organisation, messages: [messages[0], messages[3]], as: .rejected,
            reason: "The provider's log does not have it.", member: house.texter)
        let rest = try await settlements.settle(
            organisation: house.organisation, campaign: house.campaign, as: .accepted,
            reason: "All seen in the log.", member: house.texter)

        #expect(one == 1)
        #expect(rest == 2)
        #expect(try await settlements.list(organisation: house.organisation).isEmpty)
        #expect(try await house.count("SELECT count(*) FROM ledger WHERE kind = 'settlement'") == 2)
        #expect(try await house.count("SELECT sum(amount)::bigint FROM tally WHERE kind = 9") == 3)
    }

    @Test func `a decision without a reason is refused`() async throws {
        let house = try await House.make()
        let settlements = Settlements(database: house.database)

        await #expect(throws: ReasonMissing.self) {
            _ = try await settlements.settle(
                organisation: house.organisation, as: .accepted, reason: "  ", member: nil)
        }
    }

    @Test func `what is settled stays settled`() async throws {
        let house = try await House.make()
        let settlements = Settlements(database: house.database)
        let message = try await house.text("+15005550010").message
        try await house.outcome(message, 4)
        _ = try await settlements.settle(
            organisation: house.organisation, as: .rejected, reason: "Checked.", member: nil)

        try await Receipts(database: house.database).apply([
            NewReceipt(
                organisation: house.organisation, message: message, n: 1, status: 4, code: nil,
                providerID: "SM1")
        ])

        #expect(try await house.count("SELECT count(*) FROM settlement WHERE result = 2") == 1)
        #expect(try await house.count("SELECT count(*) FROM settlement") == 1)
    }
}
