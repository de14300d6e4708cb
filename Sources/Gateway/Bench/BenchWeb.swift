import Curl
import Foundation
import Postgres
import Secrets
import Store

/// `serve --only web` as a process of its own.
final class WebProcess: Sendable {
    let url: String
    let folder: String
    private let child: ChildProgram

    var processID: Int32 { child.pid }

    private init(url: String, child: ChildProgram, folder: String) {
        self.url = url
        self.child = child
        self.folder = folder
    }

    /// Starts it on a free port and waits until it is ready.
    ///
    /// - Parameter secretFile: nil: one of its own, which goes with it.
    static func start(
        database: String, carrier: String, secretFile: String? = nil, _ settings: Settings
    ) async throws -> WebProcess {
        let folder = NSTemporaryDirectory() + "barnstorm-bench-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let url = "http://127.0.0.1:\(FreePort.near(8_200))"
        var environment = ProcessInfo.processInfo.environment
        let chosen = [
            "DATABASE_URL": database, "LISTEN": String(url.dropFirst(7)), "PUBLIC_URL": url,
            "SECRET_FILE": secretFile ?? folder + "/secret", "PROVIDER": "twilio",
            "TWILIO_ACCOUNT_SID": CarrierProcess.accountSid,
            "TWILIO_AUTH_TOKEN": CarrierProcess.authToken, "TWILIO_API_URL": carrier,
            "LOG_LEVEL": "warning", "MIGRATIONS": try MigrationDirectory.find(settings),
        ]
        for (name, value) in chosen { environment[Settings.prefix + name] = value }
        environment.merge(ParentWatch.environment) { $1 }
        let child = try ChildProgram.start(
            [ExecutablePath.url.path, "serve", "--only", "web"], environment: environment,
            log: folder + "/web.log")
        try await ready(url, child, folder)
        return WebProcess(url: url, child: child, folder: folder)
    }

