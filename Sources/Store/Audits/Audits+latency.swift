import Foundation
import Postgres

/// A stop whose confirmation breaks a rule.
package struct ConfirmationFault: Sendable, Codable {
    package var contact: UUID
    /// The ledger's line of the stop.
    package var line: Int
    /// How many confirmations were handed over for it.
    package var confirmations: Int
    /// Seconds from the person's text to the last of them.
    package var seconds: Double?
    package var reason: String
}

/// The answer to `audit optout-latency`; spans in seconds.
package struct OptOutLatency: Sendable, Codable {
    package var stops: Int
    /// From the person's text to the moment the stop held.
    package var effective: Percentiles
    /// From the person's text to the carrier's acceptance of the confirmation.
    package var confirmation: Percentiles
    package var faults: [ConfirmationFault]
}

extension Audits {
    /// How late a confirmation may be: 47 CFR 64.1200(a)(12) presumes consent to one within five
    /// minutes.
    package static let confirmationMax: Duration = .seconds(300)

    private struct StopTimes: Sendable {
        var contact: UUID
        var line: Int
        var effective: Double
        var confirmations: Int
        var confirmed: Double?
    }

    /// How long stops took to hold, and whether each got at most one confirmation, in time.
    package func optOutLatency(
        organisation: Int32, span: Span = Span()
    ) async throws -> OptOutLatency {
        let stops = try await stopTimes(organisation, span)
        let limit = Double(Self.confirmationMax.components.seconds)
        let faults = stops.compactMap { stop -> ConfirmationFault? in
            let reason: String? =
                if stop.confirmations > 1 {
                    "More than one confirmation went out."
                } else if let seconds = stop.confirmed, seconds > limit {
                    "The confirmation went out later than five minutes after the stop."
                } else {
                    nil
                }
            return reason.map {
                ConfirmationFault(
                    contact: stop.contact, line: stop.line, confirmations: stop.confirmations,
                    seconds: stop.confirmed, reason: $0)
            }
        }
        return OptOutLatency(
            stops: stops.count, effective: Percentiles(stops.map(\.effective)),
            confirmation: Percentiles(stops.compactMap(\.confirmed)), faults: faults)
    }

    private func stopTimes(_ organisation: Int32, _ span: Span) async throws -> [StopTimes] {
        try await ask(organisation) { connection in
            try await connection.rows(
                """
                WITH e AS MATERIALIZED (\(Self.episodes(organisation, contact: nil, span)))
                SELECT e.contact, e.seq, extract(epoch FROM e.effective - e.received)::float8,
                    count(o.message_id),
                    extract(epoch FROM max(o.closed_at) - e.received)::float8
                FROM e
                LEFT JOIN message m ON m.organisation_id = \(organisation)
                    AND m.contact_id = e.contact AND m.kind = 3
                    AND m.created_at >= e.received AND m.created_at < e.ended
                LEFT JOIN outcome o ON o.organisation_id = m.organisation_id
                    AND o.message_id = m.id AND o.result IN (1, 4)
                GROUP BY e.contact, e.seq, e.effective, e.received
                ORDER BY e.seq
                """
            ) { row in
                StopTimes(
                    contact: try row.value(0), line: try row.value(1), effective: try row.value(2),
                    confirmations: try row.value(3), confirmed: try row.value(4))
            }
        }
    }
}
