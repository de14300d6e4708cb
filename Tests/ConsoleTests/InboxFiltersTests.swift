import Foundation
import Hummingbird
import Store
import Support
import Testing

@testable import Console

/// The inbox narrowed by what people say (screen T4): links, counts and an honest empty list.
@Suite(.freshDatabase) struct InboxFiltersTests {
    @Test func `a filter shows who fits, and a count beside each`() async throws {
        try await PageHouse.open { house in
            let sam = try await house.member("texter")
            let asks = try await Self.talk("Yes! what time?", of: sam.id, house)
            let stops = try await Self.talk(
                "please no more", flag: "likely_stop", of: sam.id, house)
            let spanish = try await Self.talk("No, gracias", language: "es-MX", of: sam.id, house)
            let inbox = try await Self.page("/inbox", sam.token, house)
            #expect(Self.people(inbox) == [stops, asks, spanish])
            for (name, person) in [
                ("question", asks), ("yes", asks), ("no", spanish), ("stop", stops),
                ("in-es", spanish),
            ] {
                #expect(inbox.contains("href=\"/inbox?only=\(name)\""), "\(name)")
                let page = try await Self.page("/inbox?only=\(name)", sam.token, house)
                #expect(Self.people(page) == [person], "\(name)")
                #expect(page.contains("only=\(name)\" aria-current=\"true\""), "\(name)")
            }
            #expect(inbox.contains("Spanish <span class=\"quiet\">1</span>"))
        }
    }

    @Test func `who fits nothing is one link from all`() async throws {
        try await PageHouse.open { house in
            let sam = try await house.member("texter")
            _ = try await Self.talk("hm", language: nil, of: sam.id, house)
            let inbox = try await Self.page("/inbox", sam.token, house)
            #expect(!inbox.contains("only="))
            let page = try await Self.page("/inbox?bucket=needs&only=no", sam.token, house)
            #expect(Self.people(page) == [])
            #expect(page.contains("Nobody here: No"))
            #expect(page.contains("<a class=\"button act\" href=\"/inbox\">Show all</a>"))
            let odd = try await Self.page("/inbox?only=in-%22%3E", sam.token, house)
            #expect(Self.people(odd).count == 1)
        }
    }

    @Test func `a recorded answer outlasts our own last words`() async throws {
        try await PageHouse.open { house in
            let sam = try await house.member("texter")
            let answered = try await Self.talk("No problem?", of: sam.id, house)
            try await TestDatabase.current.execute(
                """
                UPDATE conversation SET answers = '{"Coming": "Yes"}', needs_reply_since = NULL,
                    last_outbound_at = last_inbound_at + interval '1 minute' WHERE id = \(answered)
                """)
            let waiting = "/inbox?bucket=waiting"
            #expect(
                try await Self.people(Self.page(waiting + "&only=yes", sam.token, house))
                    == [answered])
            #expect(
                try await Self.people(Self.page(waiting + "&only=question", sam.token, house)) == []
            )
        }
    }

    private static func page(
        _ path: String, _ token: String, _ house: PageHouse
    ) async throws -> String {
        let answer = try await house.request("GET", path, token: token)
        #expect(answer.status == 200)
        return String(decoding: answer.body, as: UTF8.self)
            .filter { !"\u{2068}\u{2069}".contains($0) }
    }

    private static func people(_ page: String) -> [UUID] {
        page.matches(of: /<li data-id="([^"]+)"/).compactMap { UUID(uuidString: String($0.1)) }
    }

    /// Somebody who wrote, later than those before.
    private static func talk(
        _ words: String, language: String? = "en", flag: String? = nil, of member: UUID,
        _ house: PageHouse
    ) async throws -> UUID {
        let (id, contact) = (UUID.v7(), UUID.v7())
        try await TestDatabase.current.execute(
            """
            WITH person AS (
                INSERT INTO contact (organisation_id, id, number, number_hash, name, language)
                VALUES (1, \(contact), \("+1" + id.text.suffix(10)), \(Array(id.text.utf8)), 'Aisha',
                    \(language))
            )
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id,
                assignee_id, needs_reply_since, last_inbound_at, snippet, flagged)
            SELECT 1, \(id), \(contact), s.id, \(house.campaign), \(member), clock_timestamp(),
                clock_timestamp(), \(words), \(flag)
            FROM sender s WHERE s.organisation_id = 1
            """)
        return id
    }
}
