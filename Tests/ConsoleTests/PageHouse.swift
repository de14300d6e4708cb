import Curl
import Foundation
import Hummingbird
import Logging
import NIOCore
import Postgres
import ServiceLifecycle
import Store
import Support
import Synchronization

@testable import Console

/// The pages over a real socket and a fresh database, with one campaign of some people.
struct PageHouse: Sendable {
    let base: String
    let store: PageStore
    let engine = CurlEngine(maximumInFlight: 64)
    let campaign: UUID

    /// Serves for the length of `body`.
    static func open(
        people: Int = 20, _ body: @Sendable (PageHouse) async throws -> Void
    ) async throws {
        let campaign = try await furnish(people: people)
        let pages = try Database(
            url: TestDatabase.url, size: 8, role: "barnstorm_web", applicationName: "pages")
        let store = PageStore(
            database: pages, secret: InstallationSecret(bytes: Array(repeating: 7, count: 32)),
            passwordCost: 4)
        let ports = AsyncStream.makeStream(of: Int.self)
        let console = try Console(store: store, publicURL: "http://barnstorm.test")
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let application = Application(
            router: console.router(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in ports.continuation.yield(channel.localAddress?.port ?? 0)
            },
            logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            for await port in ports.stream {
                let house = PageHouse(
                    base: "http://127.0.0.1:\(port)", store: store, campaign: campaign)
                try await body(house)
                house.engine.shutdown()
                break
            }
            group.cancelAll()
        }
        await pages.close()
    }

    /// A request as a browser of this site sends it.
    func request(
        _ method: String, _ path: String, token: String? = nil, form: [String: String] = [:],
        headers: [String] = ["Sec-Fetch-Site: same-origin"]
    ) async throws -> Curl.HTTPResponse {
        var lines = headers
        if let token { lines.append("Cookie: sid=\(token)") }
        let body = form.map { "\($0)=\(Self.encode($1))" }.joined(separator: "&")
        if method == "POST" { lines.append("Content-Type: application/x-www-form-urlencoded") }
        let result = await engine.perform(
            Curl.HTTPRequest(
                method: method, url: base + path, headers: lines, body: Array(body.utf8),
                responseLimit: 4_000_000))
        guard case .response(let response) = result else { throw NoAnswer(path: path) }
        return response
    }

    /// A member of an organisation, signed in.
    func member(
        _ role: String, organisation: Int32 = 1, takesPart: Bool = true
    ) async throws -> (id: UUID, token: String) {
        let id = UUID.v7()
        let name = "\(role) \(id.text.suffix(4))"
        try await TestDatabase.current.execute(
            """
            INSERT INTO member (organisation_id, id, name, email, role, proven_at)
            VALUES (\(organisation), \(id), \(name), \("\(id.text)@example.org"), \(role), now())
            """)
        if takesPart, organisation == 1 {
            try await store.volunteers.seen(organisation: 1, member: id, campaign: campaign)
        }
        let token = try await store.signIns.begin(
            organisation: organisation, member: id, userAgent: nil, strength: .full)
        return (id, token)
    }

    struct NoAnswer: Error { let path: String }

    private static func encode(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }

    /// Two organisations; the first has a number, a live campaign, a script and people, in a zone
    /// where it is about noon now.
    static func furnish(people: Int) async throws -> UUID {
        let database = TestDatabase.current
        let campaign = UUID.v7()
        let (lane, list, sender) = (UUID.v7(), UUID.v7(), UUID.v7())
        let zone = Noon.zone
        try await database.withConnection { connection in
            try await connection.script(
                """
                INSERT INTO organisation (name, countries) VALUES ('Ours', '{US}'), ('Theirs', '{US}');
                INSERT INTO account (organisation_id, provider, name, credentials, hook, callback_key)
                VALUES (1, 'simulated', 'one', '\\x00', '0123456789abcdef', '\\x00');
                INSERT INTO sender (organisation_id, id, account_id, number)
                VALUES (1, '\(sender.text)', 1, '+12135550100');
                INSERT INTO campaign (organisation_id, id, name, state, code, script_version)
                VALUES (1, '\(campaign.text)', 'Doorstep', 'live', 'doorstep', 1);
                INSERT INTO script (organisation_id, campaign_id, version, body)
                VALUES (1, '\(campaign.text)', 1, 'Hi {name|there}, are you in?');
                INSERT INTO zone_set (zones) VALUES ('\(zone)');
                INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
                    consent_source, state, done_at)
                VALUES (1, '\(list.text)', '\(campaign.text)', 'a.csv', '\\x00', 1, 'joined', 'done',
                    now());
                INSERT INTO lane (organisation_id, id, campaign_id, import_id, zone_set, size)
                VALUES (1, '\(lane.text)', '\(campaign.text)', '\(list.text)', 2, \(people));
                INSERT INTO contact (organisation_id, id, number, number_hash, name, country, zone_set)
                SELECT 1, ('01900000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'))::uuid,
                    '+1213' || (5550000 + i), sha256(i::text::bytea), 'Person ' || i, 'US', 2
                FROM generate_series(1, \(people)) i;
                INSERT INTO recipient
                    (organisation_id, contact_id, campaign_id, lane_id, position, message_id)
                SELECT 1, ('01900000-0000-7000-8001-' || lpad(to_hex(i), 12, '0'))::uuid,
                    '\(campaign.text)', '\(lane.text)', i,
                    (substr(uuid_at(now())::text, 1, 15) || '111-8002-' || lpad(to_hex(i), 12, '0'))::uuid
                FROM generate_series(1, \(people)) i;
                """)
        }
        return campaign
    }
}
