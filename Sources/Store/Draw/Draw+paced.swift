import Foundation
import Postgres
import Texting

extension Draw {
    /// Draws up to `limit` recipients of a paced campaign into the outbox, in one transaction.
    ///
    /// - Parameters:
    ///   - limit: people; some 1,000 at a time keep the transaction short.
    ///   - windows: see ``windows(_:_:now:)``.
    package func paced(
        organisation: Int32, campaign: UUID, limit: Int, windows: @escaping Windows,
        now: Date = Date()
    ) async throws -> Drawn {
        try await database.transaction(organisation: organisation) { connection in
            let setting = try await DrawSetting.read(
                campaign, organisation, pools: pools, isLocked: true, on: connection)
            // One recorded human act a text, unless the installation allows paced mode: asked at
            // each draw, so that a permission taken back holds for campaigns that run.
            guard let setting, setting.isLive, setting.isPacedAllowed else {
                return Drawn(rest: .halted)
            }
            let allowed = try await Self.allowed(setting, on: connection)
            guard allowed > 0 else { return Drawn(rest: .pace) }
            let limit = min(limit, allowed)
            let open = try await openLanes(
                campaign, organisation, windows, now: now, on: connection)
            guard !open.isEmpty else { return Drawn(rest: .empty) }
            var slices = try await Self.takeLeases(setting, open, limit: limit, on: connection)
            slices += try await Self.takeSlices(
                campaign, organisation, open, limit: limit - slices.count, on: connection)
            let people = try await Self.people(slices, setting, on: connection)
            let written = try await Self.write(people, setting, on: connection)
            return Drawn(
                queued: written.queued.count, suppressed: written.closed.count,
                segments: written.queued.reduce(0) { $0 + Int($1.segments) },
                senders: Set(written.queued.compactMap(\.sender)),
                rest: people.count < limit ? .closed(until: open.opensNext) : .more)
        }
    }

    /// The same for callers who keep their own book of hours: `closes` gives the end of the window in
    /// which now lies, or `nil` for a zone set that is closed.
    package func paced(
        organisation: Int32, campaign: UUID, limit: Int,
        closes: @escaping @Sendable (Int16) -> Date?
    ) async throws -> Drawn {
        try await paced(
            organisation: organisation, campaign: campaign, limit: limit,
            windows: { zoneSet in
                closes(zoneSet).map {
                    DayWindow(opens: .min, closes: Int64($0.timeIntervalSince1970.rounded(.up)))
                }
            })
    }

    /// A minute's share is given out this many seconds ahead of the clock, so that a number that has
    /// just begun its minute is not idle.
    static let paceAheadSeconds = 1.0

    /// How many the campaign's own pace allows now: the minute's share so far, less what this minute
    /// has drawn. Unused share is not carried into the next minute.
    private static func allowed(
        _ setting: DrawSetting, on connection: Connection
    ) async throws -> Int {
        guard let perMinute = setting.perMinute else { return .max }
        return try await connection.first(
            """
            SELECT ceil(\(Double(perMinute))
                    * (extract(second FROM now())::float8 + \(Self.paceAheadSeconds)) / 60)::bigint
                - coalesce(sum(amount), 0)::bigint
            FROM tally
            WHERE organisation_id = \(setting.organisation) AND campaign_id = \(setting.campaign)
                AND minute = date_trunc('minute', now()) AND kind = \(TallyKind.drawn.rawValue)
            """
        ) { row in try row.value(0) as Int } ?? 0
    }

    /// Takes people back out of texters' hands whose time is over.
    private static func takeLeases(
        _ setting: DrawSetting, _ open: OpenLanes, limit: Int, on connection: Connection
    ) async throws -> [Slice] {
        try await connection.rows(
            """
            WITH late AS (
                SELECT h.message_id FROM lease h JOIN lane l
                    ON l.organisation_id = h.organisation_id AND l.id = h.lane_id
                WHERE h.organisation_id = \(setting.organisation)
                    AND h.campaign_id = \(setting.campaign) AND h.until <= statement_timestamp()
                    AND l.zone_set = ANY(\(open.zoneSets))
                ORDER BY h.until LIMIT \(limit) FOR UPDATE OF h SKIP LOCKED
            ), gone AS (
                DELETE FROM lease h USING late
                WHERE h.organisation_id = \(setting.organisation)
                    AND h.message_id = late.message_id
                RETURNING h.lane_id, h.position
            )
            SELECT g.lane_id, l.zone_set, g.position FROM gone g
            JOIN lane l ON l.organisation_id = \(setting.organisation) AND l.id = g.lane_id
            """
        ) { row in
            let position: Int32 = try row.value(2)
            return Slice(
                lane: try row.value(0), zoneSet: try row.value(1), from: position,
                end: position + 1)
        }
    }
}
