import Curl
import Foundation
import Notices
import Secrets
import Store
import Support
import Testing

@testable import Console

/// Absent volunteers are told once, by the way they chose, and not while they look.
@Suite(.freshDatabase) struct NoticeTests {
    /// The rounds of a house with a push service and a mail server of our own.
    private struct Town {
        let rounds: NoticeRounds
        let store: PageStore
        let mail: MailServer
        let pushes: Box<[TestServer.Request]>
        private let service: TestServer
        let member = UUID.v7()
        let conversation = UUID.v7()

        init(pushStatus: Int = 201) async throws {
            _ = try await PageHouse.furnish(people: 5)
            let pushes = Box<[TestServer.Request]>([])
            self.pushes = pushes
            service = try TestServer.answering { request in
                pushes.change { $0.append(request) }
                return .init(pushStatus)
            }
            mail = try MailServer()
            let engine = CurlEngine(maximumInFlight: 4)
            let url = service.url
            let push = WebPush(
                key: P256PrivateKey(), contact: "mailto:ops@example.org", engine: engine
            ) { _ in url }
            let mailer = try Mailer(
                url: "smtp://127.0.0.1:\(mail.port)?from=texts@example.org", engine: engine)
            store = PageStore(
                database: TestDatabase.current,
                secret: InstallationSecret(bytes: Array(repeating: 7, count: 32)))
            let notifier = Notifier(mailer: mailer, push: push)
            let console = try Console(
                store: store, publicURL: "http://barnstorm.test", notifier: notifier)
            rounds = NoticeRounds(
                Subscriptions(database: TestDatabase.current), notifier, of: console)
            try await TestDatabase.current.execute(
                """
                INSERT INTO member
                    (organisation_id, id, name, email, number, role, proven_at, settings)
                VALUES (1, \(member), 'Sam', 'sam@example.org', '+14155550199', 'texter', now(),
                    '{"zone": "Etc/GMT"}')
                """)
        }

        /// Somebody answers, so many seconds from now.
        func answer(in seconds: Double = 0) async throws {
            try await TestDatabase.current.execute(
                """
                INSERT INTO conversation (organisation_id, id, contact_id, sender_id, assignee_id,
                    needs_reply_since, last_inbound_at, snippet)
                SELECT 1, \(conversation), c.id, s.id, \(member), now(),
                    now() + \(seconds) * interval '1 s', 'Yes'
                FROM contact c, sender s ORDER BY c.id LIMIT 1
                ON CONFLICT (organisation_id, id) DO UPDATE
                    SET needs_reply_since = now(), last_inbound_at = excluded.last_inbound_at
                """)
        }

        func subscribe() async throws {
            let key = P256PrivateKey().publicKey.rawValue
            #expect(
                try await store.subscriptions.add(
                    endpoint: "https://fcm.googleapis.com/fcm/send/abc",
                    publicKey: key.base64URL, secret: Token.random(bytes: 16).base64URL,
                    organisation: 1, member: member))
        }

        func wish(_ settings: [String: String]) async throws {
            try await Membership.set(
                settings, organisation: 1, member: member, database: TestDatabase.current)
        }

        func texts() async throws -> [String] {
            try await TestDatabase.current.rows("SELECT body FROM message ORDER BY id") {
                try $0.value(0) as String
            }
        }

        var mails: Int { mail.lines.count { $0 == "DATA" } }
    }

    /// Noon of a day in GMT, where Sam is awake, after now.
    private let noon: Date = {
        let day = 86_400.0
        return Date(timeIntervalSince1970: ceil(Date().timeIntervalSince1970 / day) * day + day / 2)
    }()

    @Test func `a browser that asked is told once`() async throws {
        let town = try await Town()
        try await town.subscribe()
        try await town.answer()
        try await town.rounds.round(now: noon)
        try await town.rounds.round(now: noon + 60)

        let pushes = town.pushes.value
        #expect(pushes.count == 1)
        #expect(pushes.first?.headers["topic"] == "replies")
        #expect(pushes.first?.headers["content-encoding"] == "aes128gcm")
        #expect(town.mails == 0)
    }

    @Test func `without a browser a mail goes, and the next waits a quarter of an hour`()
        async throws
    {
        let town = try await Town()
        try await town.answer()
        try await town.rounds.round(now: noon)
        #expect(town.mails == 1)

        let seconds = noon.timeIntervalSinceNow
        try await town.answer(in: seconds + 60)
        try await town.rounds.round(now: noon + 120)
        #expect(town.mails == 1)
        try await town.rounds.round(now: noon + 901)
        #expect(town.mails == 2)
        #expect(!town.mail.lines.contains { $0.contains("Yes") })
    }

    @Test func `who looks at a page is told nothing until they go`() async throws {
        let town = try await Town()
        try await town.answer()
        try await town.store.volunteers.watching(
            [town.member], organisation: 1, for: .seconds(40))
        try await town.rounds.round(now: noon)
        #expect(town.mails == 0)

        try await TestDatabase.current.execute("UPDATE member SET watched_until = now()")
        try await town.rounds.round(now: noon)
        #expect(town.mails == 1)
    }

    @Test func `at night nobody is told, in the morning they are`() async throws {
        let town = try await Town()
        try await town.answer()
        try await town.rounds.round(now: noon + 11 * 3600)
        #expect(town.mails == 0)
        try await town.rounds.round(now: noon + 20 * 3600 + 60)
        #expect(town.mails == 1)
    }

    @Test func `who asked for texts gets one through the gateway, but not after a stop`()
        async throws
    {
        let town = try await Town()
        try await town.wish(["notices": "text"])
        try await town.answer()
        try await town.rounds.round(now: noon)
        #expect(try await town.texts() == ["Person 1 answered. http://barnstorm.test/inbox"])

        try await TestDatabase.current.execute("UPDATE contact SET opted_out_at = now()")
        try await town.answer(in: noon.timeIntervalSinceNow + 60)
        try await town.rounds.round(now: noon + 2 * 3600)
        #expect(try await town.texts().count == 1)
    }

    @Test func `a browser that is gone is forgotten and a mail goes instead`() async throws {
        let town = try await Town(pushStatus: 410)
        try await town.subscribe()
        try await town.answer()
        try await town.rounds.round(now: noon)
        #expect(town.mails == 1)
        let left = try await TestDatabase.current.first(
            "SELECT count(*) FROM push_subscription"
        ) { try $0.value(0) as Int }
        #expect(left == 0)
    }

    @Test func `whoever is done for now, or wants peace, is left in peace`() async throws {
        let town = try await Town()
        try await town.answer()
        try await town.wish(["left": "1"])
        try await town.rounds.round(now: noon)
        try await town.wish(["left": "1", "notices": "off"])
        try await town.rounds.round(now: noon)
        #expect(town.mails == 0)
    }

    @Test func `two processes tell once`() async throws {
        let town = try await Town()
        try await town.answer()
        async let first: Void = town.rounds.round(now: noon)
        async let second: Void = town.rounds.round(now: noon)
        _ = try await (first, second)
        #expect(town.mails == 1)
    }

    @Test(arguments: [
        "https://localhost/x", "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com.evil.org/",
        "https://x@fcm.googleapis.com/", "https://fcm.googleapis.com:8443/", "https://10.0.0.1/",
    ])
    func `only push services are called`(endpoint: String) {
        let push = WebPush(
            key: P256PrivateKey(), contact: "mailto:ops@example.org",
            engine: CurlEngine(maximumInFlight: 1))
        #expect(!push.mayCall(endpoint))
        #expect(push.mayCall("https://updates.push.services.mozilla.com/wpush/v2/abc"))
    }
}
