import Foundation
import Postgres

extension Campaigns {
    /// What a launch came to.
    package enum Launch: Sendable {
        case launched(Campaign)
        /// Nothing has changed; these stand in the way.
        case refused([LaunchFinding])
    }

    /// Launches a draft, or a campaign that is live anyway (no change).
    ///
    /// The findings that somebody accepted go into the ledger with who did.
    /// - Parameter accepted: names of findings of level *acceptable*.
    package func launch(
        _ id: UUID, organisation: Int32, accepting accepted: Set<String> = [],
        by member: UUID? = nil
    ) async throws -> Launch {
        let findings = try await Preflight(database: database)
            .findings(campaign: id, organisation: organisation)
        let open = findings.filter { $0.level == .blocking || !accepted.contains($0.name) }
        guard open.isEmpty else { return .refused(open) }
        let campaign = try await database.transaction(organisation: organisation) { connection in
            let campaign = try await connection.first(
                """
                UPDATE campaign SET state = 'live', launched_at = now()
                WHERE organisation_id = \(organisation) AND id = \(id) AND state = 'draft'
                RETURNING \(Campaign.columns)
                """, decode: Campaign.init(row:))
            guard let campaign else { return try await unlaunched(id, organisation, connection) }
            try await setCanary(campaign, on: connection)
            try await record(
                "launched", campaign, member, accepted: findings.map(\.name), on: connection)
            return campaign
        }
        return .launched(campaign)
    }

    /// Stops at once: what has not passed the gate comes back, nothing new is drawn.
    package func pause(
        _ id: UUID, organisation: Int32, reason: String? = nil, by member: UUID? = nil
    ) async throws -> Campaign {
        // What the carrier had taken by now: the difference later is what could not be stopped.
        try await change(
            id, organisation, from: ["live", "held"],
            """
            state = 'paused', paused_at = clock_timestamp(), state_reason = \(reason),
                settings = settings || jsonb_build_object('paused_accepted', (
                    SELECT coalesce(sum(amount), 0)::text FROM tally t
                    WHERE t.organisation_id = \(organisation) AND t.campaign_id = \(id)
                        AND t.kind = \(TallyKind.accepted.rawValue)))
            """, "paused", member)
    }

    /// Stops a live campaign by the rule, with the reason that pages read; no change to any other.
    ///
    /// - Returns: whether it was live until now.
    package func hold(
        _ id: UUID, organisation: Int32, reason: String
    ) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            let held = try await connection.first(
                """
                UPDATE campaign SET state = 'held', paused_at = clock_timestamp(),
                    state_reason = \(reason),
                    settings = settings || jsonb_build_object('paused_accepted', (
                        SELECT coalesce(sum(amount), 0)::text FROM tally t
                        WHERE t.organisation_id = \(organisation) AND t.campaign_id = \(id)
                            AND t.kind = \(TallyKind.accepted.rawValue)))
                WHERE organisation_id = \(organisation) AND id = \(id) AND state = 'live'
                RETURNING \(Campaign.columns)
                """, decode: Campaign.init(row:))
            guard let held else { return false }
            try await record("held", held, nil, reason: reason, on: connection)
            return true
        }
    }

    /// Goes on where it stopped. Who resumes a held campaign has looked at it: it goes on beyond its
    /// first slice, and only what happens from now on can hold it again.
    package func resume(
        _ id: UUID, organisation: Int32, by member: UUID? = nil
    ) async throws -> Campaign {
        let before = try await find(id, organisation: organisation)
        let resumed = try await change(
            id, organisation, from: ["paused", "held"],
            """
            state = 'live', paused_at = NULL, state_reason = NULL,
                settings = settings - 'paused_accepted' || CASE WHEN state = 'held'
                    THEN jsonb_build_object('watched_from', now()::text) ELSE '{}' END
            """, "resumed", member)
        guard before.state == .held else { return resumed }
        return try await releaseCanary(id, organisation: organisation, by: member)
    }

    /// Draws nobody more; what was drawn still leaves and replies go on.
    package func finish(
        _ id: UUID, organisation: Int32, by member: UUID? = nil
    ) async throws -> Campaign {
        try await change(
            id, organisation, from: ["draft", "live", "paused", "held"],
            "state = 'finished', state_reason = NULL", "finished", member)
    }

    /// Ends for good: what was drawn and has not left is cancelled by the worker.
    package func end(
        _ id: UUID, organisation: Int32, by member: UUID? = nil
    ) async throws -> Campaign {
        try await change(
            id, organisation, from: ["draft", "live", "paused", "held", "finished"],
            "state = 'ended', ended_at = now(), state_reason = NULL", "ended", member)
    }

    /// Lets draws go beyond the first slice.
    package func releaseCanary(
        _ id: UUID, organisation: Int32, by member: UUID? = nil
    ) async throws -> Campaign {
        try await database.transaction(organisation: organisation) { connection in
            _ = try await connection.execute(
                """
                UPDATE lane SET canary_end = NULL
                WHERE organisation_id = \(organisation) AND campaign_id = \(id)
                    AND canary_end IS NOT NULL
                """)
            guard let campaign = try await Self.find(id, organisation, on: connection) else {
                throw InvalidInput("There is no campaign \(id.text).")
            }
            try await record("first slice released", campaign, member, on: connection)
            return campaign
        }
    }

    private func change(
        _ id: UUID, _ organisation: Int32, from states: [String], _ assignment: SQL,
        _ word: String, _ member: UUID?
    ) async throws -> Campaign {
        try await database.transaction(organisation: organisation) { connection in
            let changed = try await connection.first(
                """
                UPDATE campaign SET \(assignment)
                WHERE organisation_id = \(organisation) AND id = \(id) AND state = ANY(\(states))
                RETURNING \(Campaign.columns)
                """, decode: Campaign.init(row:))
            if let changed {
                try await record(word, changed, member, on: connection)
                return changed
            }
            guard let campaign = try await Self.find(id, organisation, on: connection) else {
                throw InvalidInput("There is no campaign \(id.text).")
            }
            // Pressing twice is no mistake.
            if campaign.state.rawValue == word || word == "resumed" && campaign.state == .live {
                return campaign
            }
            throw InvalidInput(
                "The campaign \(campaign.name) is \(campaign.state.rawValue) and cannot be \(word).",
                key: "state", values: ["state": campaign.state.rawValue])
        }
    }

    private func unlaunched(
        _ id: UUID, _ organisation: Int32, _ connection: Connection
    ) async throws -> Campaign {
        guard let campaign = try await Self.find(id, organisation, on: connection) else {
            throw InvalidInput("There is no campaign \(id.text).")
        }
        guard campaign.state == .live else {
            throw InvalidInput(
                "The campaign \(campaign.name) is \(campaign.state.rawValue); only a draft is "
                    + "launched, a paused campaign is resumed.")
        }
        return campaign
    }

    /// Gives every lane its share of the first slice.
    private func setCanary(_ campaign: Campaign, on connection: Connection) async throws {
        guard let canary = campaign.canary else { return }
        let lanes = try await connection.rows(
            """
            SELECT id, size FROM lane
            WHERE organisation_id = \(campaign.organisation) AND campaign_id = \(campaign.id)
            ORDER BY id FOR UPDATE
            """
        ) { row in (try row.value(0) as UUID, Int(try row.value(1) as Int32)) }
        let shares = Canary.shares(of: Int(canary), sizes: lanes.map(\.1)).map(Int32.init)
        _ = try await connection.execute(
            """
            UPDATE lane l SET canary_end = share
            FROM unnest(\(lanes.map(\.0)), \(shares)) AS w(id, share)
            WHERE l.organisation_id = \(campaign.organisation) AND l.id = w.id
            """)
    }

    private func record(
        _ word: String, _ campaign: Campaign, _ member: UUID?, accepted: [String] = [],
        reason: String? = nil, on connection: Connection
    ) async throws {
        var details = ["setting": "campaign \(word)", "campaign": campaign.id.text]
        details["reason"] = reason
        details["member"] = member?.text
        if word == "launched" {
            details["script_version"] = String(campaign.scriptVersion)
            details["accepted"] = accepted.sorted().joined(separator: ",")
        }
        try await SettingChanges.record(campaign.organisation, details, on: connection)
    }
}

