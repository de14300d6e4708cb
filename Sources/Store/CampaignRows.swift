import Foundation
import Postgres

/// A campaign in the list of all.
package struct CampaignRow: Sendable {
    package var id: UUID
    package var name: String
    package var mode: CampaignMode
    package var state: CampaignState
    package var reason: String?
    package var people: Int
    /// Texts that the carrier took.
    package var sent: Int
    package var replies: Int
    package var optOuts: Int
    /// People who wait for an answer.
    package var waiting: Int
    package var waitsSince: Date?
    /// The last minute of which the figures know.
    package var asOf: Date?
    package var launchAt: Date?
    package var createdAt: Date
}

/// Which campaigns, in which order.
package struct CampaignChoice: Sendable, Equatable {
    package enum Shelf: String, Sendable, CaseIterable { case live, drafts, past }
    package enum Order: String, Sendable, CaseIterable {
        case newest, name, sent, replies, stops, waiting
    }

    package var shelf: Shelf = .live
    package var search: String?
    package var order: Order = .newest
    package var page = 1

    package init() {}
}

/// The list of campaigns: read from running totals and partial indexes, never by counting texts.
package struct CampaignRows: Sendable {
    private let database: Database
    package static let pageSize = 50

    package init(database: Database) { self.database = database }

    /// One page, and one row more if there is a next one.
    package func list(_ choice: CampaignChoice, organisation: Int32) async throws -> [CampaignRow] {
        let pattern = choice.search.map {
            "%" + $0.replacing("\\", with: "").replacing("%", with: "").replacing("_", with: "\\_")
                + "%"
        }
        let order = SQL(raw: Self.order(choice.order))
        let offset = (max(1, choice.page) - 1) * Self.pageSize
        return try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT c.id, c.name, c.mode, c.state, c.state_reason, l.people, t.sent, t.replies,
                    t.stops, coalesce(w.waiting, 0), w.since, t.as_of, c.launch_at, c.created_at
                FROM campaign c
                CROSS JOIN LATERAL (
                    SELECT coalesce(sum(size), 0)::bigint AS people FROM lane
                    WHERE organisation_id = c.organisation_id AND campaign_id = c.id) l
                CROSS JOIN LATERAL (
                    SELECT coalesce(sum(amount) FILTER (WHERE kind = \(TallyKind.accepted.rawValue)),
                            0)::bigint AS sent,
                        coalesce(sum(amount) FILTER (WHERE kind = \(TallyKind.replies.rawValue)),
                            0)::bigint AS replies,
                        coalesce(sum(amount) FILTER (WHERE kind = \(TallyKind.optOuts.rawValue)),
                            0)::bigint AS stops,
                        max(minute) AS as_of
                    FROM tally
                    WHERE organisation_id = c.organisation_id AND campaign_id = c.id) t
                LEFT JOIN (
                    SELECT campaign_id, count(*) AS waiting, min(needs_reply_since) AS since
                    FROM conversation
                    WHERE organisation_id = \(organisation) AND needs_reply_since IS NOT NULL
                    GROUP BY campaign_id) w ON w.campaign_id = c.id
                WHERE c.organisation_id = \(organisation)
                    AND c.state = ANY(\(Self.states(choice.shelf)))
                    AND (\(pattern) IS NULL OR c.name ILIKE \(pattern))
                ORDER BY \(order) LIMIT \(Self.pageSize + 1) OFFSET \(offset)
                """, decode: CampaignRow.init(row:))
        }
    }

    /// How many campaigns stand on each shelf.
    package func counts(organisation: Int32) async throws -> [CampaignChoice.Shelf: Int] {
        let states = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT state, count(*) FROM campaign WHERE organisation_id = \(organisation)
                GROUP BY state
                """
            ) { row in (try row.value(0) as String, try row.value(1) as Int) }
        }
        return Dictionary(
            uniqueKeysWithValues: CampaignChoice.Shelf.allCases.map { shelf in
                let own = Set(Self.states(shelf))
                return (shelf, states.filter { own.contains($0.0) }.reduce(0) { $0 + $1.1 })
            })
    }

    private static func states(_ shelf: CampaignChoice.Shelf) -> [String] {
        switch shelf {
        case .live: ["live", "paused", "held"]
        case .drafts: ["draft"]
        case .past: ["finished", "ended"]
        }
    }

    /// Fixed texts only; nothing a person typed gets here.
    private static func order(_ order: CampaignChoice.Order) -> String {
        switch order {
        case .newest: "c.id DESC"
        case .name: "lower(c.name), c.id"
        case .sent: "t.sent DESC, c.id DESC"
        case .replies: "(t.replies::float8 / greatest(t.sent, 1)) DESC, c.id DESC"
        case .stops: "(t.stops::float8 / greatest(t.sent, 1)) DESC, c.id DESC"
        case .waiting: "coalesce(w.waiting, 0) DESC, c.id DESC"
        }
    }
}

extension CampaignRow {
    init(row: borrowing Row) throws {
        id = try row.value(0)
        name = try row.value(1)
        mode = CampaignMode(rawValue: try row.value(2)) ?? .hand
        state = CampaignState(rawValue: try row.value(3)) ?? .held
        reason = try row.value(4)
        people = try row.value(5)
        sent = try row.value(6)
        replies = try row.value(7)
        optOuts = try row.value(8)
        waiting = try row.value(9)
        waitsSince = try row.value(10)
        asOf = try row.value(11)
        launchAt = try row.value(12)
        createdAt = try row.value(13)
    }
}
