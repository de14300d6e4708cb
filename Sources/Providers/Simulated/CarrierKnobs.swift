import Foundation

/// What may be changed while the carrier runs (`PUT /_control/knobs`).
package struct CarrierKnobs: Codable, Sendable, Equatable {
    package var faults = FaultSettings()
    package var webhooks = WebhookSettings()
    package var receipts = ReceiptSettings()
    package var people = PeopleSettings()
    /// Whether texts to who said STOP to that sender are refused with 21610. Off by default, so
    /// that a test tries the gateway's own guarantee and not the provider's.
    package var blocksStops = false
    /// Whether inbound webhooks carry `OptOutType`, as with the provider's Advanced Opt-Out.
    package var marksOptOuts = false
    /// Segments per second that each sender passes on; nil: without limit.
    package var segmentsPerSecond: Double?
    /// Seconds of its rate that a sender's queue holds before 21611 or 30001 (36,000: 10 h).
    package var queueSeconds = 36_000.0

    package init() {}

    enum CodingKeys: String, CodingKey {
        case faults, webhooks, receipts, people
        case blocksStops = "blocks_stops"
        case marksOptOuts = "marks_opt_outs"
        case segmentsPerSecond = "segments_per_second"
        case queueSeconds = "queue_seconds"
    }

    /// The settings with those of a JSON document put in place; what it does not name stays.
    ///
    /// - Throws: ``CarrierError/knobs(reason:)`` when it is not JSON or a value does not fit.
    package func merging(_ json: Data) throws(CarrierError) -> CarrierKnobs {
        do {
            let current = try JSONSerialization.jsonObject(with: JSONEncoder().encode(self))
            let change = try JSONSerialization.jsonObject(with: json)
            guard let current = current as? [String: Any], let change = change as? [String: Any]
            else { throw CarrierError.knobs(reason: "Give one JSON object.") }
            let merged = try JSONSerialization.data(withJSONObject: Self.merge(current, change))
            return try JSONDecoder().decode(CarrierKnobs.self, from: merged).checked()
        } catch let error as CarrierError {
            throw error
        } catch {
            throw CarrierError.knobs(reason: String(describing: error))
        }
    }

    private static func merge(_ old: [String: Any], _ new: [String: Any]) -> [String: Any] {
        old.merging(new) { before, after in
            guard let before = before as? [String: Any], let after = after as? [String: Any]
            else { return after }
            return merge(before, after)
        }
    }

    private func checked() throws(CarrierError) -> CarrierKnobs {
        let shares =
            Array(faults.shares.values) + [
                webhooks.duplicate, webhooks.late, webhooks.reorder, webhooks.forge,
                webhooks.unsigned, receipts.delivered, people.replies, people.stops, people.answers,
            ]
        guard shares.allSatisfy({ (0...1).contains($0) }), faults.shares.values.reduce(0, +) <= 1
        else { throw .knobs(reason: "Shares lie between 0 and 1, those of faults also together.") }
        let spans = [
            receipts.sentMilliseconds, receipts.finalMilliseconds, receipts.jitterMilliseconds,
            people.afterMilliseconds, people.jitterMilliseconds, faults.dripMilliseconds,
            faults.answerAfterMilliseconds, webhooks.lateMilliseconds,
        ]
        guard spans.allSatisfy({ $0 >= 0 }) else { throw .knobs(reason: "No span is negative.") }
        guard segmentsPerSecond.map({ $0 > 0 }) ?? true else {
            throw .knobs(reason: "segments_per_second is above 0, or null for no limit.")
        }
        return self
    }
}

/// Faults of the webhooks to us, as shares of all webhooks.
package struct WebhookSettings: Codable, Sendable, Equatable {
    /// Sent twice, at the same time.
    package var duplicate = 0.0
    /// Sent ``lateMilliseconds`` later.
    package var late = 0.0
    package var lateMilliseconds = 30_000
    /// `delivered` is sent before `sent`.
    package var reorder = 0.0
    /// A further webhook about the text, with a wrong signature and a wrong outcome.
    package var forge = 0.0
    /// The webhook comes without a signature first, then properly.
    package var unsigned = 0.0

    enum CodingKeys: String, CodingKey {
        case duplicate, late, reorder, forge, unsigned
        case lateMilliseconds = "late_milliseconds"
    }
}

/// What becomes of accepted texts, and when it is reported.
package struct ReceiptSettings: Codable, Sendable, Equatable {
    /// Whether `sent` is reported too, or only how it ended.
    package var reportsSent = true
    /// Share of people who can be reached; the others fail, always in the same way.
    package var delivered = 0.94
    package var sentMilliseconds = 100
    /// From acceptance to the final state.
    package var finalMilliseconds = 600
    /// Up to this much more, by chance.
    package var jitterMilliseconds = 400

    enum CodingKeys: String, CodingKey {
        case delivered
        case reportsSent = "reports_sent"
        case sentMilliseconds = "sent_milliseconds"
        case finalMilliseconds = "final_milliseconds"
        case jitterMilliseconds = "jitter_milliseconds"
    }
}

/// How the people behind the numbers behave.
package struct PeopleSettings: Codable, Sendable, Equatable {
    /// Share of people who answer a first text, those who say STOP included.
    package var replies = 0.05
    /// Share of people who say STOP.
    package var stops = 0.02
    /// Share of our answers that are answered again, up to three turns.
    package var answers = 0.5
    /// Share of those who stopped who say START later.
    package var restarts = 0.02
    package var afterMilliseconds = 1_500
    package var jitterMilliseconds = 4_000
    /// People who write in without having been texted.
    package var strangersPerMinute = 0.0

    enum CodingKeys: String, CodingKey {
        case replies, stops, answers, restarts
        case afterMilliseconds = "after_milliseconds"
        case jitterMilliseconds = "jitter_milliseconds"
        case strangersPerMinute = "strangers_per_minute"
    }
}
