import Foundation
import Store
import Synchronization
import Texting

/// What no text may pass any more, as read a moment ago: one set in memory for all gates.
///
/// It narrows the window between an attempt's commit and the wire; the proof is the lock order in
/// the database and the gate's deadline. Polled every 250 ms; older than 1 s it closes every gate.
final class ClosedSet: Sendable {
    /// Seconds after which the set is too old to let anything through.
    static let ageMax = 1.0

    struct Contents: Sendable {
        var contacts: Set<UUID> = []
        /// Paused or held: nothing of theirs passes.
        var campaigns: Set<UUID> = []
        /// Over: their first texts do not pass, answers to people who wrote do.
        var ended: Set<UUID> = []
        var accounts: Set<Int32> = []
        var readAt = BootInstant(nanoseconds: 0)
    }

    private let contents = Mutex(Contents())

    func replace(_ fresh: Contents) {
        contents.withLock { $0 = fresh }
    }

    func closeAccount(_ account: Int32) {
        _ = contents.withLock { $0.accounts.insert(account) }
    }

    var campaigns: Set<UUID> { contents.withLock(\.campaigns) }
    var accounts: Set<Int32> { contents.withLock(\.accounts) }

    /// Why this text may not pass, or nil.
    func refusal(
        contact: UUID, campaign: UUID?, account: Int32, purpose: Verdict.Purpose, now: BootInstant
    ) -> Refusal? {
        contents.withLock { set in
            if now - set.readAt > Self.ageMax { return .blind }
            if set.accounts.contains(account) { return .accountClosed }
            if purpose == .exempt { return nil }
            if set.contacts.contains(contact) { return .stopped }
            if let campaign, set.campaigns.contains(campaign) { return .paused }
            if purpose == .unasked, let campaign, set.ended.contains(campaign) { return .paused }
            return nil
        }
    }
}

/// Why a gate stayed shut. Nothing of the body left, so the try is *unsent*.
enum Refusal: String, Sendable {
    case late = "gate: too late"
    case fenced = "gate: number held by another worker"
    case spacing = "gate: too soon after the last text"
    case stopped = "gate: person opted out"
    case paused = "gate: campaign paused"
    case accountClosed = "gate: account closed"
    case blind = "gate: no fresh list of stops"

    /// Seconds before the text is worth another try.
    var delay: Double {
        switch self {
        case .late, .spacing, .fenced: 0
        case .stopped, .paused, .accountClosed, .blind: 1
        }
    }
}
