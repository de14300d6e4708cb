import Foundation

/// Presses of all texters of this process, saved together: while one transaction runs, the next
/// presses gather.
///
/// Nobody waits for company: a press that comes alone goes alone. Each campaign has its own line, for
/// its own hours. If a batch fails as a whole its presses are tried one by one, so that one bad one
/// spoils none of the others.
package actor TapDesk {
    /// Saves presses of one campaign; gives what became of each, in order.
    package typealias Save =
        @Sendable (_ taps: [Tap], _ campaign: UUID, _ organisation: Int32) async throws ->
        [TapResult]

    /// Presses of one transaction at most; more wait for the next.
    static let tapsMax = 200

    private let save: Save
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
        var tap: Tap
        var answer: CheckedContinuation<TapResult, any Error>
    }

    /// - Parameter save: ``SendDesk/tap(_:campaign:organisation:)`` for pages.
    package init(save: @escaping Save) { self.save = save }

    /// Saves a press.
    ///
    /// - Parameter campaign: the one the lease belongs to.
    package func tap(
        _ tap: Tap, campaign: UUID, organisation: Int32
    ) async throws -> TapResult {
        let key = Key(organisation: organisation, campaign: campaign)
        return try await withCheckedThrowingContinuation { answer in
            lines[key, default: Line()].waiting.append(Waiting(tap: tap, answer: answer))
            guard lines[key]?.isRunning == false else { return }
            lines[key]?.isRunning = true
            Task { await run(key) }
        }
    }

    private func run(_ key: Key) async {
        while let batch = take(key) {
            do {
                let results = try await save(batch.map(\.tap), key.campaign, key.organisation)
                for (waiting, result) in zip(batch, results) {
                    waiting.answer.resume(returning: result)
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
                    returning: try await save([waiting.tap], key.campaign, key.organisation)[0])
            } catch {
                waiting.answer.resume(throwing: error)
            }
        }
    }

    /// The next presses, `nil` and an idle line when there are none.
    private func take(_ key: Key) -> [Waiting]? {
        guard var line = lines[key], !line.waiting.isEmpty else {
            lines[key] = nil
            return nil
        }
        let batch = Array(line.waiting.prefix(Self.tapsMax))
        line.waiting.removeFirst(batch.count)
        lines[key] = line
        return batch
    }
}
