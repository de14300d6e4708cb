import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Whom a next campaign may address: never somebody who may have read what is sent again.
@Suite(.freshDatabase) struct SelectionTests {
    /// Eight people of a launched campaign, each with another fate.
    private func sent(_ town: Town) async throws -> [UUID] {
        try await town.add(Town.list(8))
        try await town.launch()
        _ = try await town.drawPaced(100)
        let texts = try await town.database.rows(
            """
            SELECT m.id, m.contact_id FROM message m JOIN contact c ON c.id = m.contact_id
            WHERE m.kind = 1 ORDER BY c.number
            """
        ) { row in (try row.value(0) as UUID, try row.value(1) as UUID) }
        let sender = try #require(town.senders.first)
        for (place, text) in texts.enumerated() {
            // 0, 1: refused; 2: refused, with a receipt all the same; 3: in doubt; 4: in doubt,
            // then said to be refused by a person; 5, 6: accepted; 7: expired.
            let verdict: Int16 = place == 7 ? 3 : 1
            try await town.database.execute(
                """
                INSERT INTO attempt (organisation_id, message_id, n, verdict, reason, sender_id,
                    worker, epoch, slot_at, deadline)
                VALUES (\(town.organisation.id), \(text.0), 1, \(verdict),
                    \(verdict == 3 ? "send_before" : nil as String?), \(sender.id), \(UUID.v7()), 1,
                    now(), now())
                """)
            guard place != 7 else { continue }
            let result: Int16 = place < 3 ? 2 : place < 5 ? 4 : 1
            try await town.database.execute(
                """
                INSERT INTO outcome (organisation_id, message_id, n, result, code)
                VALUES (\(town.organisation.id), \(text.0), 1, \(result),
                    \(place == 1 ? "21610" : "30007"))
                """)
        }
        try await town.database.execute(
            """
            INSERT INTO receipt (organisation_id, message_id, n, status)
            VALUES (\(town.organisation.id), \(texts[2].0), 1, 3)
            """)
        try await town.database.execute(
            """
            INSERT INTO settlement (organisation_id, message_id, n, result, how, reason)
            VALUES (\(town.organisation.id), \(texts[4].0), 1, 2, 'person', 'I believe so')
            """)
        return texts.map(\.1)
    }

    private func gather(
        _ town: Town, _ selection: Selection, _ name: String, includesListed: Bool = false
    ) async throws -> [UUID] {
        let copy = try await Launches(database: town.database).copy(
            town.campaign.id, name: name, organisation: town.organisation.id, by: UUID.v7())
        var wish = GatherRequest(
            organisation: town.organisation.id, campaign: copy, follows: town.campaign.id,
            selection: selection, name: name, reason: "asked again")
        wish.includesListed = includesListed
        let report = try await town.imports.gather(wish)
        let people = try await town.database.rows(
            "SELECT contact_id FROM recipient WHERE campaign_id = \(copy) ORDER BY contact_id"
        ) { row in try row.value(0) as UUID }
        #expect(report.good == people.count && report.state == .done)
        return people
    }

