import Foundation
import Postgres
import Support
import Testing
import Texting

@testable import Store

/// Stops and requests that no reply carried, holds and erasure.
@Suite(.freshDatabase) struct CasesTests {
    private static let key = [UInt8](repeating: 9, count: 32)

    private func cases(_ house: House) -> Cases { Cases(database: house.database, key: Self.key) }

    @Test func `a stop by letter holds at once and its clock runs in business days`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        let received = try Date("2026-11-20T15:00:00Z", strategy: .iso8601)

        let request = try await cases(house).open(
            NewRequest(
                .optOut, by: .post, receivedAt: received, contact: contact,
                facts: .init(words: "No more texts", name: "Kim")),
            organisation: house.organisation)

        // Thanksgiving, 26 November, does not count.
        #expect(request.dueAt.formatted(.iso8601) == "2026-12-08T00:00:00Z")
        let stopped = try await house.database.first(
            "SELECT opted_out_at FROM contact WHERE id = \(contact)"
        ) { try $0.value(0) as Date? }
        #expect(stopped != nil)
        #expect(
            try await cases(house).facts(of: request.id, organisation: house.organisation)
                == NewRequest.Facts(words: "No more texts", name: "Kim"))
    }

    @Test func `a request goes through its steps once each, every one in the ledger`()
        async throws
    {
        let house = try await House.make()
        let cases = cases(house)
        let member = UUID.v7()
        let request = try await cases.open(
            NewRequest(.complaint, by: .page, facts: .init(words: "Who are you?")),
            organisation: house.organisation)

        _ = try await cases.acknowledge(
            request.id, organisation: house.organisation, by: member)
        _ = try await cases.close(
            request.id, outcome: "explained", organisation: house.organisation, by: member)

        await #expect(throws: InvalidInput.self) {
            try await cases.close(
                request.id, outcome: "again", organisation: house.organisation, by: member)
        }
        let lines = try await Ledger(database: house.database).lines(
            organisation: house.organisation)
        #expect(lines.filter { $0.kind == "request" }.count == 3)
        #expect(!lines.contains { $0.entry.contains("Who are you") })
    }

    @Test func `erasure destroys the key, keeps the hash and the stop, and the chain verifies`()
        async throws
    {
        let house = try await House.make()
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 1)
        let request = try await cases(house).open(
            NewRequest(.erasure, by: .mail, contact: contact, facts: .init(words: "Erase me")),
            organisation: house.organisation)

        let erasure = try await cases(house).erase(
            contact: contact, organisation: house.organisation, by: nil, reason: "asked to")

        #expect(erasure.texts == 1)
        #expect(erasure.sealedFacts == 1)
        #expect(
            try await cases(house).facts(of: request.id, organisation: house.organisation) == nil)
        let left = try await house.database.first(
            """
            SELECT number, opted_out_at IS NOT NULL, octet_length(number_hash),
                (SELECT body FROM message WHERE id = \(message))
            FROM contact WHERE id = \(contact)
            """
        ) { row in
            (
                number: try row.value(0) as String?, stopped: try row.value(1) as Bool,
                hash: try row.value(2) as Int32, body: try row.value(3) as String
            )
        }
        #expect(left?.number == nil)
        #expect(left?.stopped == true)
        #expect(left?.hash == 12)  // the house hashes no number; it stays what it was
        #expect(left?.body == "")
        let check = try await Ledger(database: house.database).check(house.organisation)
        #expect(check.findings == [])
    }

    @Test func `a legal hold beats erasure until it is released`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        let holds = LegalHolds(database: house.database)
        let hold = try await holds.add(
            .person(contact), reason: "claim", organisation: house.organisation, by: nil)

        await #expect(throws: InvalidInput.self) {
            try await cases(house).erase(
                contact: contact, organisation: house.organisation, by: nil, reason: "asked")
        }
        _ = try await holds.release(
            hold.id, reason: "settled", organisation: house.organisation, by: nil)
        _ = try await cases(house).erase(
            contact: contact, organisation: house.organisation, by: nil, reason: "asked")
    }

    @Test func `the web role sees one organisation's cases and cannot change what was said`()
        async throws
    {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        let web = try Database(
            url: TestDatabase.url, size: 2, role: "barnstorm_web", applicationName: "test")
        let cases = Cases(database: web, key: Self.key)
        _ = try await cases.open(
            NewRequest(.optOut, by: .phone, contact: contact, facts: .init(words: "stop")),
            organisation: house.organisation)
        _ = try await cases.erase(
            contact: contact, organisation: house.organisation, by: nil, reason: "asked")

        #expect(try await cases.requests(organisation: house.organisation).count == 1)
        #expect(try await cases.requests(organisation: house.organisation + 1).isEmpty)
        for statement in [
            "UPDATE case_fact SET sealed = ''", "DELETE FROM request",
            "UPDATE subject_key SET sealed_key = NULL", "DELETE FROM hold",
            "INSERT INTO session VALUES (1, '', gen_random_uuid(), now(), now())",
        ] {
            await #expect(throws: PostgresError.self) {
                try await web.transaction(organisation: house.organisation) { connection in
                    _ = try await connection.execute(SQL(raw: statement))
                }
            }
        }
        await web.close()
    }
}
