import Foundation
import Store
import Synchronization

/// The numbers this worker holds, and what is in flight on their accounts.
final class Fleet: Sendable {
    /// Texts between attempt and answer, per worker (DESIGN 4, step 2). What is answered and not yet
    /// written down is bounded by the places of the permit file.
    static let inFlightMax = 500

    private struct Inner {
        var senders: [UUID: SenderState] = [:]
        var byAccount: [Int32: Int] = [:]
        var accountRests: [Int32: BootInstant] = [:]
        var freePlaces = Array((0..<PermitFile.places).reversed())
        var inFlight = 0
    }
    private let inner = Mutex(Inner())

    var senders: [UUID: SenderState] { inner.withLock(\.senders) }
    /// Texts between attempt and committed outcome.
    var open: Int { inner.withLock { PermitFile.places - $0.freePlaces.count } }
    var count: Int { inner.withLock { $0.senders.count } }

    func sender(_ id: UUID) -> SenderState? { inner.withLock { $0.senders[id] } }

    /// Takes up freshly leased numbers, and what changed about those held.
    func hold(_ leases: [LeasedSender]) {
        inner.withLock { inner in
            for lease in leases {
                if let known = inner.senders[lease.id], known.isOurs,
                    known.lease.epoch == lease.epoch
                {
                    known.refresh(lease)
                } else {
                    inner.senders[lease.id]?.lose()
                    inner.senders[lease.id] = SenderState(lease)
                }
            }
        }
    }

    /// What the database says we hold: settings are taken over, the rest is lost.
    func keep(only held: [LeasedSender]) {
        let ids = Set(held.map(\.id))
        lose(senders.keys.filter { !ids.contains($0) })
        hold(held)
    }

    /// Another worker has them, or may have.
    func lose(_ ids: some Sequence<UUID>) {
        inner.withLock { inner in
            for id in ids { inner.senders.removeValue(forKey: id)?.lose() }
        }
    }

    /// Room for another batch on an account: at most half of the worker's flights each.
    func room(account: Int32, max accountMax: Int) -> Int {
        inner.withLock { inner in
            let onAccount = inner.byAccount[account, default: 0]
            let half = min(accountMax, Self.inFlightMax / 2)
            return max(
                0, min(half - onAccount, Self.inFlightMax - inner.inFlight, inner.freePlaces.count))
        }
    }

    /// Places for texts about to be committed; as many as asked, or none.
    func take(places count: Int, account: Int32) -> [Int]? {
        inner.withLock { inner in
            guard inner.freePlaces.count >= count else { return nil }
            let places = Array(inner.freePlaces.suffix(count))
            inner.freePlaces.removeLast(count)
            inner.inFlight += count
            inner.byAccount[account, default: 0] += count
            return places
        }
    }

    /// So many texts have their answer, or never left: the wire has room for others.
    func landed(_ count: Int = 1, account: Int32) {
        inner.withLock { inner in
            inner.inFlight -= count
            inner.byAccount[account, default: 0] -= count
        }
    }

    /// The outcomes of these are committed, or there was nothing to send.
    func giveBack(places: [Int]) {
        inner.withLock { $0.freePlaces.append(contentsOf: places) }
    }

    func rest(account: Int32, seconds: Double, from now: BootInstant) {
        inner.withLock {
            $0.accountRests[account] = max($0.accountRests[account] ?? now, now + seconds)
        }
    }
    func isResting(account: Int32, at now: BootInstant) -> Bool {
        inner.withLock { ($0.accountRests[account] ?? now) > now }
    }
}