/// The first slice of a campaign: a share of every lane.
package enum Canary {
    /// Shares by largest remainder, in proportion to the sizes; they sum to `people` or, if that is
    /// more than there are, to all.
    package static func shares(of people: Int, sizes: [Int]) -> [Int] {
        let total = sizes.reduce(0, +)
        guard people < total else { return sizes }
        var shares = sizes.map { $0 * people / total }
        let byRemainder = sizes.indices.sorted { left, right in
            let (a, b) = (sizes[left] * people % total, sizes[right] * people % total)
            return a == b ? left < right : a > b
        }
        for index in byRemainder.prefix(people - shares.reduce(0, +)) { shares[index] += 1 }
        return shares
    }
}

extension Campaigns {
    /// Settings by which ``HoldRule`` is changed for one campaign, in percent.
    package static let holdLimits = [
        "hold_opt_out_percent", "hold_failed_percent", "hold_blocked_percent",
    ]

    /// Changes the limits at which a campaign stops by itself, with a line in the ledger.
    ///
    /// - Parameter limits: by name of setting; those left out stay.
    /// - Throws: ``InvalidInput`` for anything that is no percentage from 0.1 to 100.
    package func setHoldLimits(
        _ limits: [String: String], of id: UUID, organisation: Int32, by member: UUID?
    ) async throws {
        var clean: [String: String] = [:]
        for (name, text) in limits where Self.holdLimits.contains(name) {
            guard let value = Double(text.replacing(",", with: ".")), (0.1...100).contains(value)
            else {
                throw InvalidInput(
                    "A limit is a percentage from 0.1 to 100, not “\(text)”.", key: "limit",
                    values: ["text": text])
            }
            clean[name] = String(value)
        }
        let wanted = clean
        try await database.transaction(organisation: organisation) { connection in
            let changed = try await connection.first(
                """
                UPDATE campaign SET settings = settings || \(try JSONB(encoding: wanted))
                WHERE organisation_id = \(organisation) AND id = \(id)
                RETURNING \(Campaign.columns)
                """, decode: Campaign.init(row:))
            guard changed != nil else { throw InvalidInput("There is no campaign \(id.text).") }
            var details = wanted
            details["setting"] = "campaign limits"
            details["campaign"] = id.text
            details["member"] = member?.text
            try await SettingChanges.record(organisation, details, on: connection)
        }
    }
}
