/// What becomes of a text after it was accepted: decided at once, shown as time passes.
struct CarrierFate: Sendable {
    /// 0: delivered; else the error of the final report.
    var errorCode: UInt16
    /// Milliseconds from acceptance.
    var sentAfter: Int
    var finalAfter: Int

    /// Why texts fail, with shares in percent: absent, unknown, landline, filtered, no reason.
    private static let reasons: [(code: UInt16, percent: Double)] = [
        (30003, 25), (30005, 25), (30006, 25), (30007, 15), (30008, 10),
    ]

    /// - Parameter queued: milliseconds in the sender's queue before it leaves.
    init(
        to: CarrierAddress, sequence: UInt64, queued: Int, validity: Int, seed: UInt64,
        settings: ReceiptSettings
    ) {
        let jitter = settings.jitterMilliseconds
        let chance = CarrierHash.share(CarrierHash.of(seed, 0x7173, sequence))
        sentAfter = queued + settings.sentMilliseconds
        finalAfter = max(
            sentAfter, queued + settings.finalMilliseconds + Int(chance * Double(jitter)))
        errorCode = Self.reason(to: to, seed: seed, delivered: settings.delivered)
        if queued > validity * 1_000 {
            errorCode = 30036
            finalAfter = validity * 1_000
        }
    }

    /// The same person fails always, and always in the same way.
    private static func reason(
        to: CarrierAddress, seed: UInt64, delivered: Double
    ) -> UInt16 {
        guard CarrierHash.share(CarrierHash.of(seed, 0xfa7e, to.packed)) >= delivered else {
            return 0
        }
        var left = CarrierHash.share(CarrierHash.of(seed, 0x3ea5, to.packed)) * 100
        for (code, percent) in reasons {
            left -= percent
            if left < 0 { return code }
        }
        return 30008
    }

    var isDelivered: Bool { errorCode == 0 }

    var finalStatus: String {
        errorCode == 0 ? "delivered" : Self.failsUnsent(errorCode) ? "failed" : "undelivered"
    }

    /// Errors of the carrier's own queue: such a text never was `sent`.
    static func failsUnsent(_ code: UInt16) -> Bool { code == 30001 || code == 30036 }
}
