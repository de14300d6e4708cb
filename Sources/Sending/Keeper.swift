import Curl
import Foundation
import Logging
import Providers
import Store
import Texting

/// The slow chores of a worker: doubts swept and looked up, partitions made ahead.
struct Keeper: Sendable {
    static let sweepInterval = Duration.seconds(5)
    /// Ages, in seconds, at which a doubt is looked up at the provider: 30 s, 2 min, 10 min, 1 h, 6 h
    /// (reference/reliability 2.5); each stands for the spans up to the next.
    static let lookUpAges: [Double] = [30, 120, 600, 3_600, 21_600]

    let parts: WorkerParts
    let accounts: @Sendable () async throws -> [WorkerAccount]

    func run() async {
        let engine = CurlEngine(maximumInFlight: 4)
        var rounds = 0
        while !Task.isCancelled {
            await chore("Doubts could not be swept.") {
                let found = try await parts.store.outcomes.sweep()
                if found > 0 {
                    parts.logger.warning(
                        "Tries without an outcome came into doubt.", metadata: ["texts": "\(found)"]
                    )
                }
            }
            await chore("Doubts could not be looked up.") { try await lookUp(engine) }
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
        engine.shutdown()
    }

    private func chore(_ complaint: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            parts.logger.warning("\(complaint)", metadata: ["error": "\(error)"])
        }
    }

    private func lookUp(_ engine: CurlEngine) async throws {
        let world = parts.world.now
        for age in Self.lookUpAges {
            let span = Self.sweepInterval / .seconds(1) + 1
            let doubts = try await parts.store.outcomes.doubts(
                agedFrom: age, to: age + span, limit: 200)
            for doubt in doubts {
                guard let account = world.accounts[doubt.account] else { continue }
                let search = DoubtSearch(doubt: doubt, provider: account.provider, engine: engine)
                guard let found = try await search.match(store: parts.store) else { continue }
                try await parts.store.outcomes.settle(
                    doubt.key, accepted: found.providerID, how: "look-up")
            }
        }
    }
}

/// Looks for the one text at the provider that a doubt can be.
struct DoubtSearch: Sendable {
    /// Clocks of ours and theirs may differ by this.
    static let skew = 30.0
    static let pagesMax = 5

    let doubt: Outcomes.Doubt
    let provider: any Provider
    let engine: CurlEngine

    /// The text of our list that is not bound to another try, if there is exactly one.
    ///
    /// Absence is evidence, not proof: it settles nothing.
    func match(store: SendStore) async throws -> ListedText? {
        let listed = try await listed().filter { text in
            !text.isInbound && text.to == doubt.to && text.from == doubt.from
                && text.body.map { $0 == doubt.body } ?? true
                && text.createdAt >= doubt.slot.timeIntervalSince1970 - Self.skew
                && text.createdAt
                    <= doubt.slot.timeIntervalSince1970 + Attempts.doubtSeconds + Self.skew
        }
        let bound = try await store.outcomes.boundProviderIDs(
            listed.map(\.providerID), near: doubt)
        let free = listed.filter { !bound.contains($0.providerID) }
        return free.count == 1 ? free[0] : nil
    }

    private func listed() async throws -> [ListedText] {
        var texts: [ListedText] = []
        var query = LookUp(
            to: doubt.to, from: doubt.from, service: doubt.service,
            day: CapWindow(.day, at: doubt.slot, zone: "UTC")?.key ?? "")
        for _ in 0..<Self.pagesMax {
            guard let request = provider.lookUpRequest(query),
                case .response(let response) = await engine.perform(request)
            else { return texts }
            let page = try provider.lookUpAnswer(response)
            texts.append(contentsOf: page.texts)
            guard let next = page.next else { break }
            query.page = next
        }
        return texts
    }
}
