import Foundation
import Postgres
import Texting

/// A texter who asks for people, as many as make `count` with those in their hands.
package struct LeaseWish: Sendable {
    package var member: UUID
    package var count: Int

    package init(member: UUID, count: Int) {
        self.member = member
        self.count = count
    }

    /// One entry for each person still wished, in turns: where few are left each gets some.
    static func places(_ wishes: [LeaseWish], held: [HeldLease]) -> [UUID] {
        let counts = Dictionary(wishes.map { ($0.member, $0.count) }, uniquingKeysWith: max)
        let have = Dictionary(held.map { ($0.member, 1) }, uniquingKeysWith: +)
        let missing = counts.map { ($0.key, $0.value - (have[$0.key] ?? 0)) }
        let turns = missing.map(\.1).max() ?? 0
        return (0..<max(0, turns)).flatMap { turn in
            missing.filter { $0.1 > turn }.map(\.0)
        }
    }
}

struct HeldLease: Sendable {
    var message: UUID
    var key: UUID
    var member: UUID
    var until: Date
    var slice: Draw.Slice
    /// Less than all but a minute is left of it.
    var isAging: Bool
    /// The person may no longer be texted.
    var isStopped: Bool

    init(row: borrowing Row) throws {
        message = try row.value(0)
        key = try row.value(1)
        member = try row.value(2)
        until = try row.value(3)
        let position: Int32 = try row.value(6)
        slice = Draw.Slice(
            lane: try row.value(4), zoneSet: try row.value(5), from: position, end: position + 1)
        isAging = try row.value(7)
        isStopped = try row.value(8)
    }
}

extension Draw {
    /// A lease is prolonged once this much of it is gone, not at each look: a texter's page looks
    /// after every press, and ten rows written each time would stand in the way of presses.
    private static let leaseSlack = 1

    /// What texters hold of this campaign. Aging leases are prolonged; who may no longer be texted,
    /// perhaps since they were leased, is closed.
    ///
    /// One statement where nothing is to be done.
    static func held(
        _ setting: DrawSetting, _ members: [UUID], on connection: Connection
    ) async throws -> [HeldLease] {
        var held = try await read(setting, members, on: connection)
        let stopped = held.filter(\.isStopped)
        let aging = held.filter { $0.isAging && !$0.isStopped }
        guard !stopped.isEmpty || !aging.isEmpty else { return held }
        let locked = try await lock(stopped + aging, setting, on: connection)
        let closed = stopped.filter { locked.contains($0.message) }
        try await delete(closed.map(\.message), setting.organisation, on: connection)
        let people = try await people(closed.map(\.slice), setting, on: connection)
        _ = try await write(people, setting, on: connection)
        let kept = aging.map(\.message).filter(locked.contains)
        try await connection.execute(
            """
            UPDATE lease SET until = clock_timestamp() + \(Double(leaseMinutes)) * interval '1 min'
            WHERE organisation_id = \(setting.organisation) AND message_id = ANY(\(kept))
            """)
        held = try await read(setting, members, on: connection)
        return held.filter { !$0.isStopped }
    }

    private static func read(
        _ setting: DrawSetting, _ members: [UUID], on connection: Connection
    ) async throws -> [HeldLease] {
        try await connection.rows(
            """
            SELECT h.message_id, h.lease_key, h.member_id, h.until, h.lane_id, l.zone_set,
                h.position, h.until < statement_timestamp()
                    + \(Double(leaseMinutes - leaseSlack)) * interval '1 min',
                c.opted_out_at IS NOT NULL OR c.wrong_number_at IS NOT NULL
                    OR c.erased_at IS NOT NULL OR \(Draw.lacksConsent(setting.consentCountries))
                    OR \(Draw.hasAnswered(setting, "h"))
            FROM lease h
            CROSS JOIN LATERAL (
                SELECT * FROM contact WHERE organisation_id = h.organisation_id
                    AND id = h.contact_id OFFSET 0) c
            CROSS JOIN LATERAL (
                SELECT zone_set FROM lane WHERE organisation_id = h.organisation_id
                    AND id = h.lane_id OFFSET 0) l
            WHERE h.organisation_id = \(setting.organisation) AND h.member_id = ANY(\(members))
                AND h.campaign_id = \(setting.campaign)
            ORDER BY h.message_id
            """, decode: HeldLease.init(row:))
    }

    /// Locks leases in one order for all, unless they have changed hands; gives whose they still are.
    private static func lock(
        _ leases: [HeldLease], _ setting: DrawSetting, on connection: Connection
    ) async throws -> Set<UUID> {
        let messages = try await connection.rows(
            """
            SELECT message_id FROM lease WHERE organisation_id = \(setting.organisation)
                AND message_id = ANY(\(leases.map(\.message)))
                AND member_id = ANY(\(leases.map(\.member)))
            ORDER BY message_id FOR UPDATE
            """
        ) { row in try row.value(0) as UUID }
        return Set(messages)
    }

    /// Removes leases that this transaction has locked.
    static func delete(
        _ messages: [UUID], _ organisation: Int32, on connection: Connection
    ) async throws {
        guard !messages.isEmpty else { return }
        try await connection.execute(
            """
            DELETE FROM lease
            WHERE organisation_id = \(organisation) AND message_id = ANY(\(messages))
            """)
    }

