import Foundation
import Logging
import Providers
import Store
import Synchronization
import Texting

/// Pulls what is due for the numbers held here, commits tries, and hands permits to the wire.
///
/// Over organisations it works by deficit round robin in segments (Shreedhar and Varghese 1995), so
/// that an organisation of a million texts does not keep one of a thousand waiting.
final class Ticker: Sendable {
    /// Slots are given out no further ahead than this: a reply that comes now is not behind a
    /// second's worth of first texts.
    static let horizonSeconds = 0.25
    static let quantumSegments = 250

    let worker: UUID
    let fleet: Fleet
    let world: World
    let closed: ClosedSet
    let store: SendStore
    let budgets: Budgets
    private let parts: WorkerParts
    private let wire: Wire
    private let clock: DatabaseClock
    private let logger: Logger
    private let ring = Mutex(Ring())
    private let known = Mutex<(busy: [BusySender], readAt: BootInstant)>(
        ([], BootInstant(nanoseconds: 0)))

    init(_ parts: WorkerParts, wire: Wire) {
        self.parts = parts
        worker = parts.incarnation
        fleet = parts.fleet
        world = parts.world
        closed = parts.closed
        store = parts.store
        budgets = parts.budgets
        clock = parts.clock
        logger = parts.logger
        self.wire = wire
    }

    var databaseNow: Date { clock.now }
    var cluster: String { parts.cluster.identity }

    /// One round over all organisations that have something due.
    ///
    /// - Returns: texts let go, and whether something due was left behind for want of room.
    func tick() async throws -> (texts: Int, hasMore: Bool) {
        let busy = try await busySenders()
        let byOrganisation = Dictionary(grouping: busy, by: \.organisation)
        let order = ring.withLock { $0.order(of: Array(byOrganisation.keys)) }
        var sent = 0
        var hasMore = false
        for organisation in order {
            let senders = Self.order(byOrganisation[organisation, default: []])
            let allowed = ring.withLock { $0.credit(organisation, Self.quantumSegments) }
            let used = try await attend(organisation, senders, segments: allowed)
            ring.withLock { $0.spend(organisation, used.segments, hasMore: used.hasMore) }
            sent += used.texts
            hasMore = hasMore || used.hasMore
        }
        // What was read says no more than who had something then.
        if sent == 0 { known.withLock { $0.readAt = BootInstant(nanoseconds: 0) } }
        return (sent, hasMore)
    }

    /// Who has something due, read once in ``TickLoop/interval`` however quickly ticks follow: with
    /// thousands of numbers the list costs as much as a batch.
    private func busySenders() async throws -> [BusySender] {
        let last = known.withLock { $0 }
        if BootInstant.now() < last.readAt + TickLoop.interval / .seconds(1) { return last.busy }
        let begun = BootInstant.now()
        let busy = try await store.facts.busySenders().filter { fleet.sender($0.sender) != nil }
        known.withLock { $0 = (busy, begun) }
        return busy
    }

    /// Numbers with answers first, the others in an order that differs from tick to tick, because one
    /// batch has no room for all.
    private static func order(_ busy: [BusySender]) -> [BusySender] {
        let (answering, others) = (busy.filter(\.hasAnswers), busy.filter { !$0.hasAnswers })
        return answering.shuffled() + others.shuffled()
    }

    private func attend(
        _ organisation: Int32, _ senders: [BusySender], segments: Int
    ) async throws -> (texts: Int, segments: Int, hasMore: Bool) {
        guard let facts = world.organisation(organisation), !parts.isStopping else {
            return (0, 0, false)
        }
        var sum = (texts: 0, segments: 0, hasMore: false)
        let states = senders.compactMap { fleet.sender($0.sender) }
        let waiting = Dictionary(
            senders.map { ($0.sender, $0.texts) }, uniquingKeysWith: { one, _ in one })
        for (account, states) in Dictionary(grouping: states, by: \.account) {
            var batch = BatchBuilder(
                organisation: facts, account: account, ticker: self, now: databaseNow,
                segmentsMax: segments - sum.segments)
            let isFilled = try await batch.fill(
                states, waiting: waiting, hasAnswers: senders.contains(where: \.hasAnswers))
            sum.hasMore = sum.hasMore || batch.hasMore
            guard isFilled else { continue }
            do {
                let sent = try await send(batch)
                sum.texts += sent
                sum.segments += batch.segments
            } catch let error as Attempts.Fenced {
                try await recover(error)
            } catch let error as Allowances.Exhausted {
                budgets.exhausted(error.scopes)
            }
        }
        return sum
    }

    private func send(_ batch: BatchBuilder) async throws -> Int {
        let places = batch.batch.wishes.count
        guard let taken = fleet.take(places: places, account: batch.account) else { return 0 }
        do {
            let committed = try await store.attempts.commit(batch.batch, worker: worker)
            clock.note(committed.clock)
            let (flights, unused) = batch.flights(committed, places: taken)
            forgo(unused, account: batch.account)
            batch.noteReserved(inFlight: flights)
            batch.noteAccountUse()
            PermitBatch(committed: flights).send(over: wire)
            return places
        } catch let error {
            forgo(taken, account: batch.account)
            if error is Attempts.CommitUnknown { await forget(batch) }
            throw error
        }
    }

    /// Nothing goes to the wire in these places.
    private func forgo(_ places: [Int], account: Int32) {
        fleet.landed(places.count, account: account)
        fleet.giveBack(places: places)
    }

    /// A COMMIT without an answer: no permit was made of it, so what it may have written is proven
    /// unsent by the only process that could have sent it.
    private func forget(_ batch: BatchBuilder) async {
        fleet.lose(batch.batch.reservations.map(\.sender))
        let closings = batch.unsentClosings(due: databaseNow)
        for _ in 0..<20 {
            do {
                return try await store.outcomes.recordIfAttempted(closings, worker: worker)
            } catch {
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        logger.error(
            "Tries of an unknown COMMIT could not be closed; the sweeper will put them in doubt.",
            metadata: ["texts": "\(closings.count)"])
    }

    /// The epoch moved on, or rows changed under us: drop what is not ours and read the rest again.
    private func recover(_ error: Attempts.Fenced) async throws {
        fleet.lose(error.senders)
        fleet.hold(try await store.leases.held(by: worker))
        logger.info(
            "Numbers moved to another worker.", metadata: ["senders": "\(error.senders.count)"])
    }
}

/// Whose turn it is.
private struct Ring {
    private var deficits: [Int32: Int] = [:]
    private var start: Int32 = 0

    /// All of them, beginning behind the one that began the last round.
    mutating func order(of organisations: [Int32]) -> [Int32] {
        let sorted = organisations.sorted()
        guard let first = sorted.first else { return [] }
        start = sorted.first { $0 > start } ?? first
        return sorted.filter { $0 >= start } + sorted.filter { $0 < start }
    }

    mutating func credit(_ organisation: Int32, _ quantum: Int) -> Int {
        deficits[organisation, default: 0] += quantum
        return deficits[organisation, default: 0]
    }

    /// Who has nothing more to send keeps no credit.
    mutating func spend(_ organisation: Int32, _ segments: Int, hasMore: Bool) {
        deficits[organisation] = hasMore ? max(0, deficits[organisation, default: 0] - segments) : 0
    }
}
