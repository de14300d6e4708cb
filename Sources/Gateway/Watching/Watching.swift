import CoreMetrics

/// What watches the program from inside.
enum Watching {
    /// Sends every room's metrics to ``MetricRegistry/shared``; once per process.
    static func start() { MetricsSystem.bootstrap(MetricRegistry.shared) }
}
