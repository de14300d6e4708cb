import Foundation
import Postgres
import Texting

/// A recipient in a texter's hands, as their screen shows it.
package struct Lease: Sendable, Equatable {
    /// Also the id of the text that a press will make.
    package var message: UUID
    package var campaign: UUID
    package var contact: UUID
    /// Minted with the lease; a press names it.
    package var key: UUID
    package var until: Date
    package var name: String?
    /// The words as they will be sent, of ``scriptVersion``.
    package var text: String
    package var segments: Int
    package var scriptVersion: Int32
    package var zoneSet: Int16
}

/// A texter's press on a leased text.
package struct Tap: Sendable, Hashable {
    package var message: UUID
    package var key: UUID
    package var member: UUID
    /// The version whose words were on the screen.
    package var scriptVersion: Int32

    package init(message: UUID, key: UUID, member: UUID, scriptVersion: Int32) {
        self.message = message
        self.key = key
        self.member = member
        self.scriptVersion = scriptVersion
    }
}

/// What a press came to.
package enum TapResult: Sendable, Equatable {
    /// The text waits in the outbox.
    case sent
    /// This press had arrived before.
    case already
    case refused(Refusal)

    package enum Refusal: String, Sendable {
        case optedOut = "opted_out"
        case noConsent = "no_consent"
        /// They have answered since the list of those who had not was made.
        case answered
        case wrongNumber = "wrong_number"
        case erased
        /// It is too late or too early where the person is.
        case hours
        /// The campaign is not live.
        case paused
        /// The words have changed: show them and ask again.
        case scriptChanged = "script_changed"
        /// Somebody else has the person, or had and texted them.
        case leaseOver = "lease_over"
    }
}

extension Draw {
    /// How many people a texter holds at a time, and for how long.
    package static let leasesAhead = 10
    package static let leaseMinutes = 10

    /// Leases of a texter, those held already and as many new ones as make `count`.
    ///
    /// Held ones are renewed. Who may no longer be texted is closed at once and never shown.
    package func lease(
        organisation: Int32, campaign: UUID, member: UUID, count: Int = leasesAhead,
        windows: @escaping Windows, now: Date = Date()
    ) async throws -> [Lease] {
        try await database.transaction(organisation: organisation) { connection in
            let setting = try await DrawSetting.read(
                campaign, organisation, pools: pools, on: connection)
            guard let setting, setting.isLive else { return [] }
            let open = try await openLanes(
                campaign, organisation, windows, now: now, on: connection)
            // Somebody may have stopped since they were leased.
            _ = try await Self.closeStopped(setting, member, on: connection)
            var held = try await Self.renew(setting, member, on: connection)
            var wanted = count - held.count
            var isFirst = true
            // A pass may close people instead of leasing them, so there may be several.
            while wanted > 0 {
                let retaken = try await Self.retake(
                    setting, member, open, limit: wanted, on: connection)
                let slices = try await Self.takeSlices(
                    campaign, organisation, open, limit: wanted - retaken.count,
                    mayWait: isFirst, on: connection)
                isFirst = false
                if retaken.isEmpty, slices.isEmpty { break }
                try await Self.insertLeases(slices, setting, member, on: connection)
                _ = try await Self.closeStopped(setting, member, on: connection)
                held = try await Self.renew(setting, member, on: connection)
                wanted = count - held.count
            }
            return try await Self.shown(held, setting, member, on: connection)
        }
    }

