import Foundation
import Postgres
import Texting

extension Draw {
    /// Turns a press into a text, once.
    ///
    /// - Parameter windows: of the lease's campaign.
    package func tap(
        _ tap: Tap, organisation: Int32, windows: @escaping Windows, now: Date = Date()
    ) async throws -> TapResult {
        try await self.tap([tap], organisation: organisation, windows: windows, now: now)[0]
    }

    /// Turns presses of any texters into texts, each once, in one transaction.
    ///
    /// One press is one text by one person; that several travel to the database together saves
    /// commits when hundreds press at once.
    /// - Parameter also: work of the same transaction, told what became of each.
    /// - Returns: what became of each, in order.
    package func tap(
        _ taps: [Tap], organisation: Int32, windows: @escaping Windows, now: Date = Date(),
        also: @Sendable (_ results: [TapResult], _ connection: Connection) async throws -> Void =
            { _, _ in }
    ) async throws -> [TapResult] {
        try await database.transaction(organisation: organisation) { connection in
            let leases = try await Self.lockLeases(taps, organisation, on: connection)
            try await zoneSets.learn(leases.values.map(\.slice.zoneSet), on: connection)
            var results = [TapResult?](repeating: nil, count: taps.count)
            var valid: [UUID: [(place: Int, lease: TappedLease)]] = [:]
            var pressed: Set<UUID> = []
            for (place, tap) in taps.enumerated() {
                guard let lease = leases[tap.message], lease.key == tap.key,
                    lease.member == tap.member
                else { continue }
                if pressed.insert(tap.message).inserted {
                    valid[lease.campaign, default: []].append((place, lease))
                } else {
                    results[place] = .already
                }
            }
            for (campaign, presses) in valid.sorted(by: { $0.key.uuidString < $1.key.uuidString }) {
                let outcome = try await Self.press(
                    presses.map { ($0.lease, taps[$0.place]) }, campaign, organisation, windows,
                    pools: pools, now: now, on: connection)
                for (press, result) in zip(presses, outcome) { results[press.place] = result }
            }
            let missed = taps.indices.filter { results[$0] == nil }
            let earlier = try await Self.earlier(missed.map { taps[$0] }, organisation, connection)
            let came = taps.indices.map {
                results[$0] ?? (earlier.contains(taps[$0].key) ? .already : .refused(.leaseOver))
            }
            try await also(came, connection)
            return came
        }
    }

    struct TappedLease: Sendable {
        var message: UUID
        var key: UUID
        var member: UUID?
        var campaign: UUID
        var slice: Slice
    }

    private static func lockLeases(
        _ taps: [Tap], _ organisation: Int32, on connection: Connection
    ) async throws -> [UUID: TappedLease] {
        let rows = try await connection.rows(
            """
            SELECT h.message_id, h.lease_key, h.member_id, h.campaign_id, h.lane_id, l.zone_set,
                h.position
            FROM lease h JOIN lane l ON l.organisation_id = h.organisation_id AND l.id = h.lane_id
            WHERE h.organisation_id = \(organisation)
                AND h.message_id = ANY(\(Array(Set(taps.map(\.message)))))
            ORDER BY h.message_id FOR UPDATE OF h
            """
        ) { row in
            let position: Int32 = try row.value(6)
            return TappedLease(
                message: try row.value(0), key: try row.value(1), member: try row.value(2),
                campaign: try row.value(3),
                slice: Slice(
                    lane: try row.value(4), zoneSet: try row.value(5), from: position,
                    end: position + 1))
        }
        return Dictionary(uniqueKeysWithValues: rows.map { ($0.message, $0) })
    }

    /// Presses of one campaign whose leases are locked and right.
    private static func press(
        _ presses: [(lease: TappedLease, tap: Tap)], _ campaign: UUID, _ organisation: Int32,
        _ windows: Windows, pools: SenderPools, now: Date, on connection: Connection
    ) async throws -> [TapResult] {
        let setting = try await DrawSetting.read(
            campaign, organisation, pools: pools, on: connection)
        guard let setting, setting.isLive else {
            return presses.map { _ in .refused(.paused) }
        }
        var results: [TapResult] = []
        var going: [(lease: TappedLease, tap: Tap)] = []
        let second = Int64(now.timeIntervalSince1970.rounded(.down))
        for press in presses {
            let window = try await windows(press.lease.slice.zoneSet)
            if press.tap.scriptVersion != setting.scriptVersion {
                results.append(.refused(.scriptChanged))
            } else if window?.contains(second) != true {
                results.append(.refused(.hours))
            } else {
                results.append(.sent)
                going.append(press)
            }
        }
        let closed = try await write(going, setting, on: connection)
        return zip(presses, results).map { press, result in
            guard result == .sent, let verdict = closed[press.lease.message] else { return result }
            return .refused(TapResult.Refusal(verdict))
        }
    }

    /// Writes the texts of presses and spends their leases.
    ///
    /// - Returns: the people who may not be texted, by message.
    private static func write(
        _ presses: [(lease: TappedLease, tap: Tap)], _ setting: DrawSetting,
        on connection: Connection
    ) async throws -> [UUID: Verdict] {
        guard !presses.isEmpty else { return [:] }
        let people = try await people(presses.map(\.lease.slice), setting, on: connection)
        let authors = Dictionary(uniqueKeysWithValues: presses.map { ($0.tap.message, $0.tap) })
        let written = try await write(people, setting, presses: authors, on: connection)
        try await delete(presses.map(\.tap.message), setting.organisation, on: connection)
        return Dictionary(uniqueKeysWithValues: written.closed.map { ($0.message, $0.verdict) })
    }

    /// Keys of presses whose texts exist: they came twice, or the first answer was lost.
    private static func earlier(
        _ taps: [Tap], _ organisation: Int32, _ connection: Connection
    ) async throws -> Set<UUID> {
        guard !taps.isEmpty else { return [] }
        let keys = try await connection.rows(
            """
            SELECT m.act FROM unnest(\(taps.map(\.message)), \(taps.map(\.key)),
                \(taps.map(\.member))) AS t(id, key, member)
            JOIN message m ON m.organisation_id = \(organisation) AND m.id = t.id
                AND m.act = t.key AND m.author_id = t.member
            """
        ) { row in try row.value(0) as UUID }
        return Set(keys)
    }
}

extension TapResult.Refusal {
    fileprivate init(_ verdict: Verdict) {
        switch verdict {
        case .suppressed(.wrongNumber): self = .wrongNumber
        case .suppressed(.noConsent): self = .noConsent
        case .suppressed(.answered): self = .answered
        case .cancelled: self = .erased
        default: self = .optedOut
        }
    }
}
