import Foundation
import Postgres
import Texting

/// A step of the wizard; raw values stand in addresses and in `campaign.editions`.
package enum CampaignStep: String, Sendable, CaseIterable {
    case who, say, answer, when
}

/// A campaign as its editors see it.
package struct CampaignDraft: Sendable {
    package var campaign: Campaign
    /// Counts every saved step.
    package var edition: Int32
    /// How often each step was saved.
    package var editions: [String: Int]
    package var editedBy: UUID?
    package var editorName: String?
    package var editedAt: Date?
    package var joinMode: String
    /// Whether it is shown to those who mistyped a code.
    package var isFindable: Bool
    package var textersMax: Int32?
    package var peopleNeeded: Int32?
    package var leadID: UUID?
    package var testedVersion: Int32
    package var askedBy: UUID?
    package var askedAt: Date?
    package var approvedBy: UUID?
    package var approverName: String?
    package var approvedEdition: Int32?
    package var launchAt: Date?
    package var launchRefusal: String?
    /// People on the list.
    package var people: Int
    package var script: Script?

    package func edition(of step: CampaignStep) -> Int { editions[step.rawValue] ?? 0 }

    /// Whether a second person said yes to exactly this.
    package var isApproved: Bool { approvedEdition == edition }
}

/// Somebody else saved the step meanwhile; nothing was changed.
package struct EditConflict: Error {
    /// Who, and when.
    package var editor: String?
    package var at: Date?
}

/// What the wizard's fourth step holds.
package struct CampaignPlan: Sendable, Equatable {
    package var opensMinute: Int16?
    package var closesMinute: Int16?
    package var sendBefore: Date?
    package var perMinute: Int32?
    package var canary: Int32?
    package var peopleNeeded: Int32?
    package var textersMax: Int32?
    package var joinMode: String
    package var isFindable: Bool
    package var pool: String
    package var priceMicros: Int
    package var spendCeilingMicros: Int?

    package init(_ draft: CampaignDraft) {
        opensMinute = draft.campaign.opensMinute
        closesMinute = draft.campaign.closesMinute
        sendBefore = draft.campaign.sendBefore
        perMinute = draft.campaign.perMinute
        canary = draft.campaign.canary
        peopleNeeded = draft.peopleNeeded
        textersMax = draft.textersMax
        joinMode = draft.joinMode
        isFindable = draft.isFindable
        pool = draft.campaign.pool
        priceMicros = draft.campaign.priceMicros
        spendCeilingMicros = draft.campaign.spendCeilingMicros
    }
}

