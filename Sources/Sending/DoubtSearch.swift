import Curl
import Foundation
import Logging
import Providers
import Store
import Texting

/// Looks doubts up at the provider as they grow old; in a task of its own, because a provider that is
/// out of reach takes its time to say nothing.
struct DoubtLoop: Sendable {
    static let interval = Duration.seconds(5)
    /// Ages, in seconds, at which a doubt is looked up (reference/reliability 2.5).
    static let ages: [Double] = [30, 120, 600, 3_600, 21_600]

    let parts: WorkerParts

    func run() async {
        let engine = CurlEngine(maximumInFlight: 4)
        // What has passed each age since we last looked; a round that failed is made up for.
        var covered: [Double: BootInstant] = [:]
        while !Task.isCancelled {
            for age in Self.ages {
                let now = BootInstant.now()
                let span = covered[age].map { now - $0 } ?? 60
                if await look(age: age, span: span + 1, engine) { covered[age] = now }
            }
            try? await Task.sleep(for: Self.interval)
        }
        engine.shutdown()
    }

    /// - Returns: whether all doubts of that age were asked about.
    private func look(age: Double, span: Double, _ engine: CurlEngine) async -> Bool {
        guard
            let doubts = try? await parts.store.outcomes.doubts(
                agedFrom: age, to: age + span, limit: 200)
        else { return false }
        var isWhole = true
        for doubt in doubts where !Task.isCancelled {
            do {
                try await settle(doubt, engine)
            } catch {
                isWhole = false
                parts.logger.warning(
                    "A doubt could not be looked up.", metadata: ["error": "\(error)"])
            }
        }
        return isWhole
    }

    private func settle(_ doubt: Outcomes.Doubt, _ engine: CurlEngine) async throws {
        guard let account = parts.world.now.accounts[doubt.account] else { return }
        let search = DoubtSearch(doubt: doubt, provider: account.provider, engine: engine)
        guard let found = try await search.match(store: parts.store) else { return }
        try await parts.store.outcomes.settle(
            doubt.key, accepted: found.providerID, how: "look-up")
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
