import Foundation
import Store

/// Presses of many texters on their way into one transaction: while one batch commits, the next
/// gathers. One press is still one text by one person; each caller gets its own answer.
actor TapQueue {
    private let desk: SendDesk
    private var waiting: [Key: [Entry]] = [:]
    private var busy: Set<Key> = []

    private struct Key: Hashable {
        var organisation: Int32
        var campaign: UUID
    }
    private struct Entry {
        var tap: Tap
        var answer: CheckedContinuation<TapResult, any Error>
    }

    init(desk: SendDesk) { self.desk = desk }

    /// The most presses of one batch.
    private static let batchMax = 200

    func tap(_ tap: Tap, campaign: UUID, organisation: Int32) async throws -> TapResult {
        let key = Key(organisation: organisation, campaign: campaign)
        return try await withCheckedThrowingContinuation { continuation in
            waiting[key, default: []].append(Entry(tap: tap, answer: continuation))
            guard busy.insert(key).inserted else { return }
            Task { await drain(key) }
        }
    }

    private func drain(_ key: Key) async {
        while var entries = waiting.removeValue(forKey: key) {
            if entries.count > Self.batchMax {
                waiting[key] = Array(entries[Self.batchMax...])
                entries = Array(entries[..<Self.batchMax])
            }
            do {
                let results = try await desk.tap(
                    entries.map(\.tap), campaign: key.campaign, organisation: key.organisation)
                for (entry, result) in zip(entries, results) {
                    entry.answer.resume(returning: result)
                }
            } catch {
                for entry in entries { entry.answer.resume(throwing: error) }
            }
        }
        busy.remove(key)
    }
}