/// Campaigns under their editors' hands: every step saved as it is left, and never over a step that
/// its form had not seen.
package struct CampaignDrafts: Sendable {
    let database: Database
    private let campaigns: Campaigns

    package init(database: Database) {
        self.database = database
        campaigns = Campaigns(database: database)
    }

    package func find(_ id: UUID, organisation: Int32) async throws -> CampaignDraft? {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.find(id, organisation, on: connection)
        }
    }

    static func find(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> CampaignDraft? {
        guard let campaign = try await Campaigns.find(id, organisation, on: connection) else {
            return nil
        }
        let script = try await connection.first(
            """
            SELECT version, language, body, created_at FROM script
            WHERE organisation_id = \(organisation) AND campaign_id = \(id)
                AND version = \(campaign.scriptVersion)
            """
        ) { row in
            Script(
                version: try row.value(0), language: try row.value(1), body: try row.value(2),
                createdAt: try row.value(3))
        }
        return try await connection.first(
            """
            SELECT c.edition, c.editions, c.edited_by, e.name, c.edited_at, c.join_mode,
                c.texters_max, c.people_needed, c.lead_id, c.tested_version, c.asked_by, c.asked_at,
                c.approved_by, a.name, c.approved_edition, c.launch_at, c.launch_refusal,
                (SELECT coalesce(sum(size), 0)::bigint FROM lane l
                 WHERE l.organisation_id = c.organisation_id AND l.campaign_id = c.id), c.findable
            FROM campaign c
            LEFT JOIN member e ON e.organisation_id = c.organisation_id AND e.id = c.edited_by
            LEFT JOIN member a ON a.organisation_id = c.organisation_id AND a.id = c.approved_by
            WHERE c.organisation_id = \(organisation) AND c.id = \(id)
            """
        ) { row in
            CampaignDraft(
                campaign: campaign, edition: try row.value(0),
                editions: (try? (row.value(1) as JSONB).decode([String: Int].self)) ?? [:],
                editedBy: try row.value(2), editorName: try row.value(3),
                editedAt: try row.value(4), joinMode: try row.value(5),
                isFindable: try row.value(18),
                textersMax: try row.value(6), peopleNeeded: try row.value(7),
                leadID: try row.value(8), testedVersion: try row.value(9),
                askedBy: try row.value(10), askedAt: try row.value(11),
                approvedBy: try row.value(12), approverName: try row.value(13),
                approvedEdition: try row.value(14), launchAt: try row.value(15),
                launchRefusal: try row.value(16), people: try row.value(17), script: script)
        }
    }

    /// The merge fields that the campaign's lists offer.
    package func fields(_ campaign: Campaign) async throws -> [String] {
        let mappings = try await database.transaction(organisation: campaign.organisation) {
            connection in
            try await connection.rows(
                """
                SELECT mapping FROM import WHERE organisation_id = \(campaign.organisation)
                    AND campaign_id = \(campaign.id) AND state = 'done' ORDER BY id
                """
            ) { row in try row.value(0) as JSONB }
        }
        let columns = mappings.compactMap { try? $0.decode(ImportColumns.self) }
        return columns.reduce(into: [String]()) { list, mapping in
            for column in mapping.customColumns where !list.contains(mapping.fields[column]) {
                list.append(mapping.fields[column])
            }
        }
    }

    /// The zone in which most people of the list live, in which the wizard's dates are meant.
    package func mainZone(_ campaign: Campaign) async throws -> String {
        let zones = try await database.transaction(organisation: campaign.organisation) {
            connection in
            try await connection.first(
                """
                SELECT z.zones FROM lane l JOIN zone_set z ON z.id = l.zone_set
                WHERE l.organisation_id = \(campaign.organisation)
                    AND l.campaign_id = \(campaign.id) AND z.zones <> ''
                GROUP BY z.zones ORDER BY sum(l.size) DESC LIMIT 1
                """
            ) { row in try row.value(0) as String }
        }
        return zones?.split(separator: ",").first.map(String.init) ?? "UTC"
    }

    /// Pools that have numbers, with how many.
    package func pools(organisation: Int32) async throws -> [(name: String, numbers: Int)] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT pool, count(*) FROM sender
                WHERE organisation_id = \(organisation) AND retired_at IS NULL
                GROUP BY pool ORDER BY pool
                """
            ) { row in (try row.value(0), try row.value(1)) }
        }
    }

    /// Saves the words of the first text. Words that did not change make no new version.
    ///
    /// - Throws: ``EditConflict``, ``InvalidInput``.
    package func save(
        script body: String, language: String, of id: UUID, organisation: Int32, edition: Int,
        by member: UUID
    ) async throws {
        try await edit(.say, id, organisation, edition, member) { connection in
            let old = try await connection.first(
                """
                SELECT s.body, s.language FROM campaign c JOIN script s
                    ON s.organisation_id = c.organisation_id AND s.campaign_id = c.id
                    AND s.version = c.script_version
                WHERE c.organisation_id = \(organisation) AND c.id = \(id)
                """
            ) { row in (try row.value(0) as String, try row.value(1) as String) }
            if let old, old == (body, language) { return }
            _ = try await campaigns.addScript(
                body, language: language, by: member, to: id, organisation, on: connection)
        }
    }

    /// Saves when it goes out, how fast, to whom it is open and what it may cost.
    ///
    /// - Throws: ``EditConflict``, ``InvalidInput``.
    package func save(
        _ plan: CampaignPlan, of id: UUID, organisation: Int32, edition: Int, by member: UUID
    ) async throws {
        let opens = plan.opensMinute ?? 0
        let closes = plan.closesMinute ?? 1440
        guard opens < closes else { throw InvalidInput("when_hours") }
        try await edit(.when, id, organisation, edition, member) { connection in
            try await connection.execute(
                """
                UPDATE campaign SET opens_minute = \(plan.opensMinute),
                    closes_minute = \(plan.closesMinute), send_before = \(plan.sendBefore),
                    per_minute = \(plan.perMinute), people_needed = \(plan.peopleNeeded),
                    texters_max = \(plan.textersMax), join_mode = \(plan.joinMode),
                    findable = \(plan.isFindable),
                    canary = CASE WHEN state = 'draft' THEN \(plan.canary) ELSE canary END,
                    pool = CASE WHEN state = 'draft' THEN \(plan.pool) ELSE pool END,
                    price_micros = \(plan.priceMicros),
                    spend_ceiling_micros = \(plan.spendCeilingMicros)
                WHERE organisation_id = \(organisation) AND id = \(id)
                """)
        }
    }

    /// Adds, changes or takes off an answer.
    ///
    /// - Throws: ``EditConflict``, ``InvalidInput``.
    package func save(
        _ answer: Answer, retires: Bool = false, of id: UUID, organisation: Int32, edition: Int,
        by member: UUID
    ) async throws {
        try await edit(.answer, id, organisation, edition, member) { connection in
            if retires {
                try await Campaigns.retire(answer.id, id, organisation, on: connection)
            } else {
                try await Campaigns.save(answer, id, organisation, on: connection)
            }
        }
    }

    /// Gives the campaign another name.
    ///
    /// - Throws: ``EditConflict``, ``InvalidInput``.
    package func rename(
        _ name: String, of id: UUID, organisation: Int32, edition: Int, by member: UUID
    ) async throws {
        let name = try nonEmpty(name, "name_missing")
        try await refusingDuplicates("name_taken") {
            try await edit(.who, id, organisation, edition, member) { connection in
                try await connection.execute(
                    """
                    UPDATE campaign SET name = \(name)
                    WHERE organisation_id = \(organisation) AND id = \(id)
                    """)
            }
        }
    }

    /// Notes that the list changed: approvals were given for another one.
    package func listChanged(_ id: UUID, organisation: Int32, by member: UUID?) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.mark(.who, id, organisation, member, on: connection)
        }
    }

    /// Runs `body` if the step is still as the form had seen it.
    private func edit(
        _ step: CampaignStep, _ id: UUID, _ organisation: Int32, _ edition: Int, _ member: UUID,
        _ body: @Sendable (Connection) async throws -> Void
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            let known = try await connection.first(
                """
                SELECT (c.editions->>\(step.rawValue))::integer, c.state,
                    (SELECT name FROM member m WHERE m.organisation_id = c.organisation_id
                        AND m.id = c.edited_by), c.edited_at
                FROM campaign c WHERE c.organisation_id = \(organisation) AND c.id = \(id)
                FOR NO KEY UPDATE OF c
                """
            ) { row in
                (
                    edition: Int((try row.value(0) as Int32?) ?? 0),
                    state: try row.value(1) as String,
                    editor: try row.value(2) as String?, at: try row.value(3) as Date?
                )
            }
            guard let known, known.state != "ended", known.state != "finished" else {
                throw InvalidInput("campaign_over")
            }
            guard known.edition == edition else {
                throw EditConflict(editor: known.editor, at: known.at)
            }
            try await body(connection)
            try await Self.mark(step, id, organisation, member, on: connection)
        }
    }

    static func mark(
        _ step: CampaignStep, _ id: UUID, _ organisation: Int32, _ member: UUID?,
        on connection: Connection
    ) async throws {
        try await connection.execute(
            """
            UPDATE campaign SET edition = edition + 1, edited_by = \(member), edited_at = now(),
                launch_at = CASE WHEN state = 'draft' THEN NULL ELSE launch_at END,
                editions = jsonb_set(editions, ARRAY[\(step.rawValue)],
                    to_jsonb(coalesce((editions->>\(step.rawValue))::integer, 0) + 1))
            WHERE organisation_id = \(organisation) AND id = \(id)
            """)
    }
}
