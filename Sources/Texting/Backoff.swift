/// How long to wait before the next try.
///
/// The bound doubles from try to try and the pause is drawn evenly below it ("full jitter"), so that
/// workers that failed together do not return together. What the provider asks for is a lower bound.
package struct Backoff: Sendable, Equatable {
    /// The bound of the pause after the first failure.
    package var base: Duration = .milliseconds(100)
    /// The bound is never above this.
    package var ceiling: Duration = .seconds(30)
    /// A provider that asks for more is taken to be mistaken.
    package var retryAfterMax: Duration = RetryAfter.pauseMax

    package init() {}

    /// The longest pause after `failures` failures in a row, without the provider's wish.
    package func bound(failures: Int) -> Duration {
        guard failures > 0 else { return .zero }
        var bound = base
        for _ in 1..<max(1, min(failures, 64)) where bound < ceiling { bound *= 2 }
        return min(bound, ceiling)
    }

    /// The pause after `failures` failures in a row.
    ///
    /// - Parameters:
    ///   - chance: Even over 0..<1, passed in so that tests decide.
    ///   - retryAfter: What the provider asked for; the pause is then never shorter.
    package func pause(
        failures: Int, chance: Double, retryAfter: Duration? = nil
    ) -> Duration {
        let share = min(max(chance, 0), 1)
        let asked = max(.zero, min(retryAfter ?? .zero, retryAfterMax))
        return asked + bound(failures: failures) * share
    }
}
