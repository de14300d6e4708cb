import Foundation
import Postgres
import Secrets
import Texting

/// Campaigns, their scripts and answers; writes `campaign`, `script` and `answer`.
package struct Campaigns: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Makes a draft.
    ///
    /// - Throws: ``InvalidInput`` for an empty or taken name, a script that cannot be read, paced
    ///   mode where it is not allowed, or impossible hours.
    package func create(_ new: NewCampaign, organisation: Int32) async throws -> Campaign {
        let name = try nonEmpty(new.name, "The campaign needs a name.")
        _ = try nonEmpty(new.pool, "The pool needs a name.")
        try Self.check(new)
        let id = UUID.v7()
        return try await refusingDuplicates(
            "There is already a campaign called \(name); choose another name."
        ) {
            try await database.transaction(organisation: organisation) { connection in
                try await refusePacedWithoutLeave(new.mode, organisation, on: connection)
                _ = try await connection.execute(
                    """
                    INSERT INTO campaign (organisation_id, id, name, mode, pool, code, assignment,
                        opens_minute, closes_minute, send_before, per_minute, price_micros,
                        spend_ceiling_micros, canary, created_by)
                    VALUES (\(organisation), \(id), \(name), \(new.mode.rawValue), \(new.pool),
                        \(Self.joinCode()), \(new.assignment.rawValue), \(new.opensMinute),
                        \(new.closesMinute), \(new.sendBefore), \(new.perMinute),
                        \(new.priceMicros), \(new.spendCeilingMicros), \(new.canary),
                        \(new.createdBy))
                    """)
                if let script = new.script {
                    _ = try await addScript(
                        script, language: new.language, by: new.createdBy, to: id, organisation,
                        on: connection)
                }
                return try await Self.find(id, organisation, on: connection)!
            }
        }
    }

    /// Campaigns, the latest first.
    package func list(organisation: Int32) async throws -> [Campaign] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT \(Campaign.columns) FROM campaign
                WHERE organisation_id = \(organisation) ORDER BY id DESC
                """, decode: Campaign.init(row:))
        }
    }

    /// The campaign with that name, id or join code.
    ///
    /// - Throws: ``InvalidInput`` if there is none.
    package func find(_ key: String, organisation: Int32) async throws -> Campaign {
        let id = UUID(uuidString: key)
        let found = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT \(Campaign.columns) FROM campaign
                WHERE organisation_id = \(organisation)
                    AND (name = \(key) OR id = \(id) OR code = \(key.uppercased()))
                ORDER BY name = \(key) DESC LIMIT 1
                """, decode: Campaign.init(row:))
        }
        guard let found else {
            throw InvalidInput("There is no campaign \(key); see 'barnstorm campaign list'.")
        }
        return found
    }

    /// One campaign.
    package func find(_ id: UUID, organisation: Int32) async throws -> Campaign {
        let found = try await database.transaction(organisation: organisation) { connection in
            try await Self.find(id, organisation, on: connection)
        }
        guard let found else { throw InvalidInput("There is no campaign \(id.text).") }
        return found
    }

    /// Adds a version of the first text, which holds for everybody drawn from now on.
    ///
    /// A text that a texter has on screen in the old words is refused when tapped and shown anew.
    /// - Returns: the new version.
    package func addScript(
        _ body: String, language: String = "en", by author: UUID? = nil, to campaign: UUID,
        organisation: Int32
    ) async throws -> Int32 {
        try await database.transaction(organisation: organisation) { connection in
            try await addScript(
                body, language: language, by: author, to: campaign, organisation, on: connection)
        }
    }

    /// Versions of the first text, the latest first.
    package func scripts(of campaign: UUID, organisation: Int32) async throws -> [Script] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT version, language, body, created_at FROM script
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                ORDER BY version DESC
                """
            ) { row in
                Script(
                    version: try row.value(0), language: try row.value(1), body: try row.value(2),
                    createdAt: try row.value(3))
            }
        }
    }

    static func find(
        _ id: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Campaign? {
        try await connection.first(
            """
            SELECT \(Campaign.columns) FROM campaign
            WHERE organisation_id = \(organisation) AND id = \(id)
            """, decode: Campaign.init(row:))
    }

    func addScript(
        _ body: String, language: String, by author: UUID?, to campaign: UUID,
        _ organisation: Int32, on connection: Connection
    ) async throws -> Int32 {
        let body = try nonEmpty(body, "The script has no words.")
        do {
            _ = try Template(body)
        } catch {
            throw InvalidInput("The script cannot be read. \(error)")
        }
        let version = try await connection.first(
            """
            UPDATE campaign SET script_version = script_version + 1
            WHERE organisation_id = \(organisation) AND id = \(campaign) AND state <> 'ended'
            RETURNING script_version
            """
        ) { row in try row.value(0) as Int32 }
        guard let version else { throw InvalidInput("There is no such campaign, or it has ended.") }
        _ = try await connection.execute(
            """
            INSERT INTO script (organisation_id, campaign_id, version, language, body, created_by)
            VALUES (\(organisation), \(campaign), \(version), \(language), \(body), \(author))
            """)
        return version
    }

    private func refusePacedWithoutLeave(
        _ mode: CampaignMode, _ organisation: Int32, on connection: Connection
    ) async throws {
        guard mode == .paced else { return }
        let allowed = try await connection.first(
            "SELECT paced_allowed FROM organisation WHERE id = \(organisation)"
        ) { row in try row.value(0) as Bool }
        guard allowed == true else {
            throw InvalidInput(
                "This organisation may not text without a person's press; use hand mode, or add "
                    + "the organisation with --paced-allowed where the law allows it.")
        }
    }

    private static func check(_ new: NewCampaign) throws {
        let opens = new.opensMinute ?? 0
        let closes = new.closesMinute ?? 1440
        guard (0...1439).contains(opens), (1...1440).contains(closes), opens < closes else {
            throw InvalidInput("The campaign's hours must open before they close, within one day.")
        }
        let positives = [new.perMinute, new.canary].compactMap(\.self)
        guard positives.allSatisfy({ $0 > 0 }), new.priceMicros >= 0,
            new.spendCeilingMicros ?? 1 > 0
        else { throw InvalidInput("Pace, canary, price and ceiling must be more than 0.") }
    }

    /// Eight letters and digits that cannot be mistaken for each other: some 40 bits.
    static func joinCode() -> String {
        let alphabet = Array("ABCDEFGHJKMNPQRSTUVWXYZ23456789+".utf8.prefix(31))
        var code: [UInt8] = []
        while code.count < 8 {
            // Bytes beyond the last whole multiple would favour the first letters.
            for byte in Token.random(bytes: 16) where byte < 248 && code.count < 8 {
                code.append(alphabet[Int(byte) % 31])
            }
        }
        return String(decoding: code, as: UTF8.self)
    }
}
