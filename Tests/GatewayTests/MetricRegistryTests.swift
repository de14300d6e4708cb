import CoreMetrics
import Testing

@testable import Gateway

@Suite struct MetricRegistryTests {
    @Test func `a counter is shown with its labels`() {
        let registry = MetricRegistry()

        Counter(label: "texts.sent", dimensions: [("kind", "first")], factory: registry)
            .increment(by: 3)

        #expect(
            registry.text() == """
                # TYPE barnstorm_texts_sent counter
                barnstorm_texts_sent{kind="first"} 3

                """)
    }

    @Test func `the same counter asked for twice is one series`() {
        let registry = MetricRegistry()

        for _ in 0..<2 { Counter(label: "sent", factory: registry).increment() }

        #expect(registry.text().contains("barnstorm_sent 2\n"))
    }

    @Test func `labels that are filled with ids cost no memory`() {
        let registry = MetricRegistry()

        for id in 0..<1_000 {
            Counter(label: "sent", dimensions: [("id", "\(id)")], factory: registry).increment()
        }

        let lines = registry.text().split(separator: "\n")
        #expect(lines.count == 2 + MetricRegistry.seriesMax)
        #expect(lines.contains(#"barnstorm_sent{id="other"} 800"#))
    }

    @Test func `a label cannot break out of its quotes, nor hold a number`() {
        let registry = MetricRegistry()

        let label = "a\"} 1\nforged 2 +15005550006"
        Counter(label: "sent", dimensions: [("x", label)], factory: registry).increment()

        #expect(registry.text().contains(#"{x="a\"} 1\nforged 2 +…"} 1"#))
    }

    @Test func `a timer is a histogram in seconds`() {
        let registry = MetricRegistry()

        Timer(label: "wait", factory: registry).recordMilliseconds(30)

        let text = registry.text()
        #expect(text.contains(#"barnstorm_wait_seconds_bucket{le="0.025"} 0"#))
        #expect(text.contains(#"barnstorm_wait_seconds_bucket{le="0.05"} 1"#))
        #expect(text.contains(#"barnstorm_wait_seconds_bucket{le="+Inf"} 1"#))
        #expect(text.contains("barnstorm_wait_seconds_sum 0.03\n"))
    }
}
