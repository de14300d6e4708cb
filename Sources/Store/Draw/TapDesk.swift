import Foundation
import Postgres

/// Presses of all texters of this process, saved together: while one transaction runs, the next
/// presses gather.
///
/// Nobody waits for company: a press that comes alone goes alone. Each campaign has its own line, for
/// its own hours. If a batch fails as a whole its presses are tried one by one, so that one bad one
/// spoils none of the others.
package actor TapDesk {
    /// Presses of one transaction at most; more wait for the next.
    static let tapsMax = 200

    private let draw: Draw
    private var lines: [UUID: Line] = [:]

    private struct Line {
        var waiting: [Waiting] = []
        var isRunning = false
    }

    private struct Waiting {
        var tap: Tap
        var answer: CheckedContinuation<TapResult, any Error>
    }

    package init(draw: Draw) { self.draw = draw }

    /// Saves a press; see ``Draw/tap(_:organisation:windows:now:)-(Tap,_,_,_)``.
    ///
    /// - Parameters:
    ///   - campaign: the one the lease belongs to.
    ///   - windows: its hours.
    package func tap(
        _ tap: Tap, campaign: UUID, organisation: Int32, windows: @escaping Draw.Windows
    ) async throws -> TapResult {
        try await withCheckedThrowingContinuation { answer in
            lines[campaign, default: Line()].waiting.append(Waiting(tap: tap, answer: answer))
            guard lines[campaign]?.isRunning == false else { return }
            lines[campaign]?.isRunning = true
            Task { await run(campaign, organisation, windows) }
        }
    }

    private func run(
        _ campaign: UUID, _ organisation: Int32, _ windows: @escaping Draw.Windows
    ) async {
        while let batch = take(campaign) {
            do {
                let results = try await draw.tap(
                    batch.map(\.tap), organisation: organisation, windows: windows)
                for (waiting, result) in zip(batch, results) {
                    waiting.answer.resume(returning: result)
                }
            } catch {
                await oneByOne(batch, organisation, windows)
            }
        }
    }

    private func oneByOne(
        _ batch: [Waiting], _ organisation: Int32, _ windows: @escaping Draw.Windows
    ) async {
        for waiting in batch {
            do {
                waiting.answer.resume(
                    returning: try await draw.tap(
                        waiting.tap, organisation: organisation, windows: windows))
            } catch {
                waiting.answer.resume(throwing: error)
            }
        }
    }

    /// The next presses, `nil` and an idle line when there are none.
    private func take(_ campaign: UUID) -> [Waiting]? {
        guard var line = lines[campaign], !line.waiting.isEmpty else {
            lines[campaign] = nil
            return nil
        }
        let batch = Array(line.waiting.prefix(Self.tapsMax))
        line.waiting.removeFirst(batch.count)
        lines[campaign] = line
        return batch
    }
}
