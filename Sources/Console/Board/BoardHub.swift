import Foundation
import Store

/// One look a second at each campaign that somebody watches, however many do.
///
/// Pages ask here too, so that a board opened by a thousand people costs what one costs.
actor BoardHub {
    struct Key: Hashable, Sendable {
        var organisation: Int32
        var campaign: UUID
    }

    /// The least time between two looks, and between two events of a stream.
    static let interval: Duration = .seconds(1)

    private let boards: Boards
    private var looks: [Key: (at: ContinuousClock.Instant, task: Task<BoardFacts?, any Error>)] =
        [:]
    private var streams: [Key: [UUID: AsyncStream<BoardFacts>.Continuation]] = [:]

    init(boards: Boards) { self.boards = boards }

    /// The board, at most a second old; nil if there is no such campaign.
    func facts(_ key: Key) async throws -> BoardFacts? {
        if let look = looks[key], look.at.advanced(by: Self.interval) > .now {
            return try await look.task.value
        }
        let boards = boards
        let task = Task {
            try await boards.facts(of: key.campaign, organisation: key.organisation)
        }
        looks[key] = (.now, task)
        return try await task.value
    }

    /// Forgets what was seen: somebody has just changed the campaign.
    func forget(_ key: Key) { looks[key] = nil }

    /// Facts, one each second at most, until the stream is dropped.
    func subscribe(_ key: Key) -> AsyncStream<BoardFacts> {
        let id = UUID()
        let (stream, continuation) = AsyncStream.makeStream(
            of: BoardFacts.self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { [weak self] _ in Task { await self?.remove(id, key) } }
        let isFirst = streams[key] == nil
        streams[key, default: [:]][id] = continuation
        if isFirst { Task { await run(key) } }
        return stream
    }

    private func remove(_ id: UUID, _ key: Key) {
        streams[key]?[id] = nil
        guard streams[key]?.isEmpty == true else { return }
        streams[key] = nil
        looks[key] = nil
    }

    private func run(_ key: Key) async {
        while streams[key] != nil {
            // A failed look is made good by the next one; pages keep what they show.
            if let facts = (try? await facts(key)) ?? nil {
                for stream in (streams[key] ?? [:]).values { stream.yield(facts) }
            }
            try? await Task.sleep(for: Self.interval)
        }
    }
}
