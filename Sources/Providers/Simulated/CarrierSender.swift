/// One number of the account: its webhooks, its queue and how fast it was used.
final class CarrierSender {
    let address: CarrierAddress
    let sid: String
    var smsURL: String?
    private(set) var statusURL: CarrierURL?
    private(set) var statusText: String?
    private(set) var texts = 0
    private(set) var segments = 0
    /// Most segments accepted within any second by the carrier's clock, both ends included.
    private(set) var peakPerSecond = 0
    /// Least time between two accepted texts, in microseconds.
    private(set) var leastSpacing = Int64.max

    private var window: [(boot: Int64, segments: Int)] = []
    private var windowStart = 0
    private var windowSegments = 0
    private var lastBoot: Int64?
    private var freeAt: Int64 = 0  // boot clock: when the queue will be empty

    init(_ address: CarrierAddress, order: Int) {
        self.address = address
        let hash = CarrierHash.of(0x504e, address.packed)
        let digits = String(hash, radix: 16) + String(CarrierHash.mix(hash), radix: 16)
        sid = "PN" + String(repeating: "0", count: 32 - digits.utf8.count) + digits
    }

    /// Sets where receipts go of texts that bring no address of their own.
    func status(to url: String) {
        statusURL = CarrierURL(Array(url.utf8))
        statusText = url
    }

    /// Counts a text and tells how long it stays in the queue, in milliseconds.
    func accept(segments count: Int, at boot: Int64, perSecond: Double?) -> Int {
        texts += 1
        segments += count
        if let lastBoot { leastSpacing = min(leastSpacing, boot - lastBoot) }
        lastBoot = boot
        measure(count, at: boot)
        guard let perSecond else { return 0 }
        let leaves = max(boot, freeAt)
        freeAt = leaves + Int64(Double(count) / perSecond * 1_000_000)
        return Int((leaves - boot) / 1_000)
    }

    /// Seconds of work that wait in the queue.
    func backlog(at boot: Int64) -> Double { Double(max(0, freeAt - boot)) / 1_000_000 }

    private func measure(_ count: Int, at boot: Int64) {
        window.append((boot, count))
        windowSegments += count
        while window[windowStart].boot < boot - 1_000_000 {
            windowSegments -= window[windowStart].segments
            windowStart += 1
        }
        if windowStart > 1_024, windowStart > window.count / 2 {
            window.removeFirst(windowStart)
            windowStart = 0
        }
        peakPerSecond = max(peakPerSecond, windowSegments)
    }
}
