import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// With SQL in hand the application's roles cannot change what the log says (reliability, I7).
@Suite(.freshDatabase) struct LedgerRightsTests {
    private static let roles = [
        "barnstorm_web", "barnstorm_worker", "barnstorm_ingress", "barnstorm_report",
    ]
    private static let tables = ["ledger", "chain_head", "tree_head", "ledger_node"]

    @Test func `no role has a right to change the log, owns it, or may become somebody who does`()
        async throws
    {
        let found = try await TestDatabase.current.rows(
            """
            SELECT r.rolname || ' ' || p.act || ' ' || t.name
            FROM unnest(\(Self.roles)) AS w(name) JOIN pg_roles r ON r.rolname = w.name
            CROSS JOIN unnest(\(Self.tables)) AS t(name)
            CROSS JOIN unnest(\(["INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]))
                AS p(act)
            WHERE has_table_privilege(r.rolname, t.name, p.act)
               OR has_any_column_privilege(r.rolname, t.name,
                   CASE WHEN p.act IN ('INSERT', 'UPDATE', 'REFERENCES') THEN p.act END)
            ORDER BY 1
            """
        ) { try $0.value(0) as String }
        // Heads are added and told where they went; nodes are added, and checked by a trigger.
        #expect(
            found == [
                "barnstorm_web INSERT ledger_node", "barnstorm_web INSERT tree_head",
                "barnstorm_web UPDATE tree_head", "barnstorm_worker INSERT ledger_node",
                "barnstorm_worker INSERT tree_head", "barnstorm_worker UPDATE tree_head",
            ])
        let strong = try await TestDatabase.current.rows(
            """
            SELECT r.rolname FROM pg_roles r WHERE r.rolname = ANY(\(Self.roles)) AND (
                r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb
                OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
                OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid
                    AND c.relname NOT LIKE 'stage_%' AND c.relname NOT LIKE 'merge_%')
                OR EXISTS (SELECT FROM pg_proc f WHERE f.proowner = r.oid))
            """
        ) { try $0.value(0) as String }
        #expect(strong == [])
        let columns = try await TestDatabase.current.rows(
            """
            SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'tree_head'::regclass
                AND a.attnum > 0 AND has_column_privilege('barnstorm_web', a.attrelid, a.attnum,
                    'UPDATE')
            """
        ) { try $0.value(0) as String }
        #expect(columns == ["anchored"])
    }

    @Test(arguments: LedgerRightsTests.roles)
    func `each way of changing a line is refused`(role: String) async throws {
        let house = try await House.make()
        try await house.database.execute(
            """
            SELECT ledger_append(\(house.organisation), 'setting', NULL, jsonb_build_object('n', g))
            FROM generate_series(1, 1024) g
            """)
        let heads = try LedgerHeads(
            database: house.database, seed: [UInt8](repeating: 5, count: 32))
        _ = try await heads.sign(house.organisation)
        let before = try await state(house)
        let database = try Database(
            url: TestDatabase.url, size: 1, role: role, applicationName: "test")
        for statement in [
            "UPDATE ledger SET entry = ''", "DELETE FROM ledger", "TRUNCATE ledger",
            "TRUNCATE ledger CASCADE", "INSERT INTO ledger SELECT * FROM ledger",
            "ALTER TABLE ledger DISABLE TRIGGER ALL", "ALTER TABLE ledger DISABLE TRIGGER USER",
            "DROP TRIGGER ledger_is_history ON ledger", "DROP TABLE ledger",
            "ALTER TABLE ledger DISABLE ROW LEVEL SECURITY",
            "SET session_replication_role = replica", "UPDATE chain_head SET seq = 0",
            "DELETE FROM chain_head", "UPDATE tree_head SET size = 1", "DELETE FROM tree_head",
            "TRUNCATE tree_head", "DELETE FROM ledger_node",
            "UPDATE ledger_node SET hash = sha256('')", "TRUNCATE ledger_node",
            "INSERT INTO ledger_node VALUES (\(house.organisation), 10, 7, sha256(''))",
            "CREATE RULE r AS ON SELECT TO ledger DO INSTEAD NOTHING",
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                + "$$ BEGIN RETURN NEW; END $$",
            "CREATE OR REPLACE FUNCTION ledger_append(integer, text, uuid, jsonb) RETURNS bigint "
                + "LANGUAGE sql AS $$ SELECT 1::bigint $$",
        ] {
            await #expect(throws: PostgresError.self, "\(role): \(statement)") {
                try await database.withConnection { connection in
                    try await connection.script(
                        "BEGIN; SET LOCAL app.organisation = '\(house.organisation)'; "
                            + statement + "; COMMIT")
                }
            }
            try? await database.withConnection { try await $0.script("ROLLBACK") }
        }
        #expect(try await state(house) == before)
        await database.close()
    }

    @Test func `a false node is refused, whoever adds it`() async throws {
        let house = try await House.make()
        try await house.database.execute(
            """
            SELECT ledger_append(\(house.organisation), 'setting', NULL, jsonb_build_object('n', g))
            FROM generate_series(1, 2048) g
            """)
        await #expect(throws: PostgresError.self) {
            try await house.database.execute(
                "INSERT INTO ledger_node VALUES (\(house.organisation), 10, 0, sha256('x'))")
        }
        let heads = try LedgerHeads(
            database: house.database, seed: [UInt8](repeating: 5, count: 32))
        _ = try await heads.sign(house.organisation)
        #expect(try await house.count("SELECT count(*) FROM ledger_node") == 3)
    }

    @Test func `what was decided about an undo, a hold or a request stays decided`() async throws {
        let house = try await House.make()
        let contact = try await house.text("+15005550010").contact
        let holds = LegalHolds(database: house.database)
        let hold = try await holds.add(
            .person(contact), reason: "claim", organisation: house.organisation, by: nil)
        let cases = Cases(database: house.database, key: [UInt8](repeating: 9, count: 32))
        _ = try await cases.open(
            NewRequest(.complaint, by: .page, contact: contact, facts: .init(words: "x")),
            organisation: house.organisation)
        try await house.database.execute(
            """
            INSERT INTO undo (organisation_id, id, contact_id, reason, asked_by, decided_by,
                decided_at, approved)
            VALUES (\(house.organisation), \(UUID.v7()), \(contact), 'slip', \(UUID.v7()),
                \(UUID.v7()), now(), false)
            """)
        _ = try await holds.release(
            hold.id, reason: "over", organisation: house.organisation, by: nil)
        let web = try Database(
            url: TestDatabase.url, size: 1, role: "barnstorm_web", applicationName: "test")
        for statement in [
            "UPDATE undo SET approved = true", "UPDATE undo SET reason = 'other'",
            "UPDATE undo SET asked_by = gen_random_uuid()", "UPDATE hold SET reason = 'other'",
            "UPDATE hold SET release_reason = 'other'", "UPDATE hold SET released_at = NULL",
            "UPDATE request SET due_at = due_at + interval '1 year'",
            "UPDATE request SET contact_id = NULL",
        ] {
            let error = await #expect(throws: PostgresError.self, "\(statement)") {
                try await web.transaction(organisation: house.organisation) { connection in
                    let count = try await connection.execute(SQL(raw: statement))
                    #expect(count == 1, "\(statement) met no row")
                }
            }
            #expect(error?.sqlState == "23001", "\(statement)")
        }
        await web.close()
    }

    /// What the log says, as one text.
    private func state(_ house: House) async throws -> String {
        try await house.database.first(
            """
            SELECT concat_ws(' ', (SELECT md5(string_agg(l::text, '' ORDER BY seq)) FROM ledger l),
                (SELECT string_agg(c::text, '') FROM chain_head c),
                (SELECT md5(string_agg(t::text, '')) FROM tree_head t),
                (SELECT md5(string_agg(n::text, '')) FROM ledger_node n))
            """
        ) { try $0.value(0) as String } ?? ""
    }
}