    /// Gives a person back: *not this one* lets others have them, never this texter again.
    ///
    /// - Returns: whether the lease was still this texter's.
    @discardableResult
    package func giveBack(
        message: UUID, key: UUID, member: UUID, organisation: Int32, isRefusal: Bool
    ) async throws -> Bool {
        let refusers = isRefusal ? [member] : []
        let touched = try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE lease SET member_id = NULL, until = '-infinity', lease_key = gen_random_uuid(),
                    refused_by = refused_by || \(refusers)
                WHERE organisation_id = \(organisation) AND message_id = \(message)
                    AND lease_key = \(key) AND member_id = \(member)
                """)
        }
        return touched == 1
    }

    /// Gives back everything a texter holds: they left, or are absent.
    @discardableResult
    package func giveBackAll(member: UUID, organisation: Int32) async throws -> Int {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.giveBackAll(member, organisation, on: connection)
        }
    }

    /// The same within a transaction that does more.
    @discardableResult
    static func giveBackAll(
        _ member: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Int {
        try await connection.execute(
            """
            UPDATE lease SET member_id = NULL, until = '-infinity',
                lease_key = gen_random_uuid()
            WHERE organisation_id = \(organisation) AND member_id = \(member)
            """)
    }

    struct HeldLease: Sendable {
        var message: UUID
        var key: UUID
        var until: Date
        var slice: Slice
    }

    static func heldLease(row: borrowing Row) throws -> HeldLease {
        let position: Int32 = try row.value(5)
        return HeldLease(
            message: try row.value(0), key: try row.value(1), until: try row.value(2),
            slice: Slice(
                lane: try row.value(3), zoneSet: try row.value(4), from: position,
                end: position + 1))
    }

    /// Prolongs what a texter holds of this campaign, and reads it.
    private static func renew(
        _ setting: DrawSetting, _ member: UUID, on connection: Connection
    ) async throws -> [HeldLease] {
        try await connection.rows(
            """
            WITH mine AS (
                SELECT message_id FROM lease
                WHERE organisation_id = \(setting.organisation) AND member_id = \(member)
                    AND campaign_id = \(setting.campaign)
                ORDER BY message_id FOR UPDATE
            ), renewed AS (
                UPDATE lease h SET until = clock_timestamp() + \(Double(leaseMinutes)) * interval '1 min'
                FROM mine WHERE h.organisation_id = \(setting.organisation)
                    AND h.message_id = mine.message_id
                RETURNING h.message_id, h.lease_key, h.until, h.lane_id, h.position
            )
            SELECT r.message_id, r.lease_key, r.until, r.lane_id, l.zone_set, r.position
            FROM renewed r JOIN lane l ON l.organisation_id = \(setting.organisation)
                AND l.id = r.lane_id
            ORDER BY r.message_id
            """, decode: heldLease(row:))
    }

    /// Takes over leases that were returned or have run out.
    private static func retake(
        _ setting: DrawSetting, _ member: UUID, _ open: OpenLanes, limit: Int,
        on connection: Connection
    ) async throws -> [UUID] {
        try await connection.rows(
            """
            WITH late AS (
                SELECT h.message_id FROM lease h JOIN lane l
                    ON l.organisation_id = h.organisation_id AND l.id = h.lane_id
                WHERE h.organisation_id = \(setting.organisation)
                    AND h.campaign_id = \(setting.campaign) AND h.until <= clock_timestamp()
                    AND l.zone_set = ANY(\(open.zoneSets))
                    AND NOT \(member) = ANY(h.refused_by)
                    AND h.member_id IS DISTINCT FROM \(member)
                ORDER BY h.until LIMIT \(limit) FOR UPDATE OF h SKIP LOCKED
            )
            UPDATE lease h SET member_id = \(member), lease_key = gen_random_uuid(),
                until = clock_timestamp() + \(Double(leaseMinutes)) * interval '1 min'
            FROM late WHERE h.organisation_id = \(setting.organisation)
                AND h.message_id = late.message_id
            RETURNING h.message_id
            """
        ) { row in try row.value(0) as UUID }
    }

    private static func insertLeases(
        _ slices: [Slice], _ setting: DrawSetting, _ member: UUID, on connection: Connection
    ) async throws {
        guard !slices.isEmpty else { return }
        _ = try await connection.execute(
            """
            INSERT INTO lease (organisation_id, message_id, campaign_id, contact_id, lane_id,
                position, member_id, lease_key, until)
            SELECT r.organisation_id, r.message_id, r.campaign_id, r.contact_id, r.lane_id,
                r.position, \(member), gen_random_uuid(),
                clock_timestamp() + \(Double(leaseMinutes)) * interval '1 min'
            FROM unnest(\(slices.map(\.lane)), \(slices.map(\.from)), \(slices.map(\.end)))
                AS w(lane, start, finish)
            JOIN recipient r ON r.organisation_id = \(setting.organisation) AND r.lane_id = w.lane
                AND r.position >= w.start AND r.position < w.finish
            ON CONFLICT DO NOTHING
            """)
    }

    /// Closes those of a texter's people who may no longer be texted.
    private static func closeStopped(
        _ setting: DrawSetting, _ member: UUID, on connection: Connection
    ) async throws -> Written {
        let stopped = try await connection.rows(
            """
            WITH gone AS (
                DELETE FROM lease h USING contact c
                WHERE h.organisation_id = \(setting.organisation) AND h.member_id = \(member)
                    AND h.campaign_id = \(setting.campaign)
                    AND c.organisation_id = h.organisation_id AND c.id = h.contact_id
                    AND (c.opted_out_at IS NOT NULL OR c.wrong_number_at IS NOT NULL
                        OR c.erased_at IS NOT NULL OR \(Draw.lacksConsent(setting.consentCountries))
                        OR \(Draw.hasAnswered(setting, "h")))
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
        let people = try await people(stopped, setting, on: connection)
        return try await write(people, setting, on: connection)
    }

    private static func shown(
        _ held: [HeldLease], _ setting: DrawSetting, _ member: UUID, on connection: Connection
    ) async throws -> [Lease] {
        let texter = try await texters([member], of: setting, on: connection)[member]
        let people = try await people(held.map(\.slice), setting, on: connection)
        let byMessage = Dictionary(people.map { ($0.message, $0) }) { first, _ in first }
        return held.compactMap { lease in
            guard let person = byMessage[lease.message] else { return nil }
            let text = words(person, setting, texter: texter)
            return Lease(
                message: lease.message, campaign: setting.campaign, contact: person.contact,
                key: lease.key, until: lease.until, name: person.name, text: text,
                segments: Measure(text).segments, scriptVersion: setting.scriptVersion,
                zoneSet: person.zoneSet)
        }
    }
}
