import Foundation
import Postgres
import Texting

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
        try await lease(
            [LeaseWish(member: member, count: count)], organisation: organisation,
            campaign: campaign, windows: windows, now: now)[0]
    }

    /// The same for several texters in one transaction: they share a lane's lock and a commit.
    ///
    /// - Returns: the leases of each, in order. Who asks twice gets the same ones twice.
    package func lease(
        _ wishes: [LeaseWish], organisation: Int32, campaign: UUID, windows: @escaping Windows,
        now: Date = Date()
    ) async throws -> [[Lease]] {
        try await database.transaction(organisation: organisation) { connection in
            let setting = try await DrawSetting.read(
                campaign, organisation, pools: pools, on: connection)
            guard let setting, setting.isLive else { return wishes.map { _ in [] } }
            let members = Array(Set(wishes.map(\.member)))
            var held = try await Self.held(setting, members, on: connection)
            var places = LeaseWish.places(wishes, held: held)
            if !places.isEmpty {
                let open = try await openLanes(
                    campaign, organisation, windows, now: now, on: connection)
                var isFirst = true
                // A pass may close people instead of leasing them, so there may be several.
                while !places.isEmpty,
                    try await Self.fill(places, setting, open, mayWait: isFirst, on: connection)
                {
                    isFirst = false
                    held = try await Self.held(setting, members, on: connection)
                    places = LeaseWish.places(wishes, held: held)
                }
            }
            let shown = try await Self.shown(held, setting, on: connection)
            return wishes.map { shown[$0.member] ?? [] }
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
}
