import Foundation
import Store
import Synchronization

/// The database's time, as this process can tell it without asking: never late, and as old as the
/// last reading's round trip at most.
final class DatabaseClock: Sendable {
    private let reading: Mutex<ClockReading>

    init(_ first: ClockReading) { reading = Mutex(first) }

    func note(_ fresh: ClockReading) { reading.withLock { $0 = fresh } }
    var now: Date { reading.withLock { $0.date(at: .now()) } }
}

/// Days of caps that are counted in a zone of their own.
enum CapZone {
    /// The day of an instant, `YYYY-MM-DD`; UTC if the zone is unknown.
    static func day(of moment: Date, in zone: String) -> String {
        let offset = TimeZone(identifier: zone)?.secondsFromGMT(for: moment) ?? 0
        let days = Int((moment.timeIntervalSince1970 + Double(offset)) / 86_400)
        return Date(timeIntervalSince1970: Double(days) * 86_400)
            .formatted(.iso8601.year().month().day())
    }
}
