import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// What takes a second person, comes from elsewhere, or is the person's own to press.
@Suite(.freshDatabase) struct CaseworkTests {
    private func staff(_ house: House, _ name: String) async throws -> Visitor {
        let id = UUID.v7()
        try await house.database.execute(
            """
            INSERT INTO member (organisation_id, id, name, email, role)
            VALUES (\(house.organisation), \(id), \(name), \("\(name).staff@example.org"), 'compliance')
            """)
        let signIns = SignIns(database: house.database)
        let token = try await signIns.begin(
            organisation: house.organisation, member: id, userAgent: nil)
        return try await signIns.visitor(token: token)!
    }

    private func stop(_ house: House, _ contact: UUID) async throws {
        try await house.database.transaction { connection in
            _ = try await OptOuts.record(
                [Stop(organisation: house.organisation, contact: contact, source: .text)],
                on: connection)
        }
    }

    private func isOptedOut(_ house: House, _ contact: UUID) async throws -> Bool {
        try await house.count(
            "SELECT count(*) FROM contact WHERE id = \(contact) AND opted_out_at IS NOT NULL") == 1
    }

    @Test func `a stop is taken back by two people, and a new line says so`() async throws {
        let house = try await House.make()
        let undos = Undos(database: house.database)
        let (ana, ben) = (try await staff(house, "ana"), try await staff(house, "ben"))
        let contact = try await house.text("+15005550010").contact
        #expect(try await undos.ask(contact, reason: "a slip", by: ana) == .notStopped)
        try await stop(house, contact)
        #expect(try await undos.ask(contact, reason: nil, by: ana) == .reasonMissing)
        guard case .asked(let id) = try await undos.ask(contact, reason: "a slip", by: ana) else {
            Issue.record("not asked")
            return
        }
        #expect(try await undos.ask(contact, reason: "again", by: ben) == .already)

        #expect(try await undos.decide(id, grants: true, by: ana) == .needsAnother)
        #expect(try await isOptedOut(house, contact))
        #expect(try await undos.decide(id, grants: true, by: ben) == .granted)
        #expect(try await undos.decide(id, grants: true, by: ben) == .gone)

        #expect(try await !isOptedOut(house, contact))
        #expect(
            try await Ledger(database: house.database).lines(organisation: house.organisation)
                .map(\.kind) == ["stop", "undo", "start"])
        #expect(try await Ledger(database: house.database).check(house.organisation).isSound)
    }

    @Test func `a stop after the asking holds`() async throws {
        let house = try await House.make()
        let undos = Undos(database: house.database)
        let (ana, ben) = (try await staff(house, "ana"), try await staff(house, "ben"))
        let contact = try await house.text("+15005550010").contact
        try await stop(house, contact)
        guard case .asked(let id) = try await undos.ask(contact, reason: "a slip", by: ana) else {
            Issue.record("not asked")
            return
        }
        try await stop(house, contact)

        #expect(try await undos.decide(id, grants: true, by: ben) == .overtaken)
        #expect(try await isOptedOut(house, contact))
    }

    @Test func `a list of old stops is read once, with its hash`() async throws {
        let house = try await House.make()
        let lists = OptOutLists(
            database: house.database, numberKey: Array(repeating: 7, count: 32))
        let known = try await house.text("+14155550010").contact
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("\(UUID().uuidString).csv").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("name,phone\nA,+14155550010\nB,(415) 555-0011\nC,x\nB,4155550011\n".utf8)
            .write(to: URL(fileURLWithPath: path))
        func load() async throws -> OptOutListReport {
            try await lists.load(
                path: path, fileName: "old.csv", source: "former tool",
                organisation: house.organisation, regions: ["US"], by: nil)
        }

        let first = try await load()
        let again = try await load()

        #expect((first.rows, first.stopped, first.already, first.duplicates) == (4, 2, 0, 1))
        #expect(first.rejected.map(\.row) == [3])
        #expect((again.stopped, again.already) == (0, 2))
        #expect(first.sha256.utf8.count == 64)
        #expect(try await isOptedOut(house, known))
        #expect(try await house.count("SELECT count(*) FROM ledger WHERE kind = 'stop'") == 2)
        #expect(try await house.count("SELECT count(*) FROM ledger WHERE kind = 'import'") == 2)
        await #expect(throws: InvalidInput.self) {
            _ = try await lists.load(
                path: path, fileName: "old.csv", source: " ",
                organisation: house.organisation, regions: ["US"], by: nil)
        }
    }

    @Test func `a person's link opens their page alone, and its press stops at once`() async throws
    {
        let house = try await House.make()
        let links = PersonLinks(database: house.database)
        let (contact, message) = try await house.text("+15005550010")
        try await house.outcome(message, 1)
        let minted = PersonLinks.mint()
        let answer = NewMessage(
            organisation: house.organisation, kind: .help, contact: contact, body: "who",
            segments: 1)
        try await house.database.transaction { connection in
            try await PersonLinks.insert([(minted.hash, answer)], on: connection)
        }

        let link = try #require(try await links.find(minted.token))
        let page = try #require(try await links.page(link))
        #expect(page.texts.map(\.body) == ["Hi! Will you vote? Reply STOP to end."])
        #expect(page.optedOutAt == nil)
        #expect(try await links.find(PersonLinks.mint().token) == nil)
        try await links.stop(link)

        #expect(try await isOptedOut(house, contact))
        #expect(
            try await house.count(
                """
                SELECT count(*) FROM ledger WHERE kind = 'stop'
                    AND entry::jsonb #>> '{details,source}' = 'page'
                """) == 1)
    }
}
