import Foundation
import Postgres
import Synchronization
import Texting

/// What the send queue shows: the texts in a texter's hands, or why there are none.
package struct SendPage: Sendable {
    package var campaign: UUID
    package var campaignName: String
    /// `live:3`: state and script version, as the live stream names them.
    package var state = ""
    package var leadName: String?
    /// First texts the texter pressed, today (UTC) and ever.
    package var sentToday: Int
    package var sentEver: Int
    /// People of the campaign whose text was pressed or drawn, and all of them.
    package var asked: Int
    package var people: Int
    package var cards: [Card] = []
    /// Set if `cards` is empty.
    package var nothing: Nothing?

    /// A lease with the clock of whoever gets the text.
    package struct Card: Sendable {
        package var lease: Lease
        /// IANA names; several where the number does not tell.
        package var zones: [String]
    }

    /// Why there is nothing to send; each has a page of its own.
    package enum Nothing: Sendable, Equatable {
        case paused(reason: String?)
        /// The canary's rule stopped it; its reason is for those who steer.
        case held
        case finished
        /// Everybody left lives where it is night, until then; the IANA names of the zones that wake
        /// first.
        case asleep(until: Date?, zones: [String])
        /// The last people are in others' hands.
        case othersHoldTheRest
        /// Server-paced: there is nothing to press, answers come to the inbox.
        case paced
        /// Ten texts without a code are enough.
        case needsCode
    }
}