    /// Puts people into texters' hands: returned ones first, then off the lanes.
    ///
    /// - Parameters:
    ///   - places: who is to hold them, one entry for each person wished.
    ///   - mayWait: see ``takeSlices(_:_:_:limit:mayWait:on:)``.
    /// - Returns: whether anybody was found.
    static func fill(
        _ places: [UUID], _ setting: DrawSetting, _ open: OpenLanes, mayWait: Bool,
        on connection: Connection
    ) async throws -> Bool {
        let left = try await retake(places, setting, open, on: connection)
        let slices = try await takeSlices(
            setting.campaign, setting.organisation, open, limit: left.count, mayWait: mayWait,
            on: connection)
        try await insertLeases(slices, left, setting, on: connection)
        return left.count < places.count || !slices.isEmpty
    }

    /// A lease that was returned or has run out.
    private struct LateLease: Sendable {
        var message: UUID
        var holder: UUID?
        var refusers: [UUID]
    }

    /// Takes over leases that were returned or have run out; nobody gets one they had or refused.
    ///
    /// - Returns: the places that found none.
    private static func retake(
        _ places: [UUID], _ setting: DrawSetting, _ open: OpenLanes, on connection: Connection
    ) async throws -> [UUID] {
        let late = try await connection.rows(
            """
            SELECT h.message_id, h.member_id, h.refused_by FROM lease h JOIN lane l
                ON l.organisation_id = h.organisation_id AND l.id = h.lane_id
            WHERE h.organisation_id = \(setting.organisation)
                AND h.campaign_id = \(setting.campaign) AND h.until <= statement_timestamp()
                AND l.zone_set = ANY(\(open.zoneSets))
                AND EXISTS (SELECT FROM unnest(\(Array(Set(places)))) AS t(member)
                    WHERE NOT t.member = ANY(h.refused_by)
                        AND t.member IS DISTINCT FROM h.member_id)
            ORDER BY h.until LIMIT \(places.count) FOR UPDATE OF h SKIP LOCKED
            """
        ) { row in
            LateLease(
                message: try row.value(0), holder: try row.value(1), refusers: try row.value(2))
        }
        var left = places
        var taken: [(message: UUID, member: UUID)] = []
        for lease in late {
            let place = left.firstIndex { $0 != lease.holder && !lease.refusers.contains($0) }
            if let place { taken.append((lease.message, left.remove(at: place))) }
        }
        guard !taken.isEmpty else { return left }
        _ = try await connection.execute(
            """
            UPDATE lease h SET lease_key = gen_random_uuid(),
                member_id = (\(taken.map(\.member)))[array_position(
                    \(taken.map(\.message)), h.message_id)],
                until = clock_timestamp() + \(Double(leaseMinutes)) * interval '1 min'
            WHERE h.organisation_id = \(setting.organisation)
                AND h.message_id = ANY(\(taken.map(\.message)))
            """)
        return left
    }

    /// - Parameter members: who holds the first person of the slices, the second, and so on.
    private static func insertLeases(
        _ slices: [Slice], _ members: [UUID], _ setting: DrawSetting, on connection: Connection
    ) async throws {
        guard !slices.isEmpty else { return }
        _ = try await connection.execute(
            """
            INSERT INTO lease (organisation_id, message_id, campaign_id, contact_id, lane_id,
                position, member_id, lease_key, until)
            SELECT organisation_id, message_id, campaign_id, contact_id, lane_id, position,
                (\(members))[turn], gen_random_uuid(),
                clock_timestamp() + \(Double(leaseMinutes)) * interval '1 min'
            FROM (
                SELECT r.*, (row_number() OVER (ORDER BY w.place, r.position))::int AS turn
                FROM unnest(\(slices.map(\.lane)), \(slices.map(\.from)), \(slices.map(\.end)))
                    WITH ORDINALITY AS w(lane, start, finish, place)
                JOIN recipient r ON r.organisation_id = \(setting.organisation)
                    AND r.lane_id = w.lane AND r.position >= w.start AND r.position < w.finish) t
            ON CONFLICT DO NOTHING
            """)
    }

    /// The leases of each texter as their screens show them.
    static func shown(
        _ held: [HeldLease], _ setting: DrawSetting, on connection: Connection
    ) async throws -> [UUID: [Lease]] {
        let texters = try await texters(held.map(\.member), of: setting, on: connection)
        let people = try await people(held.map(\.slice), setting, on: connection)
        let byMessage = Dictionary(people.map { ($0.message, $0) }) { first, _ in first }
        var shown: [UUID: [Lease]] = [:]
        for lease in held {
            guard let person = byMessage[lease.message] else { continue }
            let text = words(person, setting, texter: texters[lease.member])
            shown[lease.member, default: []].append(
                Lease(
                    message: lease.message, campaign: setting.campaign, contact: person.contact,
                    key: lease.key, until: lease.until, name: person.name, text: text,
                    segments: Measure(text).segments, scriptVersion: setting.scriptVersion,
                    zoneSet: person.zoneSet))
        }
        return shown
    }
}
