import Foundation
import Store
import Synchronization

/// What every open page of one person is told: always the whole state, never a change to it.
struct LiveState: Encodable, Equatable, Sendable {
    /// How many wait for the person.
    var needs: Int
    /// `conversation@` and the ``stamp(_:)`` of the last inbound, oldest first; at most 100.
    var waiting: [String]
    /// How many anybody may take.
    var pool: Int
    /// State of the campaign the person texts for.
    var campaign: String

    /// Milliseconds since 1970, so that two texts of one second are two.
    static func stamp(_ moment: Date) -> String {
        "\(Int((moment.timeIntervalSince1970 * 1000).rounded()))"
    }
}

/// Looks once a second for each organisation that has streams, and at once when somebody wrote, and
/// tells whom it concerns.
///
/// Two statements a look, whatever the number of streams; organisations that nobody watches cost
/// nothing. ``LiveListener`` shortens the wait; without it a reply is on the screen a second after
/// it was committed.
actor LiveHub {
    private let store: PageStore
    private var streams: [Int32: [UUID: Subscriber]] = [:]
    /// One per organisation whose loop runs; says that there is something to see.
    private var wakers: [Int32: AsyncStream<Void>.Continuation] = [:]
    private var watched: [Int32: (members: Set<UUID>, at: ContinuousClock.Instant)] = [:]

    private struct Subscriber {
        var member: UUID
        var campaign: UUID?
        var told: LiveState?
        var continuation: AsyncStream<LiveState>.Continuation
    }

    init(store: PageStore) { self.store = store }

    /// The most time between two looks, and the least.
    static let interval: Duration = .seconds(1)
    static let pause: Duration = .milliseconds(100)
    /// How often it is noted who watches, and for how long that holds.
    static let watchInterval: Duration = .seconds(15)
    static let watchSpan: Duration = .seconds(40)

    /// States of one person: one at once, then one at each change, until the stream is dropped.
    func subscribe(_ visitor: Visitor, campaign: UUID?) -> AsyncStream<LiveState> {
        let id = UUID()
        let (stream, continuation) = AsyncStream.makeStream(
            of: LiveState.self, bufferingPolicy: .bufferingNewest(1))
        let house = visitor.organisation
        streams[house, default: [:]][id] = Subscriber(
            member: visitor.id, campaign: campaign, continuation: continuation)
        continuation.onTermination = { [weak self] _ in
            Task { await self?.remove(id, house) }
        }
        if wakers[house] == nil { start(house) }
        look(at: house)
        return stream
    }

    /// Something has happened in an organisation; nil: perhaps in any.
    func look(at organisation: Int32?) {
        guard let organisation else { return wakers.values.forEach { $0.yield() } }
        wakers[organisation]?.yield()
    }

    /// The state of one person, for pages that ask instead of listening.
    func state(of visitor: Visitor, campaign: UUID?) async throws -> LiveState {
        let facts = try await Facts(store, visitor.organisation)
        return facts.state(of: visitor.id, campaign: campaign)
    }

    private func remove(_ id: UUID, _ organisation: Int32) {
        streams[organisation]?[id] = nil
        if streams[organisation]?.isEmpty == true { streams[organisation] = nil }
    }

    private func start(_ organisation: Int32) {
        let (wakes, waker) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        wakers[organisation] = waker
        Task {
            let ticks = Task {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.interval)
                    waker.yield()
                }
            }
            await run(organisation, wakes)
            ticks.cancel()
        }
    }

    private func run(_ organisation: Int32, _ wakes: AsyncStream<Void>) async {
        for await _ in wakes {
            guard streams[organisation] != nil else { break }
            // A failed look is made good by the next one; pages keep what they show.
            if let facts = try? await Facts(store, organisation) { tell(facts, organisation) }
            await noteWatching(organisation)
            try? await Task.sleep(for: Self.pause)
        }
        wakers[organisation] = nil
        watched[organisation] = nil
        // Somebody may have come while the last look was on its way.
        if streams[organisation] != nil { start(organisation) }
    }

    /// Whoever looks at a page is here and needs no notice, from any process.
    private func noteWatching(_ organisation: Int32) async {
        let members = Set((streams[organisation] ?? [:]).values.map(\.member))
        let now = ContinuousClock.now
        if let last = watched[organisation], last.members.isSuperset(of: members),
            now - last.at < Self.watchInterval
        {
            return
        }
        watched[organisation] = (members, now)
        try? await store.volunteers.watching(
            Array(members), organisation: organisation, for: Self.watchSpan)
    }

    private func tell(_ facts: Facts, _ organisation: Int32) {
        for (id, subscriber) in streams[organisation] ?? [:] {
            let state = facts.state(of: subscriber.member, campaign: subscriber.campaign)
            guard state != subscriber.told else { continue }
            streams[organisation]?[id]?.told = state
            subscriber.continuation.yield(state)
        }
    }

    /// What one look found.
    private struct Facts {
        var mine: [UUID: [String]] = [:]
        var pool = 0
        var campaigns: [UUID: String] = [:]

        init(_ store: PageStore, _ organisation: Int32) async throws {
            for entry in try await store.desk.waiting(organisation: organisation) {
                let text = "\(entry.conversation.text)@\(LiveState.stamp(entry.since))"
                if let member = entry.member {
                    mine[member, default: []].append(text)
                } else {
                    pool += 1
                }
            }
            campaigns = try await store.desk.campaignStates(organisation: organisation)
        }

        func state(of member: UUID, campaign: UUID?) -> LiveState {
            let waiting = mine[member] ?? []
            return LiveState(
                needs: waiting.count, waiting: Array(waiting.prefix(100)), pool: pool,
                campaign: campaign.flatMap { campaigns[$0] } ?? "")
        }
    }
}
