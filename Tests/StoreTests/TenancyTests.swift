import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Row-level security: the web role sees one organisation and changes no history.
@Suite(.freshDatabase) struct TenancyTests {
    @Test func `the web role sees its own organisation only`() async throws {
        let (web, ours, theirs) = try await twoTenants()

        for table in [
            "organisation", "contact", "campaign", "sender", "import", "recipient",
            "lane", "consent", "message", "outbox", "tally", "ledger", "script",
        ] {
            let key = table == "organisation" ? "id" : "organisation_id"
            let seen = try await web.transaction(organisation: ours) { connection in
                try await connection.rows(
                    "SELECT DISTINCT \(raw: key) FROM \(raw: table)"
                ) { try $0.value(0) as Int32 }
            }
            #expect(seen == [ours], "\(table)")
        }
        let without = try await web.first("SELECT count(*) FROM contact") { try $0.value(0) as Int }
        #expect(without == 0)
        #expect(ours != theirs)
    }

    @Test func `it cannot write for another organisation`() async throws {
        let (web, ours, theirs) = try await twoTenants()
        let insert: SQL = """
            INSERT INTO contact (organisation_id, id, number, number_hash)
            VALUES (\(theirs), \(UUID.v7()), '+12125550199', '\\x00'::bytea)
            """

        try await refused(web, ours, insert, "42501")
        let touched = try await web.transaction(organisation: ours) { connection in
            try await connection.execute(
                "UPDATE contact SET opted_out_at = NULL WHERE organisation_id = \(theirs)")
        }
        #expect(touched == 0)
        try await refused(
            web, ours, "SELECT ledger_append(\(theirs), 'setting', NULL, '{}')", "42501")
    }

    @Test(arguments: ["barnstorm_web", "barnstorm_worker", "barnstorm_ingress"])
    func `no role changes history or writes the ledger itself`(role: String) async throws {
        let (_, ours, _) = try await twoTenants()
        let database = try Database(
            url: TestDatabase.url, size: 2, role: role, applicationName: "test")

        for table in [
            "message", "attempt", "outcome", "settlement", "receipt", "consent", "ledger",
            "script", "import_reject",
        ] {
            try await refused(database, ours, "DELETE FROM \(raw: table)", "42501")
            try await refused(
                database, ours, "UPDATE \(raw: table) SET organisation_id = 1", "42501")
        }
        try await refused(database, ours, "TRUNCATE ledger", "42501")
        try await refused(
            database, ours,
            """
            INSERT INTO ledger (organisation_id, seq, at, kind, entry, prev_hash, hash)
            VALUES (\(ours), 99, now(), 'setting', '{}', sha256(''), sha256(''))
            """, "42501")
        try await refused(database, ours, "UPDATE chain_head SET seq = 0", "42501")
        try await refused(database, ours, "ALTER TABLE attempt DISABLE TRIGGER ALL", "42501")
        await database.close()
    }

    @Test func `organisers work as the web role`() async throws {
        let town = try await Town()
        let web = try webDatabase()
        let imports = Imports(database: web, secret: town.secret)
        let draw = Draw(database: web, zoneSets: ZoneSets(database: web))

        let report = try await withFile(Array(Town.list(30).utf8)) { path in
            try await imports.run(
                ImportRequest(
                    organisation: town.organisation.id, campaign: town.campaign.id, path: path,
                    consentSource: "fair"))
        }
        let campaigns = Campaigns(database: web)
        _ = try await campaigns.launch(
            town.campaign.id, organisation: town.organisation.id, accepting: [])
        let drawn = try await draw.paced(
            organisation: town.organisation.id, campaign: town.campaign.id, limit: 10,
            windows: Town.always)

        #expect(report.good == 30)
        #expect(drawn.queued == 10)
        await web.close()
    }

    private func webDatabase() throws -> Database {
        try Database(
            url: TestDatabase.url, size: 4, role: "barnstorm_web", applicationName: "test")
    }

    /// Two organisations with the same people, texts drawn for both.
    private func twoTenants() async throws -> (web: Database, ours: Int32, theirs: Int32) {
        let town = try await Town()
        try await town.add(Town.list(4))
        try await town.launch()
        _ = try await town.drawPaced(2)
        let other = try await Organisations(database: town.database).add(
            name: "Other", countries: ["US"])
        let id = other.id
        try await town.database.execute(
            """
            INSERT INTO contact (organisation_id, id, number, number_hash)
            SELECT \(id), id, number, number_hash FROM contact
            """)
        _ = try await Campaigns(database: town.database).create(
            {
                var new = NewCampaign(name: "Theirs"); new.script = Town.script; return new
            }(),
            organisation: id)
        _ = try await town.database.first(
            "SELECT ledger_append(\(id), 'setting', NULL, '{}')"
        ) { _ in true }
        return (try webDatabase(), town.organisation.id, id)
    }

    private func refused(
        _ database: Database, _ organisation: Int32, _ statement: SQL, _ state: String
    ) async throws {
        let error = await #expect(throws: PostgresError.self, "\(statement.text)") {
            try await database.transaction(organisation: organisation) { connection in
                _ = try await connection.execute(statement)
            }
        }
        #expect(error?.sqlState == state, "\(statement.text)")
    }
}
