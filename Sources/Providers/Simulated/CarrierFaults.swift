/// What the carrier can do instead of a proper answer to a send request.
///
/// Names ending in `after` accept the text first: it stands in the log and its receipts come.
package enum CarrierFault: String, Codable, CodingKeyRepresentable, CaseIterable, Sendable {
    /// 429 with code 20429 and Retry-After; never processed.
    case throttle
    /// 429 with code 21611: this sender's queue is full.
    case queueFull = "queue_full"
    /// 500 with code 20500, or 503 with 20503, in turn.
    case errorBefore = "error_before"
    case errorAfter = "error_after"
    /// 502 with the page of a proxy, which is not the provider's JSON.
    case proxyAfter = "proxy_after"
    /// The connection is reset (RST) once the body has been read.
    case resetBefore = "reset_before"
    case resetAfter = "reset_after"
    /// No answer ever; the connection stays open.
    case hangBefore = "hang_before"
    case hangAfter = "hang_after"
    /// The answer breaks off in its middle and the connection closes.
    case halfAfter = "half_after"
    /// The answer drips, one byte per ``FaultSettings/dripMilliseconds``.
    case slowAfter = "slow_after"
    /// 201 with bytes that are no JSON, with 10 MB of spaces, or with 100,000 open brackets.
    case garbageAfter = "garbage_after"
    case oversizeAfter = "oversize_after"
    case nestedAfter = "nested_after"
    /// A request on a reused connection is read, then the connection closes without an answer.
    case closeOnReuse = "close_on_reuse"
    case closeOnReuseAfter = "close_on_reuse_after"
    /// 307 to another path.
    case redirect
    /// 401 with code 20003, as after a revoked token.
    case unauthorized

    var accepts: Bool { rawValue.hasSuffix("_after") }
}

/// One planned fault: for a number, for a request by its count, or both.
package struct ScriptedFault: Codable, Sendable, Equatable {
    package var fault: CarrierFault
    /// The recipient it waits for; nil for any.
    package var to: String?
    /// The send request it waits for, from 1 over the life of the process; nil for any.
    package var nth: Int?
    /// How often it happens; nil for once.
    package var times: Int?

    package init(_ fault: CarrierFault, to: String? = nil, nth: Int? = nil, times: Int? = nil) {
        (self.fault, self.to, self.nth, self.times) = (fault, to, nth, times)
    }
}

/// Faults of the send API, by chance and by script.
package struct FaultSettings: Codable, Sendable, Equatable {
    /// Shares of all send requests, each 0 to 1; together at most 1.
    package var shares: [CarrierFault: Double] = [:]
    package var script: [ScriptedFault] = []
    package var retryAfterSeconds = 1
    package var dripMilliseconds = 100
    /// Every answer waits this long, faulty or not.
    package var answerAfterMilliseconds = 0
    /// Texts younger than this are missing in lists, as at a provider whose index lags.
    package var listLagMilliseconds = 0

    package init() {}

    enum CodingKeys: String, CodingKey {
        case shares, script
        case retryAfterSeconds = "retry_after_seconds"
        case dripMilliseconds = "drip_milliseconds"
        case answerAfterMilliseconds = "answer_after_milliseconds"
        case listLagMilliseconds = "list_lag_milliseconds"
    }
}

/// Chooses the fault of each send request; the same seed and count choose the same.
struct FaultDice {
    private var thresholds: [(below: Double, fault: CarrierFault)] = []
    private var script: [ScriptedFault]
    private let seed: UInt64

    init(_ settings: FaultSettings, seed: UInt64) {
        var sum = 0.0
        for fault in CarrierFault.allCases {
            guard let share = settings.shares[fault], share > 0 else { continue }
            sum += share
            thresholds.append((sum, fault))
        }
        script = settings.script
        self.seed = seed
    }

    /// - Parameters:
    ///   - nth: count of the request, from 1.
    ///   - isReused: whether its connection has carried a request before.
    mutating func roll(nth: Int, to: [UInt8]?, isReused: Bool) -> CarrierFault? {
        if !script.isEmpty, let fault = scripted(nth: nth, to: to, isReused: isReused) {
            return fault
        }
        guard let last = thresholds.last else { return nil }
        let share = CarrierHash.share(CarrierHash.of(seed, 0xfa17, UInt64(nth)))
        guard share < last.below,
            let fault = thresholds.first(where: { share < $0.below })?.fault
        else { return nil }
        return isReused || !Self.needsReuse(fault) ? fault : nil
    }

    private mutating func scripted(nth: Int, to: [UInt8]?, isReused: Bool) -> CarrierFault? {
        let found = script.firstIndex { entry in
            (entry.nth.map { $0 == nth } ?? true)
                && (entry.to.map { Array($0.utf8) == to } ?? true)
                && (isReused || !Self.needsReuse(entry.fault))
        }
        guard let found else { return nil }
        let left = (script[found].times ?? 1) - 1
        let fault = script[found].fault
        if left > 0 { script[found].times = left } else { script.remove(at: found) }
        return fault
    }

    private static func needsReuse(_ fault: CarrierFault) -> Bool {
        fault == .closeOnReuse || fault == .closeOnReuseAfter
    }
}
