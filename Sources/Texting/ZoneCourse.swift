/// The offsets of one time zone over the years, from IANA's data.
///
/// Our own table rather than the system's: laws change faster than distributions (in 2026 three
/// Canadian provinces gave up changing clocks within months), and every machine must decide alike.
struct ZoneCourse: Sendable {
    /// The instants of change in epoch seconds, ascending; the first is the start of the table.
    let instants: [Int64]
    /// Seconds east of Greenwich from the instant of the same index on.
    let offsets: [Int64]

    init(changes: [(Int64, Int64)]) {
        instants = changes.map(\.0)
        offsets = changes.map(\.1)
    }

    /// Seconds to add to UTC; before the table its first offset, after it its last.
    func offset(at instant: Int64) -> Int64 {
        offsets[index(at: instant)]
    }

    /// The stretches of constant offset between two instants, with their bounds.
    func stretches(
        from start: Int64, to end: Int64,
        _ body: (_ from: Int64, _ to: Int64, _ offset: Int64) -> Void
    ) {
        var index = index(at: start)
        var from = start
        while from < end {
            let next = index + 1 < instants.count ? instants[index + 1] : Int64.max
            body(from, min(next, end), offsets[index])
            from = next
            index += 1
        }
    }

    private func index(at instant: Int64) -> Int {
        var (low, high) = (0, instants.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if instants[middle] <= instant { low = middle } else { high = middle }
        }
        return low
    }
}
