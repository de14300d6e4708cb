import Foundation
import Postgres
import Support
import Texting

@testable import Store

/// An organisation with numbers and a campaign, in the test's database.
struct Town {
    let database: Database
    let secret = InstallationSecret(bytes: [UInt8](repeating: 7, count: 32))
    let organisation: Organisation
    let campaign: Campaign
    let senders: [Sender]
    let zoneSets: ZoneSets

    static let script = "Hi {first_name|friend}, this is Rowan with Acme. Reply STOP to opt out."

    init(
        mode: CampaignMode = .paced, senders count: Int = 3, canary: Int32? = nil,
        perMinute: Int32? = nil
    ) async throws {
        database = TestDatabase.current
        organisation = try await Organisations(database: database).add(
            name: "Acme", countries: ["US"], pacedAllowed: true)
        let account = try await Accounts(database: database, secret: secret).add(
            organisation: organisation.id, provider: "simulated", name: "carrier",
            credentials: ["account_sid": "AC1", "auth_token": "secret"])
        senders = try await Senders(database: database).add(
            (0..<count).map { NewSender(account: account.id, number: "+1500555\(1000 + $0)") },
            organisation: organisation.id)
        var new = NewCampaign(name: "Vote")
        new.mode = mode
        new.script = Self.script
        new.canary = canary
        new.perMinute = perMinute
        campaign = try await Campaigns(database: database).create(
            new, organisation: organisation.id)
        zoneSets = ZoneSets(database: database)
    }

    var imports: Imports { Imports(database: database, secret: secret, zoneSets: zoneSets) }
    var campaigns: Campaigns { Campaigns(database: database) }
    var draw: Draw { Draw(database: database, zoneSets: zoneSets) }

    /// A list of so many people over twenty area codes, with numbers reserved for fiction.
    static func list(_ count: Int) -> String {
        let areas = [
            212, 213, 305, 312, 415, 503, 617, 702, 808, 907, 206, 214, 303, 404, 512, 602, 615,
            704, 713, 816,
        ]
        var text = "First Name,Last Name,Cell,Town\n"
        for person in 0..<count {
            let line = person / areas.count
            text += "Kim\(person),Doe,\(areas[person % areas.count])555\(1000 + line),Springfield\n"
        }
        return text
    }

    @discardableResult
    func add(_ text: String, choices: ColumnChoices = ColumnChoices()) async throws -> ImportReport
    {
        try await add(Array(text.utf8), choices: choices)
    }

    @discardableResult
    func add(
        _ bytes: [UInt8], choices: ColumnChoices = ColumnChoices()
    ) async throws -> ImportReport {
        try await withFile(bytes) { path in
            var request = ImportRequest(
                organisation: organisation.id, campaign: campaign.id, path: path,
                consentSource: "signed up at the fair")
            request.choices = choices
            return try await imports.run(request)
        }
    }

    func launch() async throws {
        let launch = try await campaigns.launch(
            campaign.id, organisation: organisation.id, accepting: ["missing_fields"])
        guard case .launched = launch else { throw InvalidInput("not launched: \(launch)") }
    }

    /// Open for everybody.
    static let always: Draw.Windows = { _ in DayWindow(opens: 0, closes: 9_999_999_999) }

    func drawPaced(_ limit: Int) async throws -> Draw.Drawn {
        try await draw.paced(
            organisation: organisation.id, campaign: campaign.id, limit: limit,
            windows: Self.always)
    }

    func status() async throws -> CampaignStatus {
        try await campaigns.status(of: campaign.id, organisation: organisation.id)
    }

    func count(_ statement: SQL) async throws -> Int {
        try await database.first(statement) { try $0.value(0) as Int } ?? 0
    }

    func optOut(_ number: String) async throws {
        try await database.execute(
            "UPDATE contact SET opted_out_at = now() WHERE number = \(number)")
    }
}

/// Runs `body` with a file that is gone afterwards.
func withFile<Value>(
    _ bytes: [UInt8], _ body: (String) async throws -> Value
) async throws -> Value {
    let path = NSTemporaryDirectory() + "barnstorm-\(UUID().uuidString).csv"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}
