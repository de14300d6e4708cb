/// How a simulated carrier is set up; what may change while it runs is in ``knobs``.
package struct CarrierConfiguration: Sendable {
    package var host = "127.0.0.1"
    /// 0 lets the system choose; ``Carrier/port`` tells.
    package var port = 0
    /// The account that may send, `AC` and 32 hexadecimal digits.
    package var accountSid = "AC5117a7ed0000000000000000000000cc"
    /// Password of the API and key of webhook signatures.
    package var authToken = "simulated-carrier-token"
    /// Numbers of the account; empty: any sender is taken as ours when first seen.
    package var numbers: [String] = []
    /// Where inbound texts go (`sms_url` of each number) until the API sets another.
    package var inboundURL: String?
    /// Where receipts go for texts that bring no StatusCallback.
    package var statusURL: String?
    /// Repeats the run: fates, people and faults follow from it.
    package var seed: UInt64 = 1
    /// The append-only log; nil: an unnamed temporary file, gone with the process.
    package var logPath: String?
    /// How many of the last texts can be looked up; 64 bytes each, taken as they come.
    package var rememberedMax = 2_000_000
    /// Receipts that may be planned at a time; of a text that comes beyond nothing is reported.
    package var plannedMax = 2_000_000
    /// Webhooks that may wait; what comes beyond is dropped, counted and logged.
    package var webhooksWaitingMax = 500_000
    /// Connections per webhook server, each with one request at a time.
    package var webhookConnectionsMax = 128
    package var knobs = CarrierKnobs()

    package init() {}
}
