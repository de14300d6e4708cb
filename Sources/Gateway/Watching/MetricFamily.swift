import CoreMetrics
import Synchronization

/// All series of one metric name.
struct MetricFamily: Sendable {
    enum Kind: String, Sendable { case counter, gauge, histogram }

    let name: String
    let kind: Kind
    private var cells: [String: MetricCell] = [:]

    init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// The series with these labels, or the common one of all that came too late.
    mutating func cell(_ dimensions: [(String, String)]) -> MetricCell {
        let labels = Self.labels(dimensions)
        if let known = cells[labels] { return known }
        let isFull = cells.count >= MetricRegistry.seriesMax
        let key = isFull ? Self.labels(dimensions.map { ($0.0, "other") }) : labels
        let cell = cells[key] ?? MetricCell()
        cells[key] = cell
        return cell
    }

    var text: String {
        var lines = "# TYPE \(name) \(kind.rawValue)\n"
        for (labels, cell) in cells.sorted(by: { $0.key < $1.key }) {
            lines += kind == .histogram ? histogram(labels, cell) : sample(labels, cell)
        }
        return lines
    }

    private func sample(_ labels: String, _ cell: MetricCell) -> String {
        "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(cell.state.withLock(\.sum)))\n"
    }

    private func histogram(_ labels: String, _ cell: MetricCell) -> String {
        let state = cell.state.withLock { $0 }
        let start = labels.isEmpty ? "" : labels + ","
        var text = ""
        var below = 0
        for (bound, count) in zip(MetricCell.bounds, state.buckets) {
            below += count
            text += "\(name)_bucket{\(start)le=\"\(Self.number(bound))\"} \(below)\n"
        }
        text += "\(name)_bucket{\(start)le=\"+Inf\"} \(state.count)\n"
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)_sum\(braces) \(Self.number(state.sum))\n"
        return text + "\(name)_count\(braces) \(state.count)\n"
    }

    /// A name of Prometheus: letters, digits and underscores, all under one prefix.
    static func cleaned(_ label: String) -> String {
        let name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return name.hasPrefix("barnstorm_") ? name : "barnstorm_" + name
    }

    private static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { name, value in
            let bare = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
            let short = LineLogHandler.withoutNumbers(String(value.prefix(64)))
            let safe = short.map { character in
                switch character {
                case "\\": "\\\\"
                case "\"": "\\\""
                case "\n": "\\n"
                default: String(character)
                }
            }
            return "\(bare)=\"\(safe.joined())\""
        }.joined(separator: ",")
    }

    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}

/// One series: a sum, and for histograms how many values fell under each bound.
final class MetricCell: Sendable {
    /// Upper bounds; seconds for timers. From 0.5 ms to a minute, as waits of a gateway are.
    static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
    ]

    struct State: Sendable {
        var sum = 0.0
        var count = 0
        var buckets = [Int](repeating: 0, count: MetricCell.bounds.count)
    }

    let state = Mutex(State())
}

final class CounterCell: CounterHandler, FloatingPointCounterHandler {
    private let cell: MetricCell
    init(_ cell: MetricCell) { self.cell = cell }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { cell.state.withLock { $0.sum += amount } }
    func reset() { cell.state.withLock { $0.sum = 0 } }
}

final class GaugeCell: MeterHandler, RecorderHandler {
    private let cell: MetricCell
    init(_ cell: MetricCell) { self.cell = cell }

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { cell.state.withLock { $0.sum = value } }
    func increment(by amount: Double) { cell.state.withLock { $0.sum += amount } }
    func decrement(by amount: Double) { cell.state.withLock { $0.sum -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

final class HistogramCell: RecorderHandler, TimerHandler {
    private let cell: MetricCell
    private let divisor: Double

    init(_ cell: MetricCell, divisor: Double) {
        self.cell = cell
        self.divisor = divisor
    }

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }

    func record(_ value: Double) {
        let scaled = value / divisor
        cell.state.withLock { state in
            state.sum += scaled
            state.count += 1
            if let index = MetricCell.bounds.firstIndex(where: { scaled <= $0 }) {
                state.buckets[index] += 1
            }
        }
    }
}
