import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// What volunteers tell those who lead: kept, seen once, bounded, and gone with its time.
@Suite(.freshDatabase) struct SuggestionsTests {
    /// A house whose texter takes part in its campaign, seen as pages see it.
    private func open() async throws -> (house: House, suggestions: Suggestions, lead: UUID) {
        let house = try await House.make()
        let lead = UUID.v7()
        for statement: SQL in [
            """
            INSERT INTO member (organisation_id, id, name, email, role)
            VALUES (\(house.organisation), \(lead), 'Lea', 'lea@example.org', 'lead')
            """,
            """
            INSERT INTO participation (organisation_id, member_id, campaign_id)
            VALUES (\(house.organisation), \(house.texter), \(house.campaign))
            """,
        ] { try await house.database.execute(statement) }
        let web = try Database(
            url: TestDatabase.url, size: 2, role: "barnstorm_web", applicationName: "test")
        return (house, Suggestions(database: web), lead)
    }

    private func key(_ body: () async throws -> Void) async throws -> String? {
        do {
            try await body()
            return nil
        } catch let wrong as InvalidInput { return wrong.key }
    }

    @Test func `what was seen leaves the list of what is new, and stays`() async throws {
        let (house, all, lead) = try await open()
        let (org, campaign) = (house.organisation, house.campaign)
        try await all.add(
            "  The script is\r\ntoo long ", to: campaign, organisation: org, by: house.texter)
        try await all.add("More chips", to: campaign, organisation: org, by: house.texter)

        let new = try await all.unseen(of: campaign, organisation: org)
        #expect(new.map(\.words) == ["The script is\ntoo long", "More chips"])
        #expect(new.map(\.author) == ["Ana", "Ana"])
        try await all.see(new[0].id, of: campaign, organisation: org, by: lead)
        try await all.see(new[0].id, of: campaign, organisation: org, by: house.texter)
        try await all.see(new[1].id, of: UUID.v7(), organisation: org, by: lead)

        #expect(
            try await all.unseen(of: campaign, organisation: org).map(\.words) == ["More chips"])
        let kept = try await all.all(of: campaign, organisation: org)
        #expect(kept.map(\.words) == ["More chips", "The script is\ntoo long"])
        #expect(kept.map(\.seenBy) == [nil, "Lea"])
        #expect(
            try await all.all(of: campaign, organisation: org, before: kept[0].id) == [kept[1]])
    }

    @Test func `nothing, too much and somebody else's campaign are refused by name`() async throws {
        let (house, all, lead) = try await open()
        let (org, campaign) = (house.organisation, house.campaign)
        let long = String(repeating: "é", count: Suggestions.lengthMax)
        for (words, to, member, wanted): (String?, UUID?, UUID, String?) in [
            (nil, campaign, house.texter, "fix_empty"),
            (" \n ", campaign, house.texter, "fix_empty"),
            (long + "!", campaign, house.texter, "fix_long"), (long, campaign, house.texter, nil),
            ("Hello", nil, house.texter, "fix_nowhere"), ("Hello", campaign, lead, "fix_nowhere"),
        ] {
            let found = try await key {
                try await all.add(words, to: to, organisation: org, by: member)
            }
            #expect(found == wanted, "\(words ?? "nothing")")
        }
    }

    @Test func `five a day, and the same press is one`() async throws {
        let (house, all, _) = try await open()
        let (org, campaign) = (house.organisation, house.campaign)
        for place in 1...Suggestions.perDay {
            for _ in 1...2 {
                try await all.add("\(place)", to: campaign, organisation: org, by: house.texter)
            }
        }
        let more = try await key {
            try await all.add("6", to: campaign, organisation: org, by: house.texter)
        }
        #expect(more == "fix_enough")
        #expect(try await house.count("SELECT count(*) FROM suggestion") == Suggestions.perDay)
        try await house.database.execute(
            "UPDATE suggestion SET created_at = created_at - interval '25 h'")
        try await all.add("6", to: campaign, organisation: org, by: house.texter)
    }

    @Test func `pages may mark it as seen, and change or delete nothing`() async throws {
        let (house, all, _) = try await open()
        try await all.add(
            "Hi", to: house.campaign, organisation: house.organisation, by: house.texter)
        let web = try Database(
            url: TestDatabase.url, size: 1, role: "barnstorm_web", applicationName: "test")
        for statement in ["UPDATE suggestion SET body = ''", "DELETE FROM suggestion"] {
            await #expect(throws: PostgresError.self) {
                _ = try await web.transaction(organisation: house.organisation) {
                    try await $0.execute(SQL(raw: statement))
                }
            }
        }
        let other = try await web.transaction(organisation: house.organisation + 1) {
            try await $0.first("SELECT count(*) FROM suggestion") { try $0.value(0) as Int }
        }
        #expect(other == 0)
    }

    @Test func `a limit for words takes them, a hold keeps them`() async throws {
        let (house, all, _) = try await open()
        let (org, campaign) = (house.organisation, house.campaign)
        try await all.add("Old", to: campaign, organisation: org, by: house.texter)
        try await house.database.execute(
            "UPDATE suggestion SET created_at = now() - interval '400 days'")
        try await all.add("Young", to: campaign, organisation: org, by: house.texter)
        try await Retention(database: house.database).set(
            .words, days: 365, organisation: org, by: nil)

        let holds = LegalHolds(database: house.database)
        let hold = try await holds.add(
            .organisation, reason: "a case", organisation: org, by: nil)
        _ = try await Deletions(database: house.database).run(.words, organisation: org)
        #expect(try await house.count("SELECT count(*) FROM suggestion WHERE body <> ''") == 2)
        _ = try await holds.release(hold.id, reason: "closed", organisation: org, by: nil)
        let round = try await Deletions(database: house.database).run(.words, organisation: org)
        #expect(round?.removed["notes"] == 1)
        let kept = try await all.all(of: campaign, organisation: org)
        #expect(kept.map(\.words) == ["Young", ""])
        #expect(try await all.unseen(of: campaign, organisation: org).map(\.words) == ["Young"])
    }

    @Test(arguments: [
        ("Tom was rude to me", true), ("Someone called TOM, I think", true),
        ("Tomorrow we start late", false), ("call +1 (500) 555-0010 back", true),
    ])
    func `who is erased takes along what names them`(words: String, goes: Bool) async throws {
        let (house, all, _) = try await open()
        let (person, _) = try await house.text("+15005550010")
        try await house.database.execute(
            "UPDATE contact SET name = 'Tom' WHERE id = \(person)")
        try await all.add(
            words, to: house.campaign, organisation: house.organisation, by: house.texter)
        _ = try await house.database.first(
            "SELECT blank_people(\(house.organisation), \([person]))"
        ) { try $0.value(0) as JSONB }
        let left = try await all.all(of: house.campaign, organisation: house.organisation)
        #expect(left.map(\.words) == [goes ? "" : words])
    }
}