    private static func ready(_ url: String, _ child: ChildProgram, _ folder: String) async throws {
        let engine = CurlEngine(maximumInFlight: 1)
        defer { engine.shutdown() }
        for _ in 0..<150 {
            let answer = await engine.perform(
                HTTPRequest(method: "GET", url: url + "/readyz", body: []))
            if case .response(let response) = answer, response.status == 200 { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        await child.stop()
        throw CommandFailure.unavailable(
            "The web of the measurement does not start; see \(folder)/web.log.")
    }

    func stop() {
        kill(child.pid, SIGTERM)
        _ = waitpid(child.pid, nil, 0)
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// A web on the bench's database, with one Twilio account.
final class BenchWeb: Sendable {
    let account: OpenedAccount
    private let web: WebProcess

    var url: String { web.url }
    var processID: Int32 { web.processID }

    private init(_ web: WebProcess, account: OpenedAccount) {
        self.web = web
        self.account = account
    }

    static func start(_ house: BenchHouse, _ settings: Settings) async throws -> BenchWeb {
        let web = try await WebProcess.start(
            database: house.databaseURL, carrier: house.carrier.url, settings)
        let secret = try InstallationSecret.load(path: web.folder + "/secret")
        let opened = try await Accounts(database: house.database, secret: secret).opened()
        guard let account = opened.first else {
            web.stop()
            throw CommandFailure.unavailable("The web of the measurement made no account.")
        }
        return BenchWeb(web, account: account)
    }

    func stop() { web.stop() }

    /// A webhook, signed as the provider does.
    func webhook(_ kind: String, _ fields: [(String, String)], query: String = "") -> HTTPRequest {
        let address = "\(url)/hooks/twilio/\(account.account.hook)/\(kind)\(query)"
        let signed = fields.sorted { $0.0 < $1.0 }.map { $0.0 + $0.1 }.joined()
        let signature = HMAC.sha1(
            key: Array(CarrierProcess.authToken.utf8), Array((address + signed).utf8))
        let form = fields.map { name, value in
            name + "=" + value.replacing("+", with: "%2B")
        }.joined(separator: "&")
        return HTTPRequest(
            method: "POST", url: address,
            headers: [
                "X-Twilio-Signature: \(signature.base64)",
                "Content-Type: application/x-www-form-urlencoded",
            ], body: Array(form.utf8), timeout: .seconds(30))
    }
}

/// People who were texted, and the webhooks that come of it.
struct WebhookSeed: Sendable {
    let house: BenchHouse
    let web: BenchWeb

    /// A fresh organisation whose texts were all accepted.
    ///
    /// - Returns: one report for each of `texts`, and a STOP of each of `stops` other people.
    func fill(
        texts: Int, stops: Int, round: Int
    ) async throws -> (reports: [HTTPRequest], stops: [HTTPRequest]) {
        let organisation = try await organisation(round)
        try await people(organisation, texts + stops)
        let rows = try await house.database.rows(
            """
            SELECT m.id, c.number FROM message m
            JOIN contact c ON c.organisation_id = m.organisation_id AND c.id = m.contact_id
            WHERE m.organisation_id = \(organisation) ORDER BY m.id
            """
        ) { row in (id: try row.value(0) as UUID, number: try row.value(1) as String) }
        let reports = rows.prefix(texts).enumerated().map { index, row in
            let token = AttemptToken.mint(
                organisation: organisation, message: row.id, n: 1, key: web.account.callbackKey)
            return web.webhook(
                "status",
                [("MessageSid", "SM\(organisation)-\(index)"), ("MessageStatus", "delivered")],
                query: "?a=\(token)")
        }
        let stops = rows.suffix(stops).enumerated().map { index, row in
            web.webhook(
                "inbound",
                [
                    ("MessageSid", "SMi\(organisation)-\(index)"), ("From", row.number),
                    ("To", Self.number(organisation)), ("Body", "STOP"),
                    ("SmsStatus", "received"),
                ])
        }
        return (Array(reports), Array(stops))
    }

    private static func number(_ organisation: Int32) -> String { "+1500555\(1000 + organisation)" }

    private func organisation(_ round: Int) async throws -> Int32 {
        try await house.database.first(
            """
            WITH o AS (
                INSERT INTO organisation (name, countries, opens_minute, closes_minute)
                VALUES (\("bench webhook \(round)"), '{US}', 0, 1440) RETURNING id
            ), c AS (
                INSERT INTO campaign (organisation_id, id, name, state, mode)
                SELECT id, gen_random_uuid(), 'bench', 'live', 'hand' FROM o
            ), s AS (
                INSERT INTO sender (organisation_id, id, account_id, number)
                SELECT id, gen_random_uuid(), \(web.account.account.id),
                    '+1500555' || (1000 + id)::text FROM o
            )
            SELECT id FROM o
            """
        ) { try $0.value(0) as Int32 } ?? 0
    }

    private func people(_ organisation: Int32, _ count: Int) async throws {
        try await house.database.execute(
            """
            INSERT INTO contact (organisation_id, id, number, number_hash)
            SELECT \(organisation), gen_random_uuid(), '+1' || (3000000000 + i)::text,
                sha256(('+1' || (3000000000 + i))::bytea)
            FROM generate_series(1, \(count)) AS i
            """)
        try await house.database.execute(
            """
            INSERT INTO message (organisation_id, id, kind, contact_id, campaign_id, sender_id, body,
                segments)
            SELECT p.organisation_id,
                (substr(uuid_at(now())::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid,
                1, p.id, c.id, s.id, 'Hi Aisha, Sam here from Example Campaign. Can you join us?', 1
            FROM contact p JOIN campaign c USING (organisation_id) JOIN sender s USING (organisation_id)
            WHERE p.organisation_id = \(organisation)
            """)
        try await house.database.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
                slot_at, deadline)
            SELECT organisation_id, id, 1, 1, sender_id, gen_random_uuid(), 1, now(), now()
            FROM message WHERE organisation_id = \(organisation)
            """)
        try await house.database.execute(
            """
            INSERT INTO outcome (organisation_id, message_id, n, result, provider_id)
            SELECT organisation_id, message_id, 1, 1, 'SM' FROM attempt
            WHERE organisation_id = \(organisation)
            """)
        for table in ["contact", "message", "attempt", "outcome", "receipt"] {
            try await house.database.withConnection { try await $0.script("ANALYZE \(table)") }
        }
    }
}
