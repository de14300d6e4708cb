import Foundation
import Providers
import Store
import Texting

/// Makes one attempt batch of the due texts of one organisation on one account.
struct BatchBuilder {
    let organisation: OrganisationFacts
    let account: Int32
    private let ticker: Ticker
    private let now: Date
    private var segmentsMax: Int
    /// No slot of this batch lies behind it.
    private var horizon: Date
    /// The second of an account's own rate that this batch falls into, if the account has one.
    private var accountWindow: AccountWindow?
    private(set) var batch: AttemptBatch
    private(set) var segments = 0
    /// Something due was left behind for want of room.
    private(set) var hasMore = false
    private var texts: [DueText] = []
    private var states: [UUID: SenderState] = [:]

    init(
        organisation: OrganisationFacts, account: Int32, ticker: Ticker, now: Date, segmentsMax: Int
    ) {
        self.organisation = organisation
        self.account = account
        self.ticker = ticker
        self.now = now
        self.segmentsMax = segmentsMax
        horizon = now.addingTimeInterval(Ticker.horizonSeconds)
        batch = AttemptBatch(
            organisation: organisation.id, frequencyCap: organisation.frequencyCap)
        batch.cluster = ticker.cluster
    }

    /// Reads what is due and reserves slots for as much as rate, wire and turn have room for.
    ///
    /// - Returns: whether there is anything to commit.
    mutating func fill(
        _ senders: [SenderState], waiting: [UUID: Int], hasAnswers: Bool
    ) async throws -> Bool {
        let instant = BootInstant.now()
        guard let facts = ticker.world.account(account),
            !ticker.closed.accounts.contains(account),
            !ticker.fleet.isResting(account: account, at: instant)
        else { return false }
        if let rate = facts.segmentsPerSecond { try await limit(to: rate) }
        let room = min(ticker.fleet.room(account: account, max: facts.inFlightMax), segmentsMax)
        guard room > 0 else {
            hasMore = true
            return false
        }
        let rooms = rooms(for: senders, waiting: waiting, most: room, at: instant)
        guard !rooms.isEmpty else { return false }
        let due = try await ticker.store.due.due(
            organisation: organisation.id, rooms: rooms, most: room, holds: holds(),
            hasAnswers: hasAnswers)
        if due.count >= room { hasMore = true }
        for state in senders { states[state.id] = state }
        for (sender, texts) in Dictionary(grouping: due, by: \.sender) {
            guard let state = states[sender] else { continue }
            reserve(state, texts, room: room)
        }
        guard !batch.wishes.isEmpty else { return false }
        let campaigns = ticker.world.now.campaigns
        batch.endedCampaigns = Set(campaigns.values.filter(\.hasEnded).map(\.id))
        guard let spends = try await ticker.budgets.spends(for: batch.wishes, campaigns) else {
            return false
        }
        batch.spends = spends
        if let accountWindow, segments > 0 { batch.accountSpend = accountWindow.spend(segments) }
        return true
    }

    /// An account's own rate: the batch stays within the second it begins in and within what this
    /// worker was granted of that second.
    private mutating func limit(to rate: Double) async throws {
        let window = AccountWindow(account: account, cap: max(1, Int(rate)), now: now)
        accountWindow = window
        horizon = min(horizon, window.ends)
        let left = try await ticker.budgets.accountLeft(window, rate: rate)
        segmentsMax = min(segmentsMax, left)
    }

    /// Numbers with room by their rate, as many as the batch has room for and a few more, because not
    /// every one has so much due. What is read and not used is read again.
    private mutating func rooms(
        for senders: [SenderState], waiting: [UUID: Int], most: Int, at instant: BootInstant
    ) -> [(sender: UUID, texts: Int)] {
        var rooms: [(sender: UUID, texts: Int)] = []
        var sum = 0
        let usable = senders.filter { $0.isOurs && !$0.isResting(at: instant) }
        // Answers may be held back by the hours; numbers with nothing else must not keep the others
        // waiting, so the list alternates between its front and its back.
        for state in usable.alternating {
            guard sum < most * 2 else {
                hasMore = true
                break
            }
            let most = min(most, waiting[state.id, default: most])
            guard let room = roomFor(state, most: most) else { continue }
            rooms.append(room)
            sum += room.texts
        }
        return rooms
    }

