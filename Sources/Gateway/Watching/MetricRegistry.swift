import CoreMetrics
import Synchronization

/// Our own backend of swift-metrics: counts in memory, shown as Prometheus text at `/metrics`.
///
/// Labels are bounded: a metric has at most ``seriesMax`` combinations, what comes later is counted
/// under the label value `other`. So a label that somebody fills with ids costs sense, not memory.
final class MetricRegistry: MetricsFactory {
    static let seriesMax = 200
    /// The one that ``Metrics/bootstrap()`` installs.
    static let shared = MetricRegistry()

    private let families = Mutex<[String: MetricFamily]>([:])

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        CounterCell(cell(label, .counter, dimensions))
    }

    func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        CounterCell(cell(label, .counter, dimensions))
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        GaugeCell(cell(label, .gauge, dimensions))
    }

    func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate
            ? HistogramCell(cell(label, .histogram, dimensions), divisor: 1)
            : GaugeCell(cell(label, .gauge, dimensions))
    }

    /// Timers are shown in seconds, Prometheus' base unit.
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        HistogramCell(cell(label + "_seconds", .histogram, dimensions), divisor: 1e9)
    }

    // Series live as long as the process: a counter that vanished would look like a restart.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}

    /// All series in the text format of Prometheus, version 0.0.4.
    func text() -> String {
        let all = families.withLock { $0 }
        return all.values.sorted { $0.name < $1.name }.map(\.text).joined()
    }

    private func cell(
        _ label: String, _ kind: MetricFamily.Kind, _ dimensions: [(String, String)]
    ) -> MetricCell {
        let name = MetricFamily.cleaned(label)
        return families.withLock { families in
            var family = families[name] ?? MetricFamily(name: name, kind: kind)
            let cell = family.cell(dimensions)
            families[name] = family
            return cell
        }
    }
}
