import Foundation
import Postgres
import Texting

/// Stops campaigns that go wrong, and lets first slices go on that went well.
///
/// Every worker looks every few seconds; whoever is first changes the row, the others find it done.
package struct CampaignWatch: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Minutes for which a first slice is watched after its last text, unless the campaign says
    /// otherwise: most who stop do so within ten.
    package static let watchMinutes = 10.0

    /// What one look changed.
    package enum Change: Sendable, Equatable {
        case held(campaign: UUID, HoldReason)
        case released(campaign: UUID)
    }

    /// Looks at all live campaigns of all organisations.
    package func look() async throws -> [Change] {
        var changes: [Change] = []
        for watched in try await database.rows(Self.statement, decode: Watched.init(row:)) {
            let rule = HoldRule(settings: watched.settings)
            let isWhole = watched.isCanary && watched.isSliceSent
            if let reason = rule.judge(watched.figures, isWhole: isWhole) {
                let held = try await Campaigns(database: database).hold(
                    watched.campaign, organisation: watched.organisation, reason: reason.text)
                if held { changes.append(.held(campaign: watched.campaign, reason)) }
            } else if isWhole, watched.hasBeenWatched {
                _ = try await Campaigns(database: database).releaseCanary(
                    watched.campaign, organisation: watched.organisation)
                changes.append(.released(campaign: watched.campaign))
            }
        }
        return changes
    }

    private struct Watched: Sendable {
        var organisation: Int32
        var campaign: UUID
        var settings: [String: String]
        var figures: HoldFigures
        var isCanary: Bool
        /// Everybody of the first slice has been drawn and their texts are closed.
        var isSliceSent: Bool
        var secondsSinceLast: Double?

        init(row: borrowing Row) throws {
            organisation = try row.value(0)
            campaign = try row.value(1)
            settings = (try? (row.value(2) as JSONB).decode([String: String].self)) ?? [:]
            isCanary = try row.value(3)
            let (isTaken, drawn, closed) = (
                try row.value(4) as Bool, try row.value(5) as Int, try row.value(6) as Int
            )
            isSliceSent = isTaken && drawn > 0 && closed >= drawn
            figures = HoldFigures(
                accepted: try row.value(7), optOuts: try row.value(8), failed: try row.value(9),
                blocked: try row.value(10), rejected: try row.value(11))
            secondsSinceLast = try row.value(12)
        }

        var hasBeenWatched: Bool {
            let minutes =
                settings["canary_minutes"].flatMap { Double($0) } ?? CampaignWatch.watchMinutes
            // Totals are kept by the minute: the last text may have left at its end.
            return secondsSinceLast.map { $0 >= minutes * 60 } ?? false
        }
    }

    /// One row for each live campaign. Rates count from the minute after a person let it go on, so
    /// that what they have seen does not hold it again.
    private static let statement: SQL = """
        SELECT c.organisation_id, c.id, c.settings, l.is_canary,
            l.is_taken AND NOT EXISTS (SELECT FROM lease h
                WHERE h.organisation_id = c.organisation_id AND h.campaign_id = c.id),
            t.drawn, t.closed, t.accepted, t.opt_outs, t.failed, t.blocked, t.rejected,
            extract(epoch FROM clock_timestamp() - t.last_at)::float8
        FROM campaign c
        CROSS JOIN LATERAL (
            SELECT coalesce(bool_or(canary_end IS NOT NULL), false) AS is_canary,
                coalesce(bool_and(next_position > least(size, canary_end)), false) AS is_taken
            FROM lane WHERE organisation_id = c.organisation_id AND campaign_id = c.id
        ) l
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount) FILTER (WHERE kind = 1), 0)::bigint AS drawn,
                coalesce(sum(amount) FILTER (WHERE kind IN (2, 3, 4, 5, 6, 8)), 0)::bigint AS closed,
                coalesce(sum(amount) FILTER (WHERE kind IN (2, 9) AND minute > w.since), 0)::bigint AS accepted,
                coalesce(sum(amount) FILTER (WHERE kind = 31 AND minute > w.since), 0)::bigint AS opt_outs,
                coalesce(sum(amount) FILTER (WHERE kind IN (3, 21) AND minute > w.since), 0)::bigint AS failed,
                coalesce(sum(amount) FILTER (WHERE kind = 53 AND minute > w.since), 0)::bigint AS blocked,
                coalesce(sum(amount) FILTER (WHERE kind = 3 AND minute > w.since), 0)::bigint AS rejected,
                max(minute) FILTER (WHERE kind IN (2, 3, 9)) AS last_at
            FROM tally, (SELECT coalesce((c.settings->>'watched_from')::timestamptz, '-infinity') AS since) w
            WHERE organisation_id = c.organisation_id AND campaign_id = c.id
        ) t
        WHERE c.state = 'live'
        """
}