    /// How many texts a number's rate has room for within the horizon, at one segment each.
    private func roomFor(_ state: SenderState, most: Int) -> (sender: UUID, texts: Int)? {
        let (pacing, tat) = pacing(state.lease)
        let texts = pacing.room(tat: tat, now: now.microsecond)
        return texts > 0 ? (state.id, min(texts, most)) : nil
    }

    /// A number's rate up to this batch's horizon, and from when on it may send.
    private func pacing(_ lease: LeasedSender) -> (pacing: Pacing, tat: Int64) {
        let ahead = horizon.microsecond - now.microsecond
        return (
            Pacing(segmentsPerSecond: lease.segmentsPerSecond, horizon: ahead),
            max(lease.tat, lease.readyAt).microsecond
        )
    }

    /// Whether the turn, and the account's second, have room for a text. Deficit round robin lets the
    /// last text of a turn overdraw; an account's rate does not.
    private func hasTurn(for text: DueText) -> Bool {
        guard let accountWindow else { return segments < segmentsMax }
        let size = max(1, Int(text.segments))
        // One longer than a whole second of a slow account goes alone, in a second of its own.
        if size > accountWindow.cap { return segments == 0 && segmentsMax == accountWindow.cap }
        return segments + size <= segmentsMax
    }

    private func holds() -> Holds {
        let held = ticker.world.now.campaigns.values.filter(\.isHeld).map(\.id)
        return Holds(
            campaigns: held + ticker.budgets.exhaustedCampaigns,
            openZoneSets: ticker.world.openZoneSets(organisation, at: now),
            closedPairs: ticker.world.closedPairs(organisation, at: now))
    }

    /// Gives slots to one number's texts, in order, while there is room; a row is taken from the
    /// front only.
    private mutating func reserve(_ state: SenderState, _ due: [DueText], room: Int) {
        let lease = state.lease
        let (pacing, tat) = pacing(lease)
        var course = pacing.course(tat: tat, now: now.microsecond)
        var cap = CapDay(lease: lease, at: Date(microsecond: course.tat))
        var takes: [UUID: Take] = [:]
        var rows: [UUID] = []
        for text in due {
            guard batch.wishes.count < room, hasTurn(for: text), let slot = course.slot,
                cap.hasRoom(for: text.segments)
            else {
                hasMore = true
                break
            }
            batch.wishes.append(
                Wish(
                    message: text.message, n: text.n, contact: text.contact, kind: text.kind,
                    campaign: text.campaign, sender: lease, segments: text.segments,
                    slot: Date(microsecond: slot), sendBefore: text.sendBefore))
            texts.append(text)
            segments += max(1, Int(text.segments))
            cap.use(text.segments)
            course.take(Int(text.segments))
            if takes[text.row] == nil {
                rows.append(text.row)
                takes[text.row] = Take(from: text)
            }
            takes[text.row]?.count += 1
        }
        guard !rows.isEmpty else { return }
        batch.takes.append(contentsOf: rows.compactMap { takes[$0] })
        batch.reservations.append(
            Reservation(
                sender: state.id, epoch: lease.epoch, tat: Date(microsecond: course.tat),
                capDay: cap.day,
                capUsed: Int32(clamping: cap.used)))
    }
}

/// A number's own daily cap, in segments, by the day of the slot in the cap's zone.
private struct CapDay {
    let day: String
    private(set) var used: Int
    private let cap: Int?

    init(lease: LeasedSender, at slot: Date) {
        // Only a number with a cap needs to know its day; an unknown zone counts by UTC.
        day =
            lease.dailyCap.flatMap { _ in
                (CapWindow(.day, at: slot, zone: lease.capZone)
                    ?? CapWindow(.day, at: slot, zone: "UTC"))?.key
            } ?? "2000-01-01"
        used = lease.capDay == day ? lease.capUsed : 0
        cap = lease.dailyCap
    }

