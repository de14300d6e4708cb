import Curl
import Foundation
import Notices
import Store
import Support
import Testing

@testable import Console

/// Who asks at the door to be told is told once, when they can begin, by day; then forgotten.
@Suite(.freshDatabase) struct ReminderTests {
    private struct Door {
        let campaign: UUID
        let store: PageStore
        let rounds: ReminderRounds
        let mail: MailServer

        init(recipientReply: String = "250 ok") async throws {
            campaign = try await PageHouse.furnish(people: 5)
            mail = try MailServer(recipientReply: recipientReply)
            let mailer = try Mailer(
                url: "smtp://127.0.0.1:\(mail.port)?from=texts@example.org",
                engine: CurlEngine(maximumInFlight: 2))
            store = PageStore(
                database: TestDatabase.current,
                secret: InstallationSecret(bytes: Array(repeating: 7, count: 32)))
            let console = try Console(
                store: store, publicURL: "http://barnstorm.test",
                notifier: Notifier(mailer: mailer, push: nil))
            rounds = console.reminders(store.volunteers)
        }

        func ask(_ login: String, due: Date = Date(timeIntervalSince1970: 0)) async throws {
            try await store.volunteers.ask(
                organisation: 1, campaign: campaign, kind: "reminder",
                ProofDetails(name: "Sam", login: login, language: "en", campaign: campaign),
                due: due)
        }

        func set(_ change: String) async throws {
            try await TestDatabase.current.execute(
                "UPDATE campaign SET \(raw: change) WHERE id = \(campaign)")
        }

        func texts() async throws -> [String] {
            try await TestDatabase.current.rows("SELECT body FROM message ORDER BY id") {
                try $0.value(0) as String
            }
        }

        func waiting() async throws -> Int {
            try await TestDatabase.current.first(
                "SELECT count(*) FROM join_request WHERE told_at IS NULL"
            ) { try $0.value(0) as Int } ?? 0
        }

        var mails: Int { mail.lines.count { $0 == "DATA" } }
    }

    /// Noon in California, where the number is from, within the coming day.
    private let noon: Date = {
        let day = 86_400.0
        let midnight = ceil(Date().timeIntervalSince1970 / day) * day
        return Date(timeIntervalSince1970: midnight + 20 * 3600)
    }()
    private static let number = "+14155550199"
    private static let news =
        "Ours: Doorstep is open for texting now. Begin here: http://barnstorm.test/j/doorstep"

    @Test func `one text, and not before its time`() async throws {
        let door = try await Door()
        try await door.ask(Self.number, due: noon + 1)
        try await door.rounds.round(now: noon)
        #expect(try await door.texts() == [])
        try await door.rounds.round(now: noon + 2)
        try await door.rounds.round(now: noon + 4)
        #expect(try await door.texts() == [Self.news])
    }

    @Test func `nobody is texted at night, where they are`() async throws {
        let door = try await Door()
        try await door.ask(Self.number)
        try await door.rounds.round(now: noon + 11 * 3600)
        #expect(try await door.texts() == [])
        try await door.rounds.round(now: noon + 24 * 3600)
        #expect(try await door.texts().count == 1)
    }

    @Test func `two processes tell once`() async throws {
        let door = try await Door()
        try await door.ask(Self.number)
        async let first: Void = door.rounds.round(now: noon)
        async let second: Void = door.rounds.round(now: noon)
        _ = try await (first, second)
        #expect(try await door.texts().count == 1)
    }

