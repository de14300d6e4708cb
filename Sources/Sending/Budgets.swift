import Foundation
import Store
import Synchronization
import Texting

/// What this worker was granted of campaigns' spend ceilings.
///
/// A chunk is taken in a transaction of its own and spent inside the attempts (DESIGN 4, step 3); a
/// campaign whose ceiling is used up waits, its texts stay in the outbox.
final class Budgets: Sendable {
    /// Texts' worth of money that one grant asks for.
    static let chunkSegments = 500
    static let retrySeconds = 5.0

    private struct Inner {
        var left: [UUID: Int] = [:]
        var exhausted: [UUID: BootInstant] = [:]
        var window: [Int32: (key: String, left: Int)] = [:]
    }
    private let inner = Mutex(Inner())
    private let store: SendStore
    private let worker: UUID

    init(store: SendStore, worker: UUID) {
        self.store = store
        self.worker = worker
    }

    /// Campaigns that wait for money.
    var exhaustedCampaigns: [UUID] {
        let now = BootInstant.now()
        return inner.withLock { inner in
            inner.exhausted = inner.exhausted.filter { $0.value > now }
            return Array(inner.exhausted.keys)
        }
    }

    /// What a batch costs its campaigns; first tries of first texts only, so that a retry is not paid
    /// twice here.
    ///
    /// - Returns: nil if a ceiling does not cover it; the campaign then waits.
    func spends(
        for wishes: [Wish], _ campaigns: [UUID: CampaignFacts]
    ) async throws -> [Spend]? {
        var costs: [UUID: Int] = [:]
        for wish in wishes where wish.n == 1 && wish.kind == .first {
            guard let id = wish.campaign, let facts = campaigns[id],
                facts.spendCeilingMicros != nil
            else { continue }
            costs[id, default: 0] += Int(wish.segments) * facts.priceMicros
        }
        for (id, cost) in costs {
            guard let facts = campaigns[id], try await isCovered(facts, cost) else { return nil }
        }
        inner.withLock { inner in
            for (id, cost) in costs { inner.left[id, default: 0] -= cost }
        }
        return costs.filter { $0.value > 0 }.map {
            Spend(scope: Spend.scope(campaign: $0.key), window: "all", amount: $0.value)
        }
    }

    private func isCovered(_ campaign: CampaignFacts, _ cost: Int) async throws -> Bool {
        let left = inner.withLock { $0.left[campaign.id, default: 0] }
        guard left < cost, let ceiling = campaign.spendCeilingMicros else { return true }
        let wanted = max(cost - left, Self.chunkSegments * campaign.priceMicros)
        let granted = try await store.grantSpend(
            campaign: campaign, ceiling: ceiling, wanted: wanted, worker: worker)
        inner.withLock {
            $0.left[campaign.id] = granted
            if granted < cost { $0.exhausted[campaign.id] = .now() + Self.retrySeconds }
        }
        return granted >= cost
    }

    /// What this worker may still send over an account in the current second, after asking for a
    /// quarter of a second's worth more when it has nothing left.
    func accountLeft(_ window: AccountWindow, rate: Double) async throws -> Int {
        // A long text must fit: at least ten segments at once, or all of a slow account's second.
        let cap = max(1, Int(rate.rounded(.down)))
        let least = max(cap / 4, min(cap, 10))
        let known = inner.withLock { $0.window[window.account] }
        let left = known.map { $0.key == window.key ? $0.left : 0 } ?? 0
        guard left < least else { return left }
        let granted = try await store.grantAccountSecond(
            scope: window.scope, window: window.key, rate: cap, wanted: least - left,
            worker: worker)
        inner.withLock { $0.window[window.account] = (window.key, granted) }
        return granted
    }

    func accountUsed(_ window: AccountWindow, _ segments: Int) {
        inner.withLock { $0.window[window.account]?.left -= segments }
    }

    /// The database says that a share was smaller than we thought: ask again next time.
    func exhausted(_ scopes: Set<String>) {
        inner.withLock { inner in
            inner.window = [:]
            for id in inner.left.keys where scopes.contains(Spend.scope(campaign: id)) {
                inner.left[id] = 0
            }
        }
    }
}

/// One second of one account's rate, by the database's clock.
struct AccountWindow: Sendable {
    let account: Int32
    /// Segments of one second.
    let cap: Int
    private let window: CapWindow?

    init(account: Int32, cap: Int, now: Date) {
        self.account = account
        self.cap = cap
        window = CapWindow(.second, at: now, zone: "UTC")
    }

    var scope: String { "account:\(account)" }
    var key: String { window?.key ?? "" }
    /// The last instant of the second.
    var ends: Date { Date(timeIntervalSince1970: Double(window?.closes ?? 0) - 0.001) }
    func spend(_ segments: Int) -> Spend {
        Spend(scope: scope, window: key, amount: min(segments, cap))
    }
}
