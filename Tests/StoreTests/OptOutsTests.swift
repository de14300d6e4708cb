import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Stops, and the six seconds in which a texter may take their own tap back.
@Suite(.freshDatabase) struct OptOutsTests {
    func stop(
        _ house: House, _ contact: UUID, _ source: Stop.Source, member: UUID? = nil
    ) async throws -> [MarkedStop] {
        try await house.database.transaction { connection in
            try await OptOuts.record(
                [
                    Stop(
                        organisation: house.organisation, contact: contact, source: source,
                        member: member)
                ], on: connection)
        }
    }

    func takeBack(_ house: House, _ contact: UUID, _ member: UUID) async throws -> Bool {
        try await OptOuts.takeBack(
            organisation: house.organisation, contact: contact, member: member,
            in: house.database)
    }

    func isOptedOut(_ house: House) async throws -> Bool {
        try await house.count("SELECT count(*) FROM contact WHERE opted_out_at IS NOT NULL") == 1
    }

    @Test func `a tap is taken back by the same texter, once`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        _ = try await stop(house, contact, .tap, member: house.texter)

        #expect(try await !takeBack(house, contact, .v7()))
        #expect(try await isOptedOut(house))
        #expect(try await takeBack(house, contact, house.texter))
        #expect(try await !isOptedOut(house))
        #expect(try await !takeBack(house, contact, house.texter))
        #expect(
            try await house.count("SELECT count(*) FROM ledger WHERE kind = 'stop taken back'") == 1
        )
    }

    @Test func `a stop in the person's own words stays, whatever was tapped before`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        _ = try await stop(house, contact, .tap, member: house.texter)
        _ = try await stop(house, contact, .text)

        #expect(try await !takeBack(house, contact, house.texter))
        #expect(try await isOptedOut(house))
    }

    @Test func `a tap on somebody who had stopped before lifts nothing`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        _ = try await stop(house, contact, .text)
        let second = try await stop(house, contact, .tap, member: house.texter)

        #expect(second.map(\.isNew) == [false])
        #expect(try await !takeBack(house, contact, house.texter))
        #expect(try await isOptedOut(house))
    }

    @Test func `after six seconds the tap stands`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        _ = try await stop(house, contact, .tap, member: house.texter)
        try await house.database.transaction { connection in
            _ = try await connection.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
            _ = try await connection.execute("UPDATE ledger SET at = at - interval '7 s'")
        }

        #expect(try await !takeBack(house, contact, house.texter))
    }

    @Test func `of two stops at once one is new, and both are in the log`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact

        async let first = stop(house, contact, .text)
        async let second = stop(house, contact, .tap, member: house.texter)
        let marked = try await first + second

        #expect(marked.count { $0.isNew } == 1)
        #expect(try await house.count("SELECT count(*) FROM ledger WHERE kind = 'stop'") == 2)
    }

    @Test func `who is missing is an error, never a stop that did not happen`() async throws {
        let house = try await House.make()

        await #expect(throws: PostgresError.self) { _ = try await stop(house, .v7(), .text) }
    }
}