    @Test func `while it is full, paused or asleep they wait; as many are told as there is room`()
        async throws
    {
        let door = try await Door()
        for place in 1...3 { try await door.ask("sam\(place)@example.org") }
        for change in ["state = 'paused'", "state = 'live', texters_max = 1"] {
            try await door.set(change)
            try await TestDatabase.current.execute(
                """
                INSERT INTO member (organisation_id, id, name, email, role)
                VALUES (1, \(UUID.v7()), 'Lea', \(UUID.v7().text + "@example.org"), 'texter')
                """)
            try await TestDatabase.current.execute(
                """
                INSERT INTO participation (organisation_id, member_id, campaign_id)
                SELECT 1, id, \(door.campaign) FROM member ON CONFLICT DO NOTHING
                """)
            try await door.rounds.round(now: Date())
            #expect(door.mails == 0, "\(change)")
        }
        // No hour of the day is open: everybody on the list counts as asleep.
        try await door.set("texters_max = NULL, opens_minute = 0, closes_minute = 1")
        try await door.rounds.round(now: Date())
        #expect(door.mails == 0)
        try await door.set("texters_max = 4, opens_minute = NULL, closes_minute = NULL")
        try await door.rounds.round(now: Date())
        #expect(door.mails == 2)
        try await door.rounds.round(now: Date())
        #expect(door.mails == 2)
        #expect(try await door.waiting() == 1)
    }

    @Test func `after the end they hear of the next one`() async throws {
        let door = try await Door()
        try await door.set("state = 'finished'")
        try await door.ask(Self.number)
        try await door.rounds.round(now: noon)
        #expect(try await door.texts() == [])
        let next = UUID.v7()
        try await TestDatabase.current.execute(
            """
            INSERT INTO campaign (organisation_id, id, name, state, code, launched_at)
            VALUES (1, \(next), 'Cardiff North', 'live', 'north', now() + interval '1 s')
            """)
        try await TestDatabase.current.execute(
            """
            INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size)
            SELECT 1, \(UUID.v7()), \(next), import_id, zone_set, 3 FROM lane LIMIT 1
            """)
        try await door.rounds.round(now: noon)
        #expect(
            try await door.texts() == [
                "Ours: the next one begins, Cardiff North. Begin here: "
                    + "http://barnstorm.test/j/north"
            ])
    }

    @Test func `who joined meanwhile or said stop is left in peace`() async throws {
        let door = try await Door()
        try await door.ask("sam@example.org")
        let member = UUID.v7()
        try await TestDatabase.current.execute(
            """
            INSERT INTO member (organisation_id, id, name, email, role)
            VALUES (1, \(member), 'Sam', 'sam@example.org', 'texter')
            """)
        try await door.store.volunteers.seen(
            organisation: 1, member: member, campaign: door.campaign)
        try await TestDatabase.current.execute(
            """
            INSERT INTO contact (organisation_id, id, number, number_hash, opted_out_at)
            VALUES (1, \(UUID.v7()), \(Self.number),
                \(door.store.secret.numberHash(Self.number)), now())
            """)
        try await door.ask(Self.number)
        try await door.rounds.round(now: noon)
        #expect(door.mails == 0)
        #expect(try await door.texts() == [])
    }

    @Test func `a mail that did not leave is tried again`() async throws {
        let door = try await Door(recipientReply: "450 later")
        let now = Date()
        try await door.ask("sam@example.org")
        try await door.rounds.round(now: now)
        #expect(try await door.waiting() == 1)
        let volunteers = door.store.volunteers
        #expect(try await volunteers.dueReminders(now: now + 29 * 60).isEmpty)
        #expect(try await volunteers.dueReminders(now: now + 31 * 60).count == 1)
    }

    @Test func `addresses are forgotten, and who was told may ask again`() async throws {
        let door = try await Door()
        try await door.ask("sam@example.org")
        try await door.rounds.round(now: Date())
        #expect(door.mails == 1)
        try await door.ask("sam@example.org")
        try await door.rounds.round(now: Date())
        #expect(door.mails == 2)
        try await door.store.volunteers.forgetReminders(now: Date() + 25 * 3600)
        try await door.set("state = 'paused'")
        try await door.ask("old@example.org")
        try await door.store.volunteers.forgetReminders(now: Date() + 179 * 86_400)
        #expect(try await door.waiting() == 1)
        try await door.store.volunteers.forgetReminders(now: Date() + 181 * 86_400)
        let left = try await TestDatabase.current.first("SELECT count(*) FROM join_request") {
            try $0.value(0) as Int
        }
        #expect(left == 0)
    }
}
