import Foundation
import Postgres

/// When a campaign would end if it began at an instant.
package struct Forecast: Sendable, Equatable {
    package var startsAt: Date
    package var endsAt: Date
    /// People whose hours close before their turn: they are asked the next day, or not at all.
    package var late: Int
    /// Segments per second over all numbers, or what people can press.
    package var segmentsPerSecond: Double
}

extension Forecast {
    /// Texts a person presses in a minute.
    /// An assumption, not a measurement: one text in five seconds, reading it first.
    package static let pressesPerMinute = 12.0

    /// Plays the list through: whose zone closes first goes first, as the draw does.
    ///
    /// - Parameters:
    ///   - isByClock: the pace is counted by minutes of the clock, as the draw does: what this minute
    ///     has allowed so far may leave at once.
    ///   - window: the hours of a zone set in which an instant lies, or the next ones.
    ///   - segmentsPerSecond: of all numbers of the pool together.
    ///   - textsPerMinute: what limits texts rather than segments: presses, or a chosen pace.
    /// - Returns: nil if nobody can be texted, at any time.
    static func play(
        _ zones: [Estimate.Zone], from start: Date, segmentsPerSecond: Double,
        textsPerMinute: Double?, isByClock: Bool = false,
        window: (Int16, Date) -> (opens: Date, closes: Date)?
    ) -> Forecast? {
        guard segmentsPerSecond > 0, !zones.isEmpty else { return nil }
        var left = zones.map { (zone: $0, people: Double($0.people), isLate: false) }
        var (now, late, begun) = (start, 0.0, nil as Date?)
        // Until when the pace is used up.
        var paced = Date.distantPast
        var rounds = 0
        while !left.isEmpty, rounds < 10_000 {
            rounds += 1
            let windows = left.map { window($0.zone.zoneSet, now) }
            guard windows.allSatisfy({ $0 != nil }) else { return nil }
            let open = left.indices.filter { windows[$0]!.opens <= now }
            guard let next = open.min(by: { windows[$0]!.closes < windows[$1]!.closes }) else {
                now = windows.map { $0!.opens }.min()!
                continue
            }
            begun = begun ?? now
            let zone = left[next].zone
            let each = Double(zone.segments) / Double(max(1, zone.people)) / segmentsPerSecond
            let pace = textsPerMinute.map { 60 / $0 } ?? 0
            // What a minute's pace leaves unused is not carried into the next.
            paced = max(paced, isByClock ? now.minute - Draw.paceAheadSeconds : now)
            let people = left[next].people
            let need = max(
                people * each, paced.addingTimeInterval(people * pace).timeIntervalSince(now))
            let room = windows[next]!.closes.timeIntervalSince(now)
            if need <= room {
                now += need
                paced += people * pace
                left.remove(at: next)
            } else {
                let asked = people * room / need
                paced += asked * pace
                left[next].people -= asked
                if !left[next].isLate { late += left[next].people }
                left[next].isLate = true
                now += room
            }
        }
        return Forecast(
            startsAt: begun ?? start, endsAt: now, late: Int(late.rounded()),
            segmentsPerSecond: segmentsPerSecond)
    }
}

extension Date {
    /// The beginning of its minute.
    fileprivate var minute: Date {
        Date(timeIntervalSince1970: (timeIntervalSince1970 / 60).rounded(.down) * 60)
    }
}

extension Estimates {
    /// When the campaign would end if it were launched now, from its own count.
    ///
    /// - Returns: nil without a count, a number to text from, or an hour that fits.
    package func forecast(
        _ draft: CampaignDraft, from start: Date = Date()
    ) async throws -> Forecast? {
        let campaign = draft.campaign
        guard
            let estimate = try await current(
                campaign.id, organisation: campaign.organisation)?.result, estimate.people > 0
        else { return nil }
        let facts = try await database.transaction(organisation: campaign.organisation) {
            connection in
            try await ForecastFacts.read(campaign, on: connection)
        }
        var perMinute: Double?
        if campaign.mode == .hand {
            perMinute = Double(draft.peopleNeeded ?? 10) * Forecast.pressesPerMinute
        } else if let pace = campaign.perMinute {
            perMinute = Double(pace)
        }
        return Forecast.play(
            estimate.zones, from: start,
            segmentsPerSecond: facts.rate / max(1, estimate.unevenness ?? 1),
            textsPerMinute: perMinute, isByClock: campaign.mode == .paced
        ) { zoneSet, moment in
            let window = facts.rules.window(zones: facts.zones[zoneSet] ?? [], at: moment)
            return window.map {
                (
                    Date(timeIntervalSince1970: Double($0.opens)),
                    Date(timeIntervalSince1970: Double($0.closes))
                )
            }
        }
    }
}

/// What a forecast reads beside the count.
private struct ForecastFacts: Sendable {
    var rules: CampaignRules
    var rate: Double
    var zones: [Int16: [String]]

    static func read(_ campaign: Campaign, on connection: Connection) async throws -> ForecastFacts
    {
        let tenant = try await connection.first(
            "SELECT \(Organisation.columns) FROM organisation WHERE id = \(campaign.organisation)",
            decode: Organisation.init(row:))!
        let rate = try await connection.first(
            """
            SELECT coalesce(sum(segments_per_second), 0)::float8 FROM sender
            WHERE organisation_id = \(campaign.organisation) AND pool = \(campaign.pool)
                AND retired_at IS NULL AND quarantined_at IS NULL
            """
        ) { row in try row.value(0) as Double }
        let zones = try await connection.rows(
            """
            SELECT z.id, z.zones FROM zone_set z WHERE z.id IN (SELECT zone_set FROM lane
                WHERE organisation_id = \(campaign.organisation) AND campaign_id = \(campaign.id))
            """
        ) { row in (try row.value(0) as Int16, try row.value(1) as String) }
        return ForecastFacts(
            rules: CampaignRules(tenant, campaign), rate: rate ?? 0,
            zones: Dictionary(
                uniqueKeysWithValues: zones.map { ($0, $1.split(separator: ",").map(String.init)) })
        )
    }
}
