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
