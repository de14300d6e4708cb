import Foundation

/// What callers of one campaign ask for, done together: while one transaction runs, the next wishes
/// gather.
///
/// Nobody waits for company: a wish that comes alone goes alone. Each campaign has its own line and
/// one connection at a time, so that five hundred who ask at once neither queue for each other's row
/// locks nor hold every connection of the process meanwhile. If a batch fails as a whole its wishes
/// are tried one by one, so that one bad one spoils none of the others.
actor Gatherer<Wish: Sendable, Answer: Sendable> {
    /// One answer to each wish, in order.
    typealias Work =
        @Sendable (_ wishes: [Wish], _ campaign: UUID, _ organisation: Int32) async throws ->
        [Answer]

    private let most: Int
    private let work: Work
    private var lines: [Key: Line] = [:]

    private struct Key: Hashable {
        var organisation: Int32
        var campaign: UUID
    }

    private struct Line {
        var waiting: [Waiting] = []
        var isRunning = false
    }

    private struct Waiting {
        var wish: Wish
        var answer: CheckedContinuation<Answer, any Error>
    }

    /// - Parameter most: wishes of one transaction; more wait for the next.
    init(most: Int, work: @escaping Work) {
        self.most = most
        self.work = work
    }

    func answer(to wish: Wish, campaign: UUID, organisation: Int32) async throws -> Answer {
        let key = Key(organisation: organisation, campaign: campaign)
        return try await withCheckedThrowingContinuation { answer in
            lines[key, default: Line()].waiting.append(Waiting(wish: wish, answer: answer))
            guard lines[key]?.isRunning == false else { return }
            lines[key]?.isRunning = true
            Task { await run(key) }
        }
    }

    /// How many wishes wait for a transaction.
    var waitingCount: Int { lines.values.reduce(0) { $0 + $1.waiting.count } }

    private func run(_ key: Key) async {
        while let batch = take(key) {
            do {
                let answers = try await work(batch.map(\.wish), key.campaign, key.organisation)
                for (waiting, answer) in zip(batch, answers) {
                    waiting.answer.resume(returning: answer)
                }
            } catch {
                await oneByOne(batch, key)
            }
        }
    }

    private func oneByOne(_ batch: [Waiting], _ key: Key) async {
        for waiting in batch {
            do {
                waiting.answer.resume(
                    returning: try await work([waiting.wish], key.campaign, key.organisation)[0])
            } catch {
                waiting.answer.resume(throwing: error)
            }
        }
    }

    /// The next wishes, `nil` and an idle line when there are none.
    private func take(_ key: Key) -> [Waiting]? {
        guard var line = lines[key], !line.waiting.isEmpty else {
            lines[key] = nil
            return nil
        }
        let batch = Array(line.waiting.prefix(most))
        line.waiting.removeFirst(batch.count)
        lines[key] = line
        return batch
    }
}
