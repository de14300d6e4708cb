import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Each question finds the one violation that is planted, and nothing in a clean database.
@Suite(.freshDatabase) struct AuditViolationsTests {
    /// An organisation that texts around the clock from a registered number, whose texter has a
    /// session and whose people consented; `people` of them were texted by a press each.
    private func cleanHouse(people: Int = 3) async throws -> (House, [(UUID, UUID)]) {
        let house = try await House.make()
        try await plant(
            house,
            """
            UPDATE organisation SET opens_minute = 0, closes_minute = 1440;
            INSERT INTO session VALUES (\(house.organisation), '\\x01', '\(house.texter.text)',
                now() - interval '1 hour', now() + interval '1 day');
            INSERT INTO zone_set (zones) VALUES ('America/New_York');
            """)
        var texts: [(UUID, UUID)] = []
        for index in 0..<people {
            let (contact, message) = try await house.text("+1500555002\(index)")
            try await house.outcome(message, 1)
            texts.append((contact, message))
        }
        try await tamper(
            house,
            """
            UPDATE sender SET registration = '{"campaign": "C1"}';
            UPDATE registration SET facts = '{"campaign": "C1"}';
            UPDATE message SET act = gen_random_uuid(),
                zone_set = (SELECT id FROM zone_set WHERE zones <> '');
            UPDATE attempt SET slot_at = \(Self.noon), deadline = \(Self.noon);
            INSERT INTO consent (organisation_id, contact_id, import_id, row_number, source,
                recorded_at)
            SELECT organisation_id, id, gen_random_uuid(), 1, 'web form', now() - interval '9 days'
            FROM contact;
            """)
        return (house, texts)
    }

    /// Noon in New York on the day before yesterday, so that no test depends on the hour.
    private static let noon = """
        (date_trunc('day', now() AT TIME ZONE 'America/New_York') - interval '36 hours')
            AT TIME ZONE 'America/New_York'
        """

    private func plant(_ house: House, _ statements: String) async throws {
        try await house.database.withConnection { try await $0.script(statements) }
    }

    /// With the guards of history off, as only a superuser may.
    private func tamper(_ house: House, _ statements: String) async throws {
        try await plant(
            house,
            "SET session_replication_role = replica; \(statements); "
                + "SET session_replication_role = origin")
    }

    private func ask(
        _ house: House, _ question: (Audits) async throws -> AuditAnswer
    ) async throws -> [String] {
        try await question(Audits(database: house.database)).findings.map(\.rule)
    }

    @Test func `nothing is wrong in a clean database`() async throws {
        let (house, _) = try await cleanHouse()
        let (audits, id) = (Audits(database: house.database), house.organisation)

        for answer in [
            try await audits.human(organisation: id), try await audits.quiet(organisation: id),
            try await audits.frequency(organisation: id),
            try await audits.consentMissing(organisation: id),
            try await audits.registration(organisation: id),
            try await audits.identity(organisation: id), try await audits.edits(organisation: id),
            try await audits.suppressionSync(organisation: id),
            try await audits.unreviewed(organisation: id),
            try await audits.detector(organisation: id),
            try await audits.optInAfterOptOut(organisation: id),
            try await audits.wrongNumber(organisation: id),
            try await audits.imports(organisation: id), try await audits.access(organisation: id),
            try await audits.config(organisation: id), try await audits.volume(organisation: id),
            try await audits.deadlines(organisation: id),
            try await audits.retention(organisation: id),
        ] {
            #expect(answer.findings == [], "\(answer.question)")
        }
        #expect(try await Ledger(database: house.database).check(id).findings == [])
    }

