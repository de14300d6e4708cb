import Foundation
import Store
import Synchronization

/// What every open page of one person is told: always the whole state, never a change to it.
struct LiveState: Encodable, Equatable, Sendable {
    /// How many wait for the person.
    var needs: Int
    /// `conversation@second of the last inbound`, oldest first; at most 100.
    var waiting: [String]
    /// How many anybody may take.
    var pool: Int
    /// State of the campaign the person texts for.
    var campaign: String
}

/// Looks once a second for each organisation that has streams, and tells whom it concerns.
///
/// One statement an organisation and second, whatever the number of streams; organisations that
/// nobody watches cost nothing. A reply is on the screen about a second after it was committed.
actor LiveHub {
    private let store: PageStore
    private var streams: [Int32: [UUID: Subscriber]] = [:]
    private var loops: Set<Int32> = []

    private struct Subscriber {
        var member: UUID
        var campaign: UUID?
        var told: LiveState?
        var continuation: AsyncStream<LiveState>.Continuation
    }

    init(store: PageStore) { self.store = store }

    /// Time between two looks.
    static let interval: Duration = .seconds(1)

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
        if loops.insert(house).inserted { Task { await run(house) } }
        return stream
    }

    /// Whether a page of that member is open here: then nothing else need tell them.
    func isWatching(_ member: UUID, organisation: Int32) -> Bool {
        streams[organisation]?.values.contains { $0.member == member } ?? false
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

    private func run(_ organisation: Int32) async {
        while streams[organisation] != nil {
            // A failed look is made good by the next one; pages keep what they show.
            if let facts = try? await Facts(store, organisation) { tell(facts, organisation) }
            try? await Task.sleep(for: Self.interval)
        }
        loops.remove(organisation)
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
                let text = "\(entry.conversation.text)@\(Int(entry.since.timeIntervalSince1970))"
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
