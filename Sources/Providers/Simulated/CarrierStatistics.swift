/// What the carrier counted since its start (`GET /_control/stats`).
package struct CarrierStatistics: Codable, Sendable, Equatable {
    package struct Sender: Codable, Sendable, Equatable {
        package var texts: Int
        package var segments: Int
        /// Most segments accepted within any second, by the carrier's clock.
        package var peakPerSecond: Int
        /// Least time between two accepted texts; nil before the second.
        package var leastSpacingMicroseconds: Int64?

        enum CodingKeys: String, CodingKey {
            case texts, segments
            case peakPerSecond = "peak_per_second"
            case leastSpacingMicroseconds = "least_spacing_microseconds"
        }
    }

    package var requests: Int
    package var accepted: Int
    package var segments: Int
    package var inbound: Int
    package var unauthorized: Int
    package var incomplete: Int
    package var lookUps: Int
    package var connections: Int
    /// Refusals by the provider's code.
    package var rejected: [String: Int]
    /// Faults by name.
    package var faults: [String: Int]
    /// The 50 senders with the highest peaks.
    package var senders: [String: Sender]
    /// Webhook attempts by how they ended: an HTTP status, or why there was none.
    package var webhooks: [String: Int]
    /// Inbound texts by what the person meant.
    package var intents: [String: Int]
    /// Receipts, replies and retries still to come.
    package var planned: Int
    /// Webhooks waiting or on their way.
    package var waiting: Int
    /// People who said STOP.
    package var stopped: Int
    /// Texts accepted later than 2 s after a STOP was answered, but for one confirmation each.
    package var textsAfterStop: Int
    package var logFailures: Int

    enum CodingKeys: String, CodingKey {
        case requests, accepted, segments, inbound, unauthorized, incomplete, connections
        case rejected, faults, senders, webhooks, intents, planned, waiting, stopped
        case lookUps = "look_ups"
        case textsAfterStop = "texts_after_stop"
        case logFailures = "log_failures"
    }

    init(_ exchange: CarrierExchange, _ street: StreetFigures) {
        let counts = exchange.counts
        (requests, accepted, segments) = (counts.requests, counts.accepted, counts.segments)
        (inbound, unauthorized) = (counts.inbound, counts.unauthorized)
        (incomplete, lookUps) = (counts.incomplete, counts.lookUps)
        connections = exchange.connectionCount
        rejected = Dictionary(uniqueKeysWithValues: counts.rejected.map { ("\($0)", $1) })
        faults = Dictionary(uniqueKeysWithValues: counts.faults.map { ($0.rawValue, $1) })
        let busiest = exchange.senders.values.filter { $0.texts > 0 }
            .sorted { $0.peakPerSecond > $1.peakPerSecond }.prefix(50)
        senders = Dictionary(
            uniqueKeysWithValues: busiest.map { sender in
                let spacing = sender.leastSpacing == .max ? nil : sender.leastSpacing
                let figures = Sender(
                    texts: sender.texts, segments: sender.segments,
                    peakPerSecond: sender.peakPerSecond, leastSpacingMicroseconds: spacing)
                return (sender.address.text, figures)
            })
        (webhooks, intents) = (street.counts.outcomes, street.counts.intents)
        (planned, waiting) = (street.counts.planned, street.counts.waiting)
        (stopped, textsAfterStop) = (street.stopped, street.textsAfterStop)
        logFailures = exchange.log.failures
    }
}

/// The street's part of the figures, carried over to the exchange.
struct StreetFigures: Sendable {
    let counts: StreetCounts
    let stopped: Int
    let textsAfterStop: Int

    init(_ street: CarrierStreet) {
        counts = street.counts
        (stopped, textsAfterStop) = (street.people.stopped, street.people.textsAfterStop)
    }
}
