import Foundation
import Store
import Synchronization

/// One leased number in this process: its slots, its spacing at the wire, its circuit.
final class SenderState: Sendable {
    /// How far two texts may come closer on the wire than their slots: a connection that had to be
    /// opened delays one text and not the next. Any window of W seconds thus holds at most
    /// rate × (W + 0.05) segments and one text more.
    static let slack = 0.05
    /// After so many doubts in a row the number rests, so that an outage costs few.
    static let doubtsMax = 3
    static let restSeconds = 30.0

    private struct Inner {
        var lease: LeasedSender
        /// No text before this at the wire.
        var nextGate = BootInstant(nanoseconds: 0)
        var isOurs = true
        var restsUntil = BootInstant(nanoseconds: 0)
        var doubtsInARow = 0
        var inFlight = 0
    }

    let id: UUID
    let organisation: Int32
    let account: Int32
    private let inner: Mutex<Inner>

    init(_ lease: LeasedSender) {
        id = lease.id
        organisation = lease.organisation
        account = lease.account
        inner = Mutex(Inner(lease: lease))
    }

    var lease: LeasedSender { inner.withLock(\.lease) }
    var inFlight: Int { inner.withLock(\.inFlight) }
    /// Seconds that one segment takes.
    var secondsPerSegment: Double { inner.withLock { 1 / $0.lease.segmentsPerSecond } }

    /// A lease that was renewed with other settings, or read again after a failure.
    func refresh(_ lease: LeasedSender) {
        inner.withLock {
            // Within an epoch nobody else writes the rate state, and what was read may be older.
            let old = $0.lease
            $0.lease = lease
            $0.lease.tat = max(old.tat, lease.tat)
            $0.lease.capDay = old.capDay
            $0.lease.capUsed = old.capUsed
        }
    }

    /// What a committed batch reserved.
    func reserved(tat: Date, capDay: String, capUsed: Int, texts: Int) {
        inner.withLock {
            $0.lease.tat = tat
            $0.lease.capDay = capDay
            $0.lease.capUsed = capUsed
            $0.inFlight += texts
        }
    }

    func landed() { inner.withLock { $0.inFlight -= 1 } }

    /// From now on every gate of this number is shut.
    func lose() { inner.withLock { $0.isOurs = false } }
    var isOurs: Bool { inner.withLock(\.isOurs) }

    func rest(seconds: Double, from now: BootInstant) {
        inner.withLock { $0.restsUntil = max($0.restsUntil, now + seconds) }
    }
    func isResting(at now: BootInstant) -> Bool { inner.withLock { $0.restsUntil > now } }

    /// Counts answers; opens the circuit after too many doubts in a row.
    func answered(isDoubt: Bool, at now: BootInstant) {
        inner.withLock {
            $0.doubtsInARow = isDoubt ? $0.doubtsInARow + 1 : 0
            if $0.doubtsInARow >= Self.doubtsMax {
                $0.restsUntil = max($0.restsUntil, now + Self.restSeconds)
            }
        }
    }

    /// When a text may be handed to the wire, at the earliest, behind those before it.
    func earliestStart(_ now: BootInstant) -> BootInstant {
        inner.withLock { max($0.nextGate, now) }
    }

    /// The gate's own look at epoch and spacing; on success the next text is spaced from this one.
    func pass(epoch: Int32, segments: Int16, now: BootInstant) -> Refusal? {
        inner.withLock {
            guard $0.isOurs, $0.lease.epoch == epoch else { return .fenced }
            guard now >= $0.nextGate + -Self.slack else { return .spacing }
            $0.nextGate = max(now, $0.nextGate) + Double(segments) / $0.lease.segmentsPerSecond
            return nil
        }
    }
}
