import Foundation
import Postgres

/// Who presses: a person for every text, or the worker at the numbers' pace.
package enum CampaignMode: String, Sendable, Codable, CaseIterable {
    case hand, paced
}

/// Where a campaign stands. Raw values stand in `campaign.state`.
package enum CampaignState: String, Sendable, Codable {
    case draft, live, paused
    /// Stopped by the system until a person looks.
    case held
    /// Nothing more is drawn; what was drawn still leaves, replies go on.
    case finished
    /// What was drawn and has not left is cancelled.
    case ended
}

/// To whom a reply goes.
package enum AssignmentRule: String, Sendable, Codable, CaseIterable {
    /// The texter who sent, evenly over present texters, or whoever takes it.
    case sender, even, pool
}

/// A campaign as organisers see it.
package struct Campaign: Sendable, Equatable, Codable {
    package var organisation: Int32
    package var id: UUID
    package var name: String
    package var mode: CampaignMode
    package var pool: String
    package var state: CampaignState
    package var stateReason: String?
    /// Texters join at `/j/CODE`.
    package var code: String?
    package var assignment: AssignmentRule
    /// 0: no script yet.
    package var scriptVersion: Int32
    /// The campaign's own hours, in local minutes, within the organisation's.
    package var opensMinute: Int16?
    package var closesMinute: Int16?
    package var sendBefore: Date?
    /// Texts a minute over all numbers, paced mode.
    package var perMinute: Int32?
    /// Price of a segment, in millionths of the currency.
    package var priceMicros: Int
    package var spendCeilingMicros: Int?
    /// People of the first slice.
    package var canary: Int32?
    package var createdAt: Date
    package var launchedAt: Date?

    static let columns: SQL = """
        organisation_id, id, name, mode, pool, state, state_reason, code, assignment,
        script_version, opens_minute, closes_minute, send_before, per_minute, price_micros,
        spend_ceiling_micros, canary, created_at, launched_at
        """

    init(row: borrowing Row) throws {
        organisation = try row.value(0)
        id = try row.value(1)
        name = try row.value(2)
        mode = CampaignMode(rawValue: try row.value(3)) ?? .hand
        pool = try row.value(4)
        state = CampaignState(rawValue: try row.value(5)) ?? .held
        stateReason = try row.value(6)
        code = try row.value(7)
        assignment = AssignmentRule(rawValue: try row.value(8)) ?? .pool
        scriptVersion = try row.value(9)
        opensMinute = try row.value(10)
        closesMinute = try row.value(11)
        sendBefore = try row.value(12)
        perMinute = try row.value(13)
        priceMicros = try row.value(14)
        spendCeilingMicros = try row.value(15)
        canary = try row.value(16)
        createdAt = try row.value(17)
        launchedAt = try row.value(18)
    }
}

/// What a new campaign needs; everything but the name has a sensible default.
package struct NewCampaign: Sendable {
    package var name: String
    package var mode = CampaignMode.hand
    package var pool = "default"
    package var assignment = AssignmentRule.sender
    package var script: String?
    package var language = "en"
    package var opensMinute: Int16?
    package var closesMinute: Int16?
    package var sendBefore: Date?
    package var perMinute: Int32?
    package var priceMicros = 0
    package var spendCeilingMicros: Int?
    package var canary: Int32?
    package var createdBy: UUID?

    package init(name: String) { self.name = name }
}

/// One version of the words of a campaign's first text.
package struct Script: Sendable, Equatable, Codable {
    package var version: Int32
    package var language: String
    package var body: String
    package var createdAt: Date
}

/// A reply that texters send by one press, and what it records.
package struct Answer: Sendable, Equatable, Codable {
    package var id: UUID
    /// Shown after this one.
    package var parent: UUID?
    package var position: Int16
    package var label: String
    package var body: String
    /// What it records: `question` = `value`.
    package var question: String?
    package var value: String?
    package var tag: String?
    package var optsOut: Bool

    package init(
        id: UUID = .v7(), parent: UUID? = nil, position: Int16 = 0, label: String, body: String,
        question: String? = nil, value: String? = nil, tag: String? = nil, optsOut: Bool = false
    ) {
        self.id = id
        self.parent = parent
        self.position = position
        self.label = label
        self.body = body
        self.question = question
        self.value = value
        self.tag = tag
        self.optsOut = optsOut
    }
}
