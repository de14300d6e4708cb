import Foundation
import Synchronization
import Testing

@testable import Store

/// Wishes of many, done in few transactions.
@Suite struct GathererTests {
    private struct Bad: Error {}
    private let campaign = UUID.v7()

    /// What the work was asked, batch by batch.
    private final class Log: Sendable {
        let batches = Mutex<[[Int]]>([])
        /// Wishes that were begun.
        var begun: Int { batches.withLock { $0.joined().count } }
    }

    @Test func `wishes that come while one is done go together, in order`() async throws {
        let log = Log()
        let gate = AsyncStream.makeStream(of: Void.self)
        let gatherer = Gatherer<Int, Int>(most: 3) { wishes, _, _ in
            let isFirst = log.batches.withLock { batches in
                batches.append(wishes)
                return batches.count == 1
            }
            if isFirst { for await _ in gate.stream { break } }
            return wishes.map { $0 * 10 }
        }

        let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            for wish in 0..<8 {
                group.addTask {
                    (wish, try await gatherer.answer(to: wish, campaign: campaign, organisation: 1))
                }
                // One after the other, so that the order is known.
                while await gatherer.waitingCount + log.begun < wish + 1 { await Task.yield() }
            }
            gate.continuation.yield()
            return try await group.reduce(into: [Int: Int]()) { $0[$1.0] = $1.1 }
        }

        #expect(answers == Dictionary(uniqueKeysWithValues: (0..<8).map { ($0, $0 * 10) }))
        #expect(log.batches.withLock { $0 } == [[0], [1, 2, 3], [4, 5, 6], [7]])
    }

    @Test func `one bad wish spoils none of the others`() async throws {
        let gatherer = Gatherer<Int, Int>(most: 10) { wishes, _, _ in
            if wishes.contains(3) { throw Bad() }
            return wishes
        }

        let answers = await withTaskGroup(of: Int?.self) { group in
            for wish in 0..<6 {
                group.addTask {
                    try? await gatherer.answer(to: wish, campaign: campaign, organisation: 1)
                }
            }
            return await group.reduce(into: Set<Int?>()) { $0.insert($1) }
        }

        #expect(answers == [0, 1, 2, nil, 4, 5])
    }
}
