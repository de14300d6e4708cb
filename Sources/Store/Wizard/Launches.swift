import Foundation
import Postgres

/// From a checked draft to texts that leave: what was accepted, who approved, when it begins.
package struct Launches: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Seconds in which whoever pressed may still say no.
    package static let countdown: TimeInterval = 10

    /// Names of findings that somebody accepted, with who did.
    package func accepted(
        _ campaign: UUID, organisation: Int32
    ) async throws -> [String: String] {
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT a.finding, coalesce(m.name, '') FROM acceptance a
                LEFT JOIN member m ON m.organisation_id = a.organisation_id AND m.id = a.member_id
                WHERE a.organisation_id = \(organisation) AND a.campaign_id = \(campaign)
                """
            ) { row in (try row.value(0) as String, try row.value(1) as String) }
        }
        return Dictionary(rows) { first, _ in first }
    }

    /// Accepts a finding, with a line in the ledger.
    package func accept(
        _ finding: String, of campaign: UUID, organisation: Int32, by member: UUID
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            let isNew = try await connection.execute(
                """
                INSERT INTO acceptance (organisation_id, campaign_id, finding, member_id)
                VALUES (\(organisation), \(campaign), \(finding), \(member))
                ON CONFLICT DO NOTHING
                """)
            guard isNew == 1 else { return }
            try await SettingChanges.record(
                organisation,
                [
                    "setting": "finding accepted", "campaign": campaign.text, "finding": finding,
                    "member": member.text,
                ], on: connection)
        }
    }

    /// Takes an acceptance back.
    package func reject(
        _ finding: String, of campaign: UUID, organisation: Int32
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                DELETE FROM acceptance WHERE organisation_id = \(organisation)
                    AND campaign_id = \(campaign) AND finding = \(finding)
                """)
        }
    }

    /// Asks for a second person.
    package func ask(_ campaign: UUID, organisation: Int32, by member: UUID) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE campaign SET asked_by = \(member), asked_at = now()
                WHERE organisation_id = \(organisation) AND id = \(campaign) AND state = 'draft'
                """)
        }
    }

    /// Approves exactly what the approver has seen.
    ///
    /// - Parameter edition: that of the page they looked at.
    /// - Returns: false if it changed meanwhile, or they edited it last themselves.
    package func approve(
        _ campaign: UUID, organisation: Int32, edition: Int, by member: UUID
    ) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            let changed = try await connection.execute(
                """
                UPDATE campaign SET approved_by = \(member), approved_edition = edition
                WHERE organisation_id = \(organisation) AND id = \(campaign) AND state = 'draft'
                    AND edition = \(edition) AND edited_by IS DISTINCT FROM \(member)
                    AND asked_by IS DISTINCT FROM \(member)
                """)
            guard changed == 1 else { return false }
            try await SettingChanges.record(
                organisation,
                [
                    "setting": "campaign approved", "campaign": campaign.text,
                    "edition": String(edition), "member": member.text,
                ], on: connection)
            return true
        }
    }

    /// Sets the instant of a launch: in ten seconds, or at a date.
    ///
    /// Any later edit takes it away again, so what leaves is what was checked.
    /// - Returns: false if the draft is no longer the one that was checked.
    package func schedule(
        _ campaign: UUID, organisation: Int32, at moment: Date, edition: Int, by member: UUID
    ) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE campaign SET launch_at = \(moment), launch_by = \(member),
                    launch_refusal = NULL
                WHERE organisation_id = \(organisation) AND id = \(campaign) AND state = 'draft'
                    AND edition = \(edition)
                """)
        } == 1
    }

    /// Calls a launch off. One that has happened stays.
    package func cancel(_ campaign: UUID, organisation: Int32) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE campaign SET launch_at = NULL, launch_by = NULL
                WHERE organisation_id = \(organisation) AND id = \(campaign) AND state = 'draft'
                """)
        }
    }

    /// Notes that a script's words were sent to ourselves.
    package func tested(_ version: Int32, of campaign: UUID, organisation: Int32) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE campaign SET tested_version = \(version)
                WHERE organisation_id = \(organisation) AND id = \(campaign)
                """)
        }
    }

    /// Launches what is due, of every organisation; called every second by each worker.
    ///
    /// Two at once do no harm: the change of state is one statement. What the preflight refuses at
    /// that moment stays a draft that says why.
    package func launchDue() async throws -> Int {
        let due = try await database.rows(
            "SELECT organisation_id, campaign_id, member_id FROM find_due_launches(20)"
        ) { row in
            (try row.value(0) as Int32, try row.value(1) as UUID, try row.value(2) as UUID?)
        }
        var count = 0
        for (organisation, campaign, member) in due {
            if try await launch(campaign, organisation, member) { count += 1 }
        }
        return count
    }

    private func launch(
        _ campaign: UUID, _ organisation: Int32, _ member: UUID?
    ) async throws -> Bool {
        let accepted = try await accepted(campaign, organisation: organisation)
        // The page checks more than the command does; what only the page asks is left out here.
        let open = try await Preflight(database: database).review(
            campaign: campaign, organisation: organisation
        ).filter { $0.level == .blocking || accepted[$0.name] == nil }
        if open.isEmpty {
            let outcome = try await Campaigns(database: database).launch(
                campaign, organisation: organisation,
                accepting: Set(accepted.keys).union(["no_opt_out_words", "no_sender_name"]),
                by: member)
            if case .launched = outcome { return true }
        }
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE campaign SET launch_at = NULL,
                    launch_refusal = \(open.map(\.name).joined(separator: ","))
                WHERE organisation_id = \(organisation) AND id = \(campaign) AND state = 'draft'
                """)
        }
        return false
    }

    /// A draft with the same words, answers and plan, and nobody on its list.
    package func copy(
        _ source: UUID, name: String, organisation: Int32, by member: UUID
    ) async throws -> UUID {
        let id = UUID.v7()
        let name = try nonEmpty(name, "name_missing")
        return try await refusingDuplicates("name_taken") {
            try await database.transaction(organisation: organisation) { connection in
                let made = try await connection.execute(
                    """
                    INSERT INTO campaign (organisation_id, id, name, mode, pool, code, join_mode,
                        texters_max, assignment, opens_minute, closes_minute, per_minute,
                        price_micros, spend_ceiling_micros, canary, lead_id, people_needed,
                        created_by, edited_by, edited_at)
                    SELECT organisation_id, \(id), \(name), mode, pool, \(Campaigns.joinCode()),
                        join_mode, texters_max, assignment, opens_minute, closes_minute, per_minute,
                        price_micros, spend_ceiling_micros, canary, lead_id, people_needed,
                        \(member), \(member), now()
                    FROM campaign WHERE organisation_id = \(organisation) AND id = \(source)
                    """)
                guard made == 1 else { throw InvalidInput("There is no such campaign.") }
                try await Self.copyWords(source, id, organisation, member, on: connection)
                return id
            }
        }
    }

    private static func copyWords(
        _ source: UUID, _ id: UUID, _ organisation: Int32, _ member: UUID,
        on connection: Connection
    ) async throws {
        let copied = try await connection.execute(
            """
            INSERT INTO script (organisation_id, campaign_id, version, language, body, created_by)
            SELECT s.organisation_id, \(id), 1, s.language, s.body, \(member)
            FROM script s JOIN campaign c ON c.organisation_id = s.organisation_id
                AND c.id = s.campaign_id AND c.script_version = s.version
            WHERE s.organisation_id = \(organisation) AND s.campaign_id = \(source)
            """)
        if copied == 1 {
            try await connection.execute(
                """
                UPDATE campaign SET script_version = 1
                WHERE organisation_id = \(organisation) AND id = \(id)
                """)
        }
        // A new id for each answer, derived, so that a follow-up answer finds its parent.
        try await connection.execute(
            """
            INSERT INTO answer (organisation_id, campaign_id, id, parent_id, position, label, body,
                question, value, tag, opts_out, practised_only)
            SELECT organisation_id, \(id), md5(\(id.text) || id::text)::uuid,
                md5(\(id.text) || parent_id::text)::uuid, position, label, body, question, value,
                tag, opts_out, practised_only
            FROM answer WHERE organisation_id = \(organisation) AND campaign_id = \(source)
                AND retired_at IS NULL
            """)
    }
}
