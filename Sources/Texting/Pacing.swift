import Foundation

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
        var course = course(tat: tat, now: now)
        var slots = [Int64]()
        for size in segments {
            guard let slot = course.slot else { break }
            slots.append(slot)
            course.take(size)
        }
        return Reservation(slots: slots, tat: slots.isEmpty ? tat : course.tat)
    }

    /// The sender's slots from `tat` or `now` on, whichever is later, to be taken text by text.
    package func course(tat: Int64, now: Int64) -> Course {
        Course(pacing: self, start: max(tat, now), last: now + horizon)
    }

    /// How many segments fit before the horizon, at least one text's worth if any slot is free.
    package func room(tat: Int64, now: Int64) -> Int {
        let free = now + horizon - max(tat, now)
        guard free >= 0 else { return 0 }
        return Int((Double(free) * segmentsPerSecond / 1_000_000).rounded(.down)) + 1
    }
}

extension Pacing {
    /// A sender's slots while texts are chosen one by one.
    ///
    /// Sizes are summed before they are turned into time, so that rounding adds up to less than a
    /// microsecond, however many texts are taken.
    package struct Course: Sendable {
        fileprivate let pacing: Pacing
        fileprivate let start: Int64
        fileprivate let last: Int64
        private var taken = 0

        fileprivate init(pacing: Pacing, start: Int64, last: Int64) {
            (self.pacing, self.start, self.last) = (pacing, start, last)
        }

        /// The theoretical arrival time of the next segment, to be stored at the end.
        package var tat: Int64 { start + pacing.span(of: taken) }

        /// Where the next text's first segment goes; nil if that lies beyond the horizon.
        package var slot: Int64? { tat <= last ? tat : nil }

        /// Gives the slot to a text of `segments`, at least one.
        package mutating func take(_ segments: Int) { taken += max(1, segments) }
    }
}

extension Date {
    /// Microseconds since 1970, rounded up: never earlier than the instant.
    package var microsecond: Int64 { Int64((timeIntervalSince1970 * 1_000_000).rounded(.up)) }

    package init(microsecond: Int64) {
        self.init(timeIntervalSince1970: Double(microsecond) / 1_000_000)
    }
}