/// The send queue of texters, on the one draw that both modes use.
package struct SendDesk: Sendable {
    private let database: Database
    private let draw: Draw
    /// The draw that presses go through.
    private let press: Draw
    private let pressDatabase: Database
    private let windows = WindowCache()
    private let leases: Gatherer<Wish, [Lease]>
    private let progress: Gatherer<Void, CampaignProgress>

    /// What a texter's page wishes, with the hours it has just read.
    private struct Wish: Sendable {
        var lease: LeaseWish
        var hours: Draw.Windows
    }

    /// Texters of one transaction at most: some 500 people, so that presses on leases that it
    /// prolongs wait for milliseconds.
    private static let textersMax = 50
    /// Pages that share one reading of a campaign's progress.
    private static let readersMax = 1000

    /// - Parameter presses: connections kept for presses, so that none waits behind the pages of
    ///   hundreds who begin at once; nil shares `database`.
    package init(database: Database, presses: Database? = nil) {
        self.database = database
        let zoneSets = ZoneSets(database: database)
        let draw = Draw(database: database, zoneSets: zoneSets)
        self.draw = draw
        pressDatabase = presses ?? database
        press = Draw(database: pressDatabase, zoneSets: zoneSets)
        progress = Gatherer(most: Self.readersMax) { wishes, campaign, organisation in
            let found = try await CampaignProgress.read(campaign, organisation, in: database)
            return wishes.map { _ in found }
        }
        leases = Gatherer(most: Self.textersMax) { wishes, campaign, organisation in
            // All are of one campaign; whoever came last has read its hours last.
            try await draw.lease(
                wishes.map(\.lease), organisation: organisation, campaign: campaign,
                windows: wishes[wishes.count - 1].hours)
        }
    }

    /// First texts somebody may send before their code has proven their number.
    package static let unprovenMax = 10

    /// The queue of the campaign the texter used last; nil if they take part in none.
    ///
    /// - Parameter ahead: how many leases they hold at a time.
    package func page(
        for visitor: Visitor, ahead: Int = Draw.leasesAhead
    ) async throws -> SendPage? {
        guard let found = try await facts(of: visitor) else { return nil }
        var page = found.page
        page.state = "\(found.campaign.state.rawValue):\(found.campaign.scriptVersion)"
        if let nothing = found.nothing(isProven: visitor.provenAt != nil) {
            page.nothing = nothing
            return page
        }
        let hours = windows.windows(found.organisation, found.campaign, draw: draw)
        let limit =
            visitor.provenAt == nil ? min(ahead, Self.unprovenMax - page.sentEver) : ahead
        let held = try await leases.answer(
            to: Wish(lease: LeaseWish(member: visitor.id, count: limit), hours: hours),
            campaign: page.campaign, organisation: visitor.organisation)
        for lease in held {
            page.cards.append(
                SendPage.Card(lease: lease, zones: try await draw.zoneSets.zones(lease.zoneSet)))
        }
        if held.isEmpty { page.nothing = try await why(found, hours) }
        return page
    }

    /// Turns presses into texts; see ``Draw/tap(_:organisation:windows:now:)``.
    package func tap(_ taps: [Tap], campaign: UUID, organisation: Int32) async throws
        -> [TapResult]
    {
        let found = try await pressDatabase.transaction(organisation: organisation) {
            try await Self.setting(campaign, organisation, on: $0)
        }
        guard let found else {
            return taps.map { _ in .refused(.leaseOver) }
        }
        let hours = windows.windows(found.organisation, found.campaign, draw: draw)
        return try await press.tap(taps, organisation: organisation, windows: hours) {
            let authors = zip(taps, $0).filter { $0.1 == .sent }.map(\.0.member)
            try await Volunteers.sent(authors, campaign, organisation, on: $1)
        }
    }

    /// *Not this one*: others may have the person, this texter never again.
    package func skip(
        _ message: UUID, key: UUID, campaign: UUID, reason: String, by visitor: Visitor
    ) async throws -> Bool {
        let isBack = try await draw.giveBack(
            message: message, key: key, member: visitor.id, organisation: visitor.organisation,
            isRefusal: true)
        guard isBack else { return false }
        try await database.transaction(organisation: visitor.organisation) { connection in
            try await connection.execute(
                """
                INSERT INTO skip (organisation_id, message_id, member_id, campaign_id, reason)
                VALUES (\(visitor.organisation), \(message), \(visitor.id), \(campaign),
                    \(reason)) ON CONFLICT DO NOTHING
                """)
        }
        return true
    }

    /// Takes a skipped person back, if nobody else has them yet.
    package func unskip(_ message: UUID, by visitor: Visitor) async throws -> Bool {
        try await database.transaction(organisation: visitor.organisation) { connection in
            let taken = try await connection.execute(
                """
                UPDATE lease SET member_id = \(visitor.id), lease_key = gen_random_uuid(),
                    until = clock_timestamp() + interval '10 min',
                    refused_by = array_remove(refused_by, \(visitor.id))
                WHERE organisation_id = \(visitor.organisation) AND message_id = \(message)
                    AND member_id IS NULL AND \(visitor.id) = ANY(refused_by)
                """)
            guard taken == 1 else { return false }
            try await connection.execute(
                """
                DELETE FROM skip WHERE organisation_id = \(visitor.organisation)
                    AND message_id = \(message) AND member_id = \(visitor.id)
                """)
            return true
        }
    }

    /// The texter goes home: leases return, replies may be taken by others. Who keeps none is left
    /// in peace: `member.settings.left` says so until they are seen again.
    package func leave(_ visitor: Visitor, keepsReplies: Bool) async throws {
        try await draw.giveBackAll(member: visitor.id, organisation: visitor.organisation)
        try await database.transaction(organisation: visitor.organisation) { connection in
            let until = Date(timeIntervalSinceNow: keepsReplies ? 12 * 3600 : 0)
            try await connection.execute(
                """
                UPDATE member SET present_until = \(until), settings = CASE
                    WHEN \(keepsReplies) THEN settings
                    ELSE settings || jsonb_build_object('left', '1') END
                WHERE organisation_id = \(visitor.organisation) AND id = \(visitor.id)
                """)
        }
    }

    /// What the campaign is, read once per page.
    struct Facts: Sendable {
        var organisation: Organisation
        var campaign: Campaign
        var page: SendPage

        /// Why nothing can be sent whatever the lanes hold.
        func nothing(isProven: Bool) -> SendPage.Nothing? {
            switch campaign.state {
            case .paused: return .paused(reason: campaign.stateReason)
            case .held: return .held
            case .finished, .ended: return .finished
            case .draft: return .paused(reason: nil)
            case .live: break
            }
            if campaign.mode == .paced { return .paced }
            return !isProven && page.sentEver >= SendDesk.unprovenMax ? .needsCode : nil
        }
    }

    private func facts(of visitor: Visitor) async throws -> Facts? {
        guard var found = try await mine(visitor) else { return nil }
        let all = try await progress.answer(
            to: (), campaign: found.campaign.id, organisation: visitor.organisation)
        (found.page.asked, found.page.people) = (all.asked, all.people)
        return found
    }

    /// What is the texter's own; the campaign's progress is for all who ask at once.
    private func mine(_ visitor: Visitor) async throws -> Facts? {
        let house = visitor.organisation
        return try await database.transaction(organisation: house) { connection in
            let mine = try await connection.first(
                """
                SELECT p.campaign_id, g.name, l.name,
                    CASE WHEN p.sent_on = current_date THEN p.sent_today ELSE 0 END, p.sent
                FROM participation p
                JOIN campaign g ON g.organisation_id = p.organisation_id AND g.id = p.campaign_id
                LEFT JOIN member l ON l.organisation_id = g.organisation_id AND l.id = g.lead_id
                WHERE p.organisation_id = \(house) AND p.member_id = \(visitor.id)
                ORDER BY g.ended_at IS NOT NULL, p.last_at DESC LIMIT 1
                """
            ) { row in
                SendPage(
                    campaign: try row.value(0), campaignName: try row.value(1),
                    leadName: try row.value(2), sentToday: Int(try row.value(3) as Int32),
                    sentEver: Int(try row.value(4) as Int32), asked: 0, people: 0)
            }
            guard let mine,
                let found = try await Self.setting(mine.campaign, house, on: connection)
            else { return nil }
            return Facts(organisation: found.organisation, campaign: found.campaign, page: mine)
        }
    }

    private static func setting(
        _ campaign: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> (organisation: Organisation, campaign: Campaign)? {
        let house = try await connection.first(
            "SELECT \(Organisation.columns) FROM organisation WHERE id = \(organisation)",
            decode: Organisation.init(row:))
        let plan = try await connection.first(
            """
            SELECT \(Campaign.columns) FROM campaign
            WHERE organisation_id = \(organisation) AND id = \(campaign)
            """, decode: Campaign.init(row:))
        guard let house, let plan else { return nil }
        return (house, plan)
    }

    /// ``SendPage/Nothing/asleep(until:zones:)`` where everybody still to be texted is; for those who open a
    /// campaign's link at night.
    package func night(
        of campaign: UUID, organisation: Int32
    ) async throws -> SendPage.Nothing? {
        let found = try await database.transaction(organisation: organisation) {
            try await Self.setting(campaign, organisation, on: $0)
        }
        guard let found else { return nil }
        return try await night(
            found.campaign, windows.windows(found.organisation, found.campaign, draw: draw))
    }

    private func night(
        _ campaign: Campaign, _ hours: @escaping Draw.Windows
    ) async throws -> SendPage.Nothing? {
        let open = try await database.transaction(organisation: campaign.organisation) {
            try await draw.openLanes(
                campaign.id, campaign.organisation, hours, now: Date(), on: $0)
        }
        guard !open.isEmpty, open.zoneSets.isEmpty else { return nil }
        guard let first = open.nextZoneSet else { return .asleep(until: nil, zones: []) }
        return .asleep(until: open.opensNext, zones: try await draw.zoneSets.zones(first))
    }

    /// Why a live campaign gave no lease.
    private func why(
        _ found: Facts, _ hours: @escaping Draw.Windows
    ) async throws -> SendPage.Nothing {
        if let night = try await night(found.campaign, hours) { return night }
        return found.page.asked < found.page.people ? .othersHoldTheRest : .finished
    }
}

/// Texting hours of the campaigns in use, kept while their settings stay the same.
private final class WindowCache: Sendable {
    private struct Key: Hashable {
        var organisation: Int32
        var campaign: UUID
        var minutes: [Int16?]
    }
    private let known = Mutex([Key: Draw.Windows]())

    func windows(_ organisation: Organisation, _ campaign: Campaign, draw: Draw) -> Draw.Windows {
        let key = Key(
            organisation: organisation.id, campaign: campaign.id,
            minutes: [
                organisation.opensMinute, organisation.closesMinute, campaign.opensMinute,
                campaign.closesMinute,
            ])
        return known.withLock { known in
            if let found = known[key] { return found }
            if known.count > 1000 { known = [:] }
            let fresh = draw.windows(organisation, campaign)
            known[key] = fresh
            return fresh
        }
    }
}
