import Foundation
import Postgres
import Texting

/// Takes recipients off their lanes, in either mode, each exactly once and never skipping anybody.
///
/// Expired and returned leases go first, then the lane that closes first among those open now. A
/// lane's position moves under its row's lock; the id of the first text was minted at import, so the
/// primary key of `message` refuses a second draw whatever happens to cursor or lease.
package struct Draw: Sendable {
    let database: Database
    let zoneSets: ZoneSets
    let pools = SenderPools()

    package init(database: Database, zoneSets: ZoneSets) {
        self.database = database
        self.zoneSets = zoneSets
    }

    /// When people of a zone set may be texted: the window that contains now, or the next one.
    package typealias Windows = @Sendable (_ zoneSet: Int16) async throws -> DayWindow?

    /// What a draw came to.
    package struct Drawn: Sendable, Equatable {
        /// Texts that wait in the outbox now.
        package var queued = 0
        /// People who may no longer be texted: closed at once.
        package var suppressed = 0
        /// Segments of the queued texts.
        package var segments = 0
        /// Numbers that got texts.
        package var senders: Set<UUID> = []
        /// Why nothing more was drawn, if it was less than asked.
        package var rest = Rest.more
        package var count: Int { queued + suppressed }
    }

    /// What remains after a draw.
    package enum Rest: Sendable, Equatable {
        /// Others may be drawn at once.
        case more
        /// Lanes are left, but closed until then; `nil`: for twelve days at least.
        case closed(until: Date?)
        /// The campaign's own pace is used up for this moment.
        case pace
        /// Nobody is left (but people in texters' hands).
        case empty
        /// The campaign is not live, has no script, or its pool no number.
        case halted
    }

    /// Windows of a campaign from its own hours.
    package func windows(
        _ organisation: Organisation, _ campaign: Campaign, now: Date = Date()
    ) -> Windows {
        let hours = CampaignHours(CampaignRules(organisation, campaign), zoneSets: zoneSets)
        return { try await hours.window($0, at: now) }
    }

    /// Lanes with people on them, those that are open now by closing time.
    struct OpenLanes: Sendable {
        var zoneSets: [Int16] = []
        var closes: [Int] = []
        var opensNext: Date?
        /// Whose morning that is; the first of several that open together.
        var nextZoneSet: Int16?
        var isEmpty = true
    }

    func openLanes(
        _ campaign: UUID, _ organisation: Int32, _ windows: Windows, now: Date,
        on connection: Connection
    ) async throws -> OpenLanes {
        let sets = try await connection.rows(
            """
            SELECT zone_set FROM lane
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND next_position <= least(size, canary_end)
            UNION
            SELECT l.zone_set FROM lease h JOIN lane l
                ON l.organisation_id = h.organisation_id AND l.id = h.lane_id
            WHERE h.organisation_id = \(organisation) AND h.campaign_id = \(campaign)
                AND h.until <= statement_timestamp()
            """
        ) { row in try row.value(0) as Int16 }
        var lanes = OpenLanes()
        lanes.isEmpty = sets.isEmpty
        try await zoneSets.learn(sets, on: connection)
        let second = Int64(now.timeIntervalSince1970.rounded(.down))
        for set in sets {
            guard let window = try await windows(set) else { continue }
            if window.contains(second) {
                lanes.zoneSets.append(set)
                lanes.closes.append(Int(window.closes))
            } else if window.opensAt < lanes.opensNext ?? .distantFuture {
                (lanes.opensNext, lanes.nextZoneSet) = (window.opensAt, set)
            }
        }
        return lanes
    }

    /// A run of positions of one lane.
    struct Slice: Sendable {
        var lane: UUID
        var zoneSet: Int16
        var from: Int32
        /// The first position that no longer belongs.
        var end: Int32
    }

    /// The most people of one draw.
    private static let peopleMax = 50_000

    /// Moves lanes on until `limit` people are taken or no open lane is left.
    ///
    /// - Parameter mayWait: whether to wait for a lane that another draw moves just now; `false`
    ///   where this transaction holds lanes already, for two that wait for each other's would stop.
    static func takeSlices(
        _ campaign: UUID, _ organisation: Int32, _ open: OpenLanes, limit: Int,
        mayWait: Bool = true, on connection: Connection
    ) async throws -> [Slice] {
        var slices: [Slice] = []
        var left = min(limit, peopleMax)
        // A lane that another draw moves just now is passed over first and waited for last: with
        // one lane only, an empty answer would look like the end of the list.
        var wait = SQL(raw: "FOR NO KEY UPDATE OF l SKIP LOCKED")
        while left > 0, !open.zoneSets.isEmpty {
            let slice = try await connection.first(
                """
                WITH best AS (
                    SELECT l.id, l.next_position AS start, least(l.size, l.canary_end) AS last
                    FROM lane l JOIN unnest(\(open.zoneSets), \(open.closes)) AS w(zone_set, closes)
                        ON w.zone_set = l.zone_set
                    WHERE l.organisation_id = \(organisation) AND l.campaign_id = \(campaign)
                        AND l.next_position <= least(l.size, l.canary_end)
                    ORDER BY w.closes, l.import_id, l.id LIMIT 1 \(wait)
                )
                UPDATE lane l SET next_position = least(best.start + \(Int32(clamping: left)),
                    best.last + 1)
                FROM best WHERE l.organisation_id = \(organisation) AND l.id = best.id
                RETURNING l.id, l.zone_set, best.start, l.next_position
                """
            ) { row in
                Slice(
                    lane: try row.value(0), zoneSet: try row.value(1), from: try row.value(2),
                    end: try row.value(3))
            }
            if let slice {
                slices.append(slice)
                left -= Int(slice.end - slice.from)
            } else if mayWait, slices.isEmpty, wait.text.hasSuffix("SKIP LOCKED") {
                wait = SQL(raw: "FOR NO KEY UPDATE OF l")
            } else {
                break
            }
        }
        return slices
    }
}