    @Test func `whom the carrier refused is asked again, never who may have read it`()
        async throws
    {
        let town = try await Town()
        let people = try await sent(town)
        let selections = Selections(database: town.database)
        let refused = Selection.refused(fruitless: ["21610"])

        let count = try await selections.count(
            refused, of: town.campaign.id, organisation: town.organisation.id)
        #expect(count == SelectionCount(found: 1, free: 1))
        #expect(try await gather(town, refused, "Again") == [people[0]])
        // A second list of the same choice finds nobody, whoever wishes otherwise.
        await #expect(throws: InvalidInput.self) {
            try await gather(town, refused, "Again 2", includesListed: true)
        }
        #expect(
            try await town.count("SELECT count(*) FROM pg_class WHERE relname ~ '^(stage|merge)_'")
                == 0)
        let fields = try await town.count(
            """
            SELECT count(*) FROM recipient r JOIN campaign c ON c.id = r.campaign_id
            WHERE c.name = 'Again' AND r.fields->>'first_name' LIKE 'Kim%'
            """)
        let consents = try await town.count(
            """
            SELECT count(*) FROM consent WHERE contact_id = \(people[0])
                AND source LIKE 'asked again; signed up at the fair'
            """)
        #expect(fields == 1 && consents == 1)
    }

    @Test func `who was never reached is whose text did not leave`() async throws {
        let town = try await Town()
        let people = try await sent(town)
        #expect(try await gather(town, .unreached, "Later") == [people[7]])
    }

    @Test func `who answers after the list of the silent was made gets no reminder`()
        async throws
    {
        let town = try await Town()
        let people = try await sent(town)
        let silent = try await gather(town, .unanswered, "Reminder")
        #expect(silent == [people[5], people[6]].sorted { $0.text < $1.text })
        let sender = try #require(town.senders.first)
        try await town.database.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, last_inbound_at)
            VALUES (\(town.organisation.id), \(UUID.v7()), \(people[5]), \(sender.id), now())
            """)

        let copy = try await town.campaigns.find("Reminder", organisation: town.organisation.id)
        _ = try await town.campaigns.launch(
            copy.id, organisation: town.organisation.id,
            accepting: ["missing_fields", "overlap"])
        _ = try await town.draw.paced(
            organisation: town.organisation.id, campaign: copy.id, limit: 100,
            windows: Town.always)
        let texts = try await town.database.rows(
            "SELECT contact_id, body <> '' FROM message WHERE campaign_id = \(copy.id)"
        ) { row in (try row.value(0) as UUID, try row.value(1) as Bool) }
        #expect(Dictionary(uniqueKeysWithValues: texts) == [people[5]: false, people[6]: true])
        // Deliberately, the same people may be reminded once more; who answered is not among them.
        await #expect(throws: InvalidInput.self) { try await gather(town, .unanswered, "Twice") }
        #expect(
            try await gather(town, .unanswered, "On purpose", includesListed: true) == [people[6]])
    }

    @Test func `people are found by their newest answer, without those who stopped`()
        async throws
    {
        let town = try await Town()
        let people = try await sent(town)
        for (place, value) in [(0, "Maybe"), (1, "Maybe"), (0, "Yes"), (2, "Maybe"), (5, "Maybe")] {
            try await town.database.execute(
                """
                INSERT INTO recorded_answer (organisation_id, id, campaign_id, contact_id,
                    conversation_id, question, value)
                VALUES (\(town.organisation.id), \(UUID.v7()), \(town.campaign.id),
                    \(people[place]), \(UUID.v7()), 'Coming', \(value))
                """)
        }
        try await town.database.execute(
            "UPDATE contact SET opted_out_at = now() WHERE id = \(people[2])")
        let maybe = Selection.answered(question: "Coming", value: "Maybe")
        let count = try await Selections(database: town.database).count(
            maybe, of: town.campaign.id, organisation: town.organisation.id)
        #expect(count == SelectionCount(found: 3, optedOut: 1, free: 2))
        let listed = try await gather(town, maybe, "Maybes")
        #expect(listed == [people[1], people[5]].sorted { $0.text < $1.text })
    }

    @Test func `two lists of one choice are not made at the same time`() async throws {
        let town = try await Town()
        _ = try await sent(town)
        try await town.database.execute(
            """
            INSERT INTO import (organisation_id, id, campaign_id, file_name, sha256, bytes,
                consent_source, state, follows, selection)
            VALUES (\(town.organisation.id), \(UUID.v7()), \(town.campaign.id), 'x', '\\x00', 0,
                'x', 'staging', \(town.campaign.id), 'refused')
            """)
        await #expect(throws: InvalidInput.self) {
            try await gather(town, .refused(fruitless: []), "Again")
        }
        // One that a killed process left behind blocks nobody for longer than an hour.
        try await town.database.execute(
            "UPDATE import SET created_at = now() - interval '2 hours' WHERE state = 'staging'")
        #expect(try await gather(town, .refused(fruitless: []), "Again 2").count == 2)
    }
}
