import Foundation
import Hummingbird
import Postgres
import Store
import Support
import Testing

@testable import Console

/// The end of a shift offers itself after twenty quiet minutes (screen T6), once and gently.
@Suite(.freshDatabase) struct DebriefOfferTests {
    @Test(arguments: ["/send", "/inbox"])
    func `who comes back after a quiet while is offered the end`(path: String) async throws {
        try await PageHouse.open { house in
            let sam = try await house.member("texter")
            try await Self.wasHere(sam.id, minutesAgo: 21)
            #expect(try await Self.offers(path, sam.token, house))
            #expect(try await !Self.offers(path, sam.token, house))
        }
    }

    @Test func `who was here, did nothing, or went home is not asked`() async throws {
        try await PageHouse.open { house in
            let sam = try await house.member("texter")
            try await Self.wasHere(sam.id, minutesAgo: 19)
            #expect(try await !Self.offers("/inbox", sam.token, house))
            try await Self.wasHere(sam.id, minutesAgo: 13 * 60)
            #expect(try await !Self.offers("/inbox", sam.token, house))
            try await Self.wasHere(sam.id, minutesAgo: 21, sent: 0)
            #expect(try await !Self.offers("/inbox", sam.token, house))
            try await Self.wasHere(sam.id, minutesAgo: 21)
            try await Self.set("settings = settings || '{\"left\": \"1\"}'", of: sam.id)
            #expect(try await !Self.offers("/inbox", sam.token, house))
        }
    }

    /// With script a shift goes on without opening a page.
    @Test func `an open page is no quiet one`() async throws {
        try await PageHouse.open { house in
            let sam = try await house.member("texter")
            try await Self.wasHere(sam.id, minutesAgo: 40)
            try await Self.set("watched_until = now() - interval '2 min'", of: sam.id)
            #expect(try await !Self.offers("/send", sam.token, house))
        }
    }

    private static func wasHere(_ member: UUID, minutesAgo: Int, sent: Int32 = 3) async throws {
        try await TestDatabase.current.execute(
            """
            UPDATE participation SET last_at = now() - \(minutesAgo) * interval '1 min',
                sent_today = \(sent), sent_on = current_date
            WHERE member_id = \(member)
            """)
    }

    private static func set(_ change: String, of member: UUID) async throws {
        try await TestDatabase.current.execute(
            "UPDATE member SET \(raw: change) WHERE id = \(member)")
    }

    private static func offers(
        _ path: String, _ token: String, _ house: PageHouse
    ) async throws -> Bool {
        let answer = try await house.request("GET", path, token: token)
        #expect(answer.status == 200)
        return String(decoding: answer.body, as: UTF8.self).contains("data-quiet")
    }
}