    func hasRoom(for segments: Int16) -> Bool { cap.map { used + Int(segments) <= $0 } ?? true }
    mutating func use(_ segments: Int16) { used += Int(segments) }
}

extension BatchBuilder {
    /// Turns what was let go into flights.
    ///
    /// - Returns: the flights, and the places in the permit file that no flight needs.
    func flights(_ committed: CommittedBatch, places: [Int]) -> (flights: [Flight], unused: [Int]) {
        var flights: [Flight] = []
        var unused: [Int] = []
        guard let facts = ticker.world.account(account) else { return ([], places) }
        for (index, verdict) in committed.verdicts.enumerated() {
            guard verdict == .go,
                let flight = flight(index, committed, facts, place: places[index])
            else {
                unused.append(places[index])
                continue
            }
            flights.append(flight)
        }
        return (flights, unused)
    }

    private func flight(
        _ index: Int, _ committed: CommittedBatch, _ facts: World.Account, place: Int
    ) -> Flight? {
        let (wish, text) = (batch.wishes[index], texts[index])
        guard let state = states[wish.sender], let to = committed.numbers[wish.contact] else {
            return nil
        }
        let closes = closing(of: text)
        let slot = committed.clock.latest(wish.slot)
        let deadline = min(
            committed.clock.earliest(wish.slot) + 1, committed.judgedAt + 2,
            closes.map(committed.clock.earliest) ?? committed.judgedAt + 2)
        return Flight(
            organisation: organisation.id, wish: wish, zoneSet: text.zoneSet, sender: state,
            provider: facts.provider,
            text: OutboundText(
                to: to, from: state.lease.number, service: state.lease.service, body: text.body,
                media: text.media, validity: validity(until: closes, or: text.sendBefore),
                token: AttemptToken.mint(
                    organisation: organisation.id, message: wish.message, n: wish.n,
                    key: facts.callbackKey)),
            slot: slot, deadline: deadline, place: place)
    }

    /// When the recipient's window ends; nil for texts that the hours do not bind.
    private func closing(of text: DueText) -> Date? {
        switch text.kind {
        case .confirmation, .code, .test, .notice, .inbound: return nil
        case .first, .reply, .help: break
        }
        let campaign = text.campaign.flatMap { ticker.world.now.campaigns[$0] }
        let window = ticker.world.window(
            organisation: organisation, campaign: campaign, zoneSet: text.zoneSet, at: now)
        // Outside the window only an answer to somebody who wrote just now gets here.
        return window.flatMap { $0.contains(now.second) ? $0.closesAt : nil }
    }

    /// How long the provider may keep it: to the end of the window, at most 4 h.
    private func validity(until closes: Date?, or sendBefore: Date?) -> Duration {
        let seconds =
            [closes, sendBefore].compactMap { $0?.timeIntervalSince(now) }.min() ?? 14_400
        return .seconds(max(1, min(14_400, seconds)))
    }

    func noteAccountUse() {
        if let accountWindow { ticker.budgets.accountUsed(accountWindow, segments) }
    }

    func noteReserved(inFlight flights: [Flight]) {
        for reservation in batch.reservations {
            states[reservation.sender]?.reserved(
                tat: reservation.tat, capDay: reservation.capDay,
                capUsed: Int(reservation.capUsed),
                texts: flights.count { $0.sender.id == reservation.sender })
        }
    }

    /// Closing rows that say: nothing of this batch left.
    func unsentClosings(due: Date) -> [Closing] {
        zip(batch.wishes, texts).map { wish, text in
            Closing(
                organisation: organisation.id, message: wish.message, n: wish.n, result: .unsent,
                providerID: nil, code: "commit unknown", kind: wish.kind, campaign: wish.campaign,
                sender: wish.sender, zoneSet: text.zoneSet, segments: wish.segments, dueAt: due)
        }
    }
}

extension Array {
    /// First, last, second, last but one, and so on.
    fileprivate var alternating: [Element] {
        indices.map { $0.isMultiple(of: 2) ? self[$0 / 2] : self[count - 1 - $0 / 2] }
    }
}
