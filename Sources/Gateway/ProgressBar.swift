import Synchronization

/// Progress of long work on standard error; draws nothing unless that is a terminal.
///
/// Call ``update(done:of:)`` as often as you like: it draws at most ten times a second.
final class ProgressBar: Sendable {
    private let title: String
    private let isShown: Bool
    private let lastDrawn = Mutex<ContinuousClock.Instant?>(nil)

    init(_ title: String, isShown: Bool = StandardError.isTerminal) {
        self.title = title
        self.isShown = isShown
    }

    /// `total` nil: the end is unknown and only the count is shown.
    func update(done: Int, of total: Int?) {
        guard isShown, isDue() else { return }
        StandardError.write("\r\u{1B}[K" + Self.text(title, done: done, of: total))
    }

    /// Clears the line, so that the result stands alone.
    func finish() {
        if isShown { StandardError.write("\r\u{1B}[K") }
    }

    static func text(_ title: String, done: Int, of total: Int?) -> String {
        guard let total, total > 0 else { return "\(title) \(done)" }
        let share = min(1, Double(done) / Double(total))
        let filled = Int(share * 30)
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        return "\(title) \(bar) \(Int(share * 100)) %"
    }

    private func isDue() -> Bool {
        lastDrawn.withLock { last in
            let now = ContinuousClock.now
            if let last, now - last < .milliseconds(100) { return false }
            last = now
            return true
        }
    }
}
