import Foundation
import Synchronization

/// Bounds how often something may be tried, per key, by the generic cell rate algorithm.
///
/// In memory, per process: a limit against guessing and flooding, not an accounting. Forgets keys
/// that are at rest, so a flood of keys costs memory for one `period` × `burst` at most.
final class RateLimiter: Sendable {
    private let period: TimeInterval
    private let burst: Double
    private let arrivals = Mutex<[String: Date]>([:])

    /// - Parameters:
    ///   - burst: how many at once.
    ///   - period: seconds until one more is allowed.
    init(burst: Int, period: TimeInterval) {
        self.burst = Double(burst)
        self.period = period
    }

    /// Whether one more try is within the limit; counts it if so.
    func allows(_ key: String, at now: Date = Date()) -> Bool {
        arrivals.withLock { arrivals in
            if arrivals.count > 50_000 { arrivals = arrivals.filter { $0.value > now } }
            let arrival = max(arrivals[key] ?? now, now)
            guard arrival.timeIntervalSince(now) <= period * (burst - 1) else { return false }
            arrivals[key] = arrival + period
            return true
        }
    }
}

/// The limits of reliability 6.2: per account burst 5, one a minute; per network burst 20.
struct Limits: Sendable {
    let account = RateLimiter(burst: 5, period: 60)
    let network = RateLimiter(burst: 20, period: 3)
}
