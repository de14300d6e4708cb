/// When a sender may send: evenly spaced slots, counted in segments.
///
/// The state is one instant, the *theoretical arrival time* of the next segment (GCRA, ITU-T I.371
/// annex A, without burst tolerance). It only grows, so whoever holds the sender's row can reserve and
/// never undo: two workers that reserve one after the other cannot exceed the rate.
/// All instants are microseconds since 1970, the grain of `timestamptz`.
package struct Pacing: Sendable, Equatable {
    /// Segments per second that the carrier grants the sender, above 0.
    package let segmentsPerSecond: Double
    /// Slots lie at most this far ahead, in microseconds: what is committed must be sent soon.
    package let horizon: Int64

    /// The slots of texts in order, and the sender's state afterwards.
    package struct Reservation: Sendable, Equatable {
        /// One instant per text that found a slot; the others wait for a later tick.
        package let slots: [Int64]
        /// The theoretical arrival time to store.
        package let tat: Int64
    }

    package init(segmentsPerSecond: Double, horizon: Int64 = 1_000_000) {
        precondition(segmentsPerSecond > 0, "A sender's rate is above 0 segments per second.")
        self.segmentsPerSecond = segmentsPerSecond
        self.horizon = horizon
    }

    /// The time that `segments` segments take, in microseconds, rounded up so as never to hurry.
    package func span(of segments: Int) -> Int64 {
        Int64((Double(segments) * 1_000_000 / segmentsPerSecond).rounded(.up))
    }

    /// Reserves slots for texts of the given sizes, in their order.
    ///
    /// A text's slot is where its first segment goes; the next text waits until its last has gone.
    /// The first text without a slot ends the reservation, so that order is kept. A text longer than
    /// the horizon still gets its slot: it only delays the next.
    ///
    /// - Parameters:
    ///   - segments: Sizes of the texts, each at least 1.
    ///   - tat: The stored state; in the past if the sender was idle.
    ///   - now: The present by the clock to which slots refer.
    package func reserve(_ segments: [Int], tat: Int64, now: Int64) -> Reservation {
        let start = max(tat, now)
        var slots = [Int64]()
        var reserved = 0
        for size in segments {
            let slot = start + span(of: reserved)
            guard slot <= now + horizon else { break }
            slots.append(slot)
            reserved += max(1, size)
        }
        return Reservation(slots: slots, tat: slots.isEmpty ? tat : start + span(of: reserved))
    }

    /// How many segments fit before the horizon, at least one text's worth if any slot is free.
    package func room(tat: Int64, now: Int64) -> Int {
        let free = now + horizon - max(tat, now)
        guard free >= 0 else { return 0 }
        return Int((Double(free) * segmentsPerSecond / 1_000_000).rounded(.down)) + 1
    }
}
