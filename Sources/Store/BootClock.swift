import Foundation
import Glibc

/// Time since this machine booted, sleep included: the only clock a deadline may hang on.
///
/// `CLOCK_BOOTTIME` neither jumps with the wall clock nor stands still while the host is suspended,
/// so a permit that slept through its second is refused (reference/reliability 0, fact 11).
package struct BootInstant: Sendable, Comparable {
    /// Nanoseconds since boot.
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func now() -> BootInstant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return BootInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    package static func + (instant: Self, seconds: Double) -> Self {
        BootInstant(nanoseconds: instant.nanoseconds + Int64(seconds * 1e9))
    }

    /// Seconds from `b` to `a`.
    package static func - (a: Self, b: Self) -> Double {
        Double(a.nanoseconds - b.nanoseconds) / 1e9
    }

    /// Which boot this is; another value after every restart of the machine.
    package static func bootID() -> String {
        let text = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "unknown"
    }
}

/// A reading of the database's clock, between two readings of ours.
///
/// The true boot instant of a database instant `t` lies between `before + (t - read)` and
/// `after + (t - read)`; who must not be early uses the later bound, who must not be late the
/// earlier one.
package struct ClockReading: Sendable {
    package var read: Date
    package var before: BootInstant
    package var after: BootInstant

    package init(read: Date, before: BootInstant, after: BootInstant) {
        self.read = read
        self.before = before
        self.after = after
    }

    package func earliest(_ moment: Date) -> BootInstant {
        before + moment.timeIntervalSince(read)
    }
    package func latest(_ moment: Date) -> BootInstant {
        after + moment.timeIntervalSince(read)
    }

    /// The database's time at a boot instant, as an estimate that is never late.
    package func date(at instant: BootInstant) -> Date {
        read.addingTimeInterval(instant - after)
    }
}