    @Test(arguments: [
        ("UPDATE message SET act = NULL WHERE id = ", "no_press"),
        ("UPDATE message SET author_id = NULL WHERE id = ", "no_press"),
        (
            "UPDATE message SET act = (SELECT act FROM message ORDER BY id DESC LIMIT 1) WHERE id = ",
            "shared_press"
        ),
        ("UPDATE message SET author_id = gen_random_uuid() WHERE id = ", "no_session"),
        (
            "UPDATE message SET created_at = now() - interval '2 hours' WHERE id = ", "no_session"
        ),
    ])
    func `human: a text without a hand behind it is found`(
        statement: String, rule: String
    ) async throws {
        let (house, texts) = try await cleanHouse()
        try await tamper(house, statement + "'\(texts[0].1.text)'")

        #expect(
            try await ask(house) { try await $0.human(organisation: house.organisation) } == [rule])
    }

    @Test func `human: presses faster than a hand are found`() async throws {
        let (house, _) = try await cleanHouse()
        try await tamper(
            house,
            """
            INSERT INTO message (organisation_id, id, kind, contact_id, body, segments, author_id,
                act, created_at)
            SELECT \(house.organisation),
                import_uuid(left(replace(uuid_at(now())::text, '-', ''), 13), g, g), 2,
                gen_random_uuid(), 'x', 1, '\(house.texter.text)', gen_random_uuid(),
                date_trunc('minute', now())
            FROM generate_series(1, 51) g
            """)

        #expect(
            try await ask(house) { try await $0.human(organisation: house.organisation) }
                == ["impossible_speed"])
    }

    @Test func `quiet: a text in the middle of the night is found, in local time`() async throws {
        let (house, texts) = try await cleanHouse()
        try await tamper(
            house,
            """
            UPDATE attempt SET slot_at = \(Self.noon) - interval '9 hours'
            WHERE message_id = '\(texts[1].1.text)'
            """)

        let answer = try await Audits(database: house.database).quiet(
            organisation: house.organisation)
        #expect(answer.findings.map(\.message) == [texts[1].1])
        #expect(answer.findings.first?.sentence.contains("03:00 in America/New_York") == true)
    }

    @Test func `quiet: sales laws hold for texts that left while chosen`() async throws {
        let (house, texts) = try await cleanHouse()
        let evening = "\(Self.noon) + interval '7 hours'"
        try await tamper(
            house,
            """
            UPDATE attempt SET slot_at = \(evening) WHERE message_id = '\(texts[0].1.text)';
            UPDATE attempt SET slot_at = \(evening) + interval '3 days'
            WHERE message_id = '\(texts[1].1.text)'
            """)
        let audits = Audits(database: house.database)
        #expect(try await audits.quiet(organisation: house.organisation).findings.isEmpty)

        // Rhode Island closes at 18:00 or earlier, and New York's zone does not tell them apart.
        _ = try await Organisations(database: house.database).setStrictSales(
            true, reason: "we raise money", organisation: house.organisation)

        let answer = try await audits.quiet(organisation: house.organisation)
        #expect(answer.findings.map(\.message) == [texts[1].1])
    }

    @Test func `frequency: one text more than the cap within a day is found`() async throws {
        let (house, texts) = try await cleanHouse()
        try await plant(house, "UPDATE organisation SET frequency_cap = 1")
        try await tamper(
            house,
            """
            UPDATE message SET contact_id = '\(texts[0].0.text)' WHERE id = '\(texts[1].1.text)';
            UPDATE recipient SET contact_id = '\(texts[0].0.text)',
                campaign_id = gen_random_uuid() WHERE message_id = '\(texts[1].1.text)';
            UPDATE attempt SET slot_at = slot_at + interval '23 hours'
            WHERE message_id = '\(texts[1].1.text)'
            """)

        let answer = try await Audits(database: house.database).frequency(
            organisation: house.organisation)
        #expect(answer.findings.map(\.message) == [texts[1].1])
    }

    @Test func `consent: a text to somebody without a record is found`() async throws {
        let (house, texts) = try await cleanHouse()
        try await tamper(
            house, "DELETE FROM consent WHERE contact_id = '\(texts[2].0.text)'")

        let answer = try await Audits(database: house.database).consentMissing(
            organisation: house.organisation)
        #expect(answer.findings.map(\.contact) == [texts[2].0])
    }

    @Test func `consent: in the United Kingdom the record needs words and a day`() async throws {
        let (house, texts) = try await cleanHouse()
        try await plant(house, "UPDATE organisation SET countries = '{US,GB}'")
        try await tamper(
            house,
            """
            UPDATE contact SET country = 'GB' WHERE id = '\(texts[0].0.text)';
            UPDATE contact SET country = 'GB' WHERE id = '\(texts[1].0.text)';
            UPDATE consent SET wording = 'Text me', given_at = now() - interval '10 days'
            WHERE contact_id = '\(texts[1].0.text)'
            """)

        let answer = try await Audits(database: house.database).consentMissing(
            organisation: house.organisation)
        #expect(answer.findings.map(\.contact) == [texts[0].0])
        #expect(answer.findings.map(\.rule) == ["no_valid_consent"])
    }

    @Test(arguments: [
        (
            "UPDATE registration SET expires_at = now() - interval '9 days'",
            "expired_registration"
        ),
        (
            """
            UPDATE registration SET facts = '{}'; UPDATE sender SET number = '+12125550199'
            """, "missing_registration"
        ),
        (
            """
            UPDATE registration SET facts = '{"campaign": "C1", "token_expires": "2020-01-31"}'
            """, "expired_token"
        ),
        (
            """
            UPDATE registration SET facts = '{"campaign": "C1", "channel": "toll-free"}'
            """, "other_channel"
        ),
        (
            """
            UPDATE registration SET facts = '{"brand": "B1"}';
            INSERT INTO registration
            SELECT organisation_id, sender_id, (SELECT max(slot_at) FROM attempt), '{"brand": "B2"}'
            FROM registration;
            INSERT INTO attempt SELECT organisation_id,
                import_uuid(left(replace(uuid_at(now())::text, '-', ''), 13), g, g), n, verdict,
                reason, sender_id, worker, epoch, slot_at - interval '1 hour', deadline
            FROM attempt CROSS JOIN generate_series(1, 3) g
            """, "other_brand"
        ),
        ("UPDATE attempt SET sender_id = gen_random_uuid()", "unknown_sender"),
        ("UPDATE sender SET retired_at = now() - interval '9 days'", "retired_sender"),
    ])
    func `registration: a number that may not text is found`(
        statement: String, rule: String
    ) async throws {
        let (house, _) = try await cleanHouse(people: 1)
        try await tamper(house, statement)

        #expect(
            try await ask(house) { try await $0.registration(organisation: house.organisation) }
                == [rule])
    }

    @Test func `wrong-number and suppression-sync: texts and refusals after the fact are found`()
        async throws
    {
        let (house, texts) = try await cleanHouse()
        try await tamper(
            house,
            """
            UPDATE contact SET wrong_number_at = now() - interval '9 days'
            WHERE id = '\(texts[0].0.text)';
            UPDATE outcome SET result = 2, code = '21610' WHERE message_id = '\(texts[1].1.text)'
            """)
        let (audits, id) = (Audits(database: house.database), house.organisation)

        #expect(
            try await audits.wrongNumber(organisation: id).findings.map(\.contact)
                == [texts[0].0])
        #expect(
            try await audits.suppressionSync(organisation: id).findings.map(\.contact)
                == [texts[1].0])
    }

    @Test func `edits and identity: words that are not the script's, scripts without a way out`()
        async throws
    {
        let (house, texts) = try await cleanHouse()
        try await tamper(
            house,
            """
            UPDATE campaign SET launched_at = now(), script_version = 1;
            INSERT INTO script (organisation_id, campaign_id, version, body)
            VALUES (\(house.organisation), '\(house.campaign.text)', 1,
                '{greeting|Hi}! Will you vote? Reply STOP to end.');
            UPDATE message SET script_version = 1;
            UPDATE message SET body = 'Hi! Vote for us or else' WHERE id = '\(texts[0].1.text)'
            """)
        let (audits, id) = (Audits(database: house.database), house.organisation)

        #expect(
            try await audits.edits(organisation: id).findings.map(\.message) == [texts[0].1])
        #expect(
            try await audits.identity(organisation: id).findings.map(\.rule) == ["no_sender_name"])
    }

    @Test func `deadlines, unreviewed and optin: what is late or without evidence is found`()
        async throws
    {
        let (house, texts) = try await cleanHouse()
        let id = house.organisation
        _ = try await Cases(database: house.database, key: [UInt8](repeating: 1, count: 32)).open(
            NewRequest(
                .complaint, by: .mail, receivedAt: Date().addingTimeInterval(-40 * 86_400),
                facts: .init(words: "who are you")), organisation: id)
        try await plant(
            house,
            """
            INSERT INTO review (organisation_id, message_id, conversation_id, contact_id, meaning,
                rule, version, due_at) VALUES (\(id), gen_random_uuid(), gen_random_uuid(),
                '\(texts[0].0.text)', 'opt_out', 'r', '1', now() - interval '1 hour');
            SELECT ledger_append(\(id), 'stop', '\(texts[1].0.text)', '{"already_out": false}');
            SELECT ledger_append(\(id), 'start', '\(texts[1].0.text)', '{"source": "compliance"}')
            """)
        let audits = Audits(database: house.database)

        #expect(
            try await audits.deadlines(organisation: id).findings.map(\.rule) == ["deadline_missed"]
        )
        #expect(try await audits.deadlines(organisation: id, kind: .access).isClean)
        #expect(
            try await audits.unreviewed(organisation: id).findings.map(\.rule)
                == ["review_overdue"])
        #expect(
            try await audits.optInAfterOptOut(organisation: id).findings.map(\.rule)
                == ["start_without_evidence"])
    }
}
