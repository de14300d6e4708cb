import Foundation
import Logging
import Store

/// The slow chores of a worker: doubts swept, partitions made ahead, old windows forgotten.
struct Keeper: Sendable {
    static let sweepInterval = Duration.seconds(5)
    /// Every twelfth sweep looks at everything above the watermark, a minute of tries; those between
    /// look at the newest deadlines. Whoever waits for a worker is looked at every time.
    static let thoroughRounds = 12
    let parts: WorkerParts

    func run() async {
        var rounds = 0
        var someWait = true
        while !Task.isCancelled {
            let isQuick = !someWait && rounds % Self.thoroughRounds != 0
            await chore("Doubts could not be swept.") { someWait = try await sweep(isQuick) }
            await chore("Campaigns could not be looked after.") {
                for change in try await parts.store.campaignWatch.look() { tell(change) }
            }
            if rounds % 720 == 0 {
                await chore("Partitions could not be made.") {
                    try await parts.store.makePartitions()
                }
            }
            if rounds % 60 == 0 {
                await chore("Old windows could not be pruned.") {
                    try await parts.store.pruneAllowances(
                        before: parts.clock.now.addingTimeInterval(-3600))
                }
            }
            rounds += 1
            try? await Task.sleep(for: Self.sweepInterval)
        }
    }

    /// - Returns: whether tries past their deadline wait for their worker.
    private func sweep(_ isQuick: Bool) async throws -> Bool {
        let found = try await parts.store.outcomes.sweep(by: parts.incarnation, isQuick: isQuick)
        if found.closed > 0 {
            parts.logger.warning(
                "Tries without an outcome came into doubt.", metadata: ["texts": "\(found.closed)"])
        }
        return found.waiting > 0
    }

    private func tell(_ change: CampaignWatch.Change) {
        switch change {
        case .held(let campaign, let reason):
            parts.logger.warning(
                "A campaign was held: a person has to look at it.",
                metadata: ["campaign": "\(campaign.text)", "reason": "\(reason.text)"])
        case .released(let campaign):
            parts.logger.info(
                "A campaign goes on beyond its first slice.",
                metadata: ["campaign": "\(campaign.text)"])
        }
    }

    private func chore(_ complaint: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            parts.logger.warning("\(complaint)", metadata: ["error": "\(error)"])
        }
    }
}
