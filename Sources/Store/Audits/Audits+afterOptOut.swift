import Foundation
import Postgres

/// A text that came near a stop.
package struct TextNearStop: Sendable, Codable {
    /// What it proves.
    package enum Standing: String, Sendable, Codable {
        /// Tried after the stop held: promise P3 is broken.
        case after
        /// Let go before the stop and named in its line: it was already leaving.
        case leaving
        /// Sent between the moment the person's text reached us and the moment the stop held.
        case between
    }

    package var standing: Standing
    package var contact: UUID
    package var message: UUID
    package var n: Int16
    package var kind: Int16
    /// When the stop held.
    package var effectiveAt: Date
    /// The slot of the try, and when its answer was written down; nil without an answer.
    package var slotAt: Date
    package var closedAt: Date?
    /// `accepted`, `rejected`, `unknown`, or `open` without an answer.
    package var result: String
    /// The ledger's line of the stop.
    package var line: Int
}

/// The answer to `audit after-optout`.
package struct AfterOptOut: Sendable, Codable {
    package var stops: Int
    package var texts: [TextNearStop]
    /// From the stop until the answer of a text that was already leaving: at most this late.
    package var leaving: Percentiles

    package var violations: [TextNearStop] { texts.filter { $0.standing == .after } }
}

extension Audits {
    /// Every text handed over after a stop held or while it was being taken in.
    ///
    /// Attempts and stops of a person are ordered by the row's lock, and a stop's line names every
    /// try without an answer at that moment. So a try that is not named and was answered later
    /// can only have been committed afterwards. Confirmations and sign-in codes are exempt.
    package func afterOptOut(
        organisation: Int32, contact: UUID? = nil, span: Span = Span()
    ) async throws -> AfterOptOut {
        try await ask(organisation) { connection in
            let stops = try await connection.first(
                """
                SELECT count(*) FROM (\(Self.episodes(organisation, contact: contact, span))) e
                """
            ) { try $0.value(0) as Int }
            let texts = try await connection.rows(
                Self.textsNearStops(organisation, contact, span), decode: TextNearStop.init(row:))
            let late = texts.filter { $0.standing == .leaving }.compactMap { text in
                text.closedAt.map { max(0, $0.timeIntervalSince(text.effectiveAt)) }
            }
            return AfterOptOut(stops: stops ?? 0, texts: texts, leaving: Percentiles(late))
        }
    }

    static func textsNearStops(
        _ organisation: Int32, _ contact: UUID?, _ span: Span
    ) -> SQL {
        """
        WITH e AS MATERIALIZED (\(episodes(organisation, contact: contact, span)))
        SELECT CASE
                WHEN EXISTS (
                    SELECT FROM jsonb_array_elements(e.details -> 'in_flight') f
                    WHERE (f ->> 'message')::uuid = a.message_id AND (f ->> 'n')::int = a.n)
                    THEN 'leaving'
                WHEN o.closed_at <= e.effective THEN 'between' ELSE 'after' END,
            e.contact, a.message_id, a.n, t.kind, e.effective, a.slot_at, o.closed_at,
            CASE o.result WHEN 1 THEN 'accepted' WHEN 2 THEN 'rejected' WHEN 4 THEN 'unknown'
                ELSE 'open' END, e.seq
        FROM e
        CROSS JOIN LATERAL (\(texts(to: "e.contact", organisation))) t
        JOIN attempt a ON a.organisation_id = \(organisation) AND a.message_id = t.id
            AND a.verdict = 1 AND t.kind NOT IN (3, 5, 6)
        LEFT JOIN outcome o ON o.organisation_id = a.organisation_id
            AND o.message_id = a.message_id AND o.n = a.n
        WHERE coalesce(o.result, 4) <> 3
          AND coalesce(o.closed_at, 'infinity') > e.received AND a.slot_at < e.ended
        ORDER BY e.seq, a.message_id, a.n
        """
    }
}

extension TextNearStop {
    fileprivate init(row: borrowing Row) throws {
        standing = Standing(rawValue: try row.value(0)) ?? .after
        contact = try row.value(1)
        message = try row.value(2)
        n = try row.value(3)
        kind = try row.value(4)
        effectiveAt = try row.value(5)
        slotAt = try row.value(6)
        closedAt = try row.value(7)
        result = try row.value(8)
        line = try row.value(9)
    }
}
