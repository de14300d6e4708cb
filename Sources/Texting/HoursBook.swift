import Synchronization

/// Windows computed once and compared often: what the draw, the attempt and the gate ask.
///
/// A window found at some instant is the answer for every later one until it closes, so it is kept
/// per zone set and policy until then. Safe to share between threads.
package final class HoursBook: Sendable {
    private struct Question: Hashable {
        let zones: String
        let policy: HoursPolicy
    }

    private struct Answer {
        let window: DayWindow?
        /// The answer holds from this instant on, in epoch seconds …
        let from: Int64
        /// … until this one.
        let until: Int64
    }

    private struct State {
        var hours = [HoursPolicy: TextingHours]()
        var answers = [Question: Answer]()
    }

    private let state = Mutex(State())
    private let answersMax: Int

    /// - Parameter answersMax: More zone sets and policies than this empty the book.
    package init(answersMax: Int = 10_000) {
        self.answersMax = answersMax
    }

    /// The window in which `instant` lies, or the next one.
    ///
    /// - Parameters:
    ///   - zones: The canonical key of a ``ZoneSet``; empty if nothing is known.
    ///   - instant: Epoch seconds.
    /// - Returns: `nil` if no window begins within twelve days; asked again after an hour.
    package func window(
        zones: String, policy: HoursPolicy = HoursPolicy(), at instant: Int64
    ) -> DayWindow? {
        let question = Question(zones: zones, policy: policy)
        return state.withLock { state in
            if let known = state.answers[question], instant >= known.from, instant < known.until {
                return known.window
            }
            let hours = state.hours[policy] ?? TextingHours(policy)
            let names = zones.split(separator: ",").map(String.init)
            let window = hours.window(zones: names, at: instant)
            if state.answers.count >= answersMax { state = State() }
            state.hours[policy] = hours
            state.answers[question] = Answer(
                window: window, from: window.map { min($0.opens, instant) } ?? instant,
                until: window?.closes ?? instant + 3600)
            return window
        }
    }
}
