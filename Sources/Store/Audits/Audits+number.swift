import Foundation
import Postgres

/// One fact about a person, as a timeline shows it.
package struct TimelineEvent: Sendable, Codable {
    package var at: Date
    /// `consent`, `text`, `verdict`, `outcome`, `settlement`, `receipt`, `reply`, `note` or the kind
    /// of a ledger line.
    package var kind: String
    /// What happened, in words.
    package var what: String
    package var message: UUID?
    package var n: Int16?
    /// The exact words, of texts in either direction.
    package var body: String?
}

/// Everything about a number in one organisation.
package struct NumberHistory: Sendable, Codable {
    package var number: String
    package var contact: UUID
    package var optedOutAt: Date?
    package var wrongNumberAt: Date?
    package var events: [TimelineEvent]
    /// Texts that were tried after a stop held.
    package var violations: [TextNearStop]
}

extension Audits {
    /// The full timeline of a number: consent, texts, answers, receipts, replies, stops.
    ///
    /// - Parameter number: E.164.
    /// - Returns: nil if this organisation never met it.
    package func number(_ number: String, organisation: Int32) async throws -> NumberHistory? {
        let contact = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT id FROM contact
                WHERE organisation_id = \(organisation) AND number = \(number)
                """
            ) { try $0.value(0) as UUID }
        }
        guard let contact else { return nil }
        return try await history(contact, organisation: organisation)
    }

    /// The same by the contact's id, also for somebody erased: their number is then empty.
    package func history(_ id: UUID, organisation: Int32) async throws -> NumberHistory? {
        let contact = try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT number, opted_out_at, wrong_number_at FROM contact
                WHERE organisation_id = \(organisation) AND id = \(id)
                """
            ) { row in
                (
                    try row.value(0) as String?, try row.value(1) as Date?,
                    try row.value(2) as Date?
                )
            }
        }
        guard let (number, optedOutAt, wrongNumberAt) = contact else { return nil }
        let events = try await timeline(organisation, id)
        let near = try await afterOptOut(organisation: organisation, contact: id)
        return NumberHistory(
            number: number ?? "", contact: id, optedOutAt: optedOutAt,
            wrongNumberAt: wrongNumberAt, events: events, violations: near.violations)
    }

    private func timeline(_ organisation: Int32, _ contact: UUID) async throws -> [TimelineEvent] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                Self.timelineStatement(organisation, contact), decode: TimelineEvent.init(row:))
        }
    }

    static func timelineStatement(_ organisation: Int32, _ contact: UUID) -> SQL {
        """
        WITH t AS MATERIALIZED (
            SELECT m.* FROM (\(texts(to: "\(contact)", organisation))) i
            JOIN message m ON m.organisation_id = \(organisation) AND m.id = i.id
        )
        SELECT at, kind, what, message, n, body FROM (
            \(words(organisation))
            UNION ALL \(tries(organisation))
            UNION ALL \(reports(organisation))
            UNION ALL \(proofs(organisation, contact))
        ) e(at, kind, what, message, n, body)
        ORDER BY at, message, n, kind
        """
    }

    private static func words(_ organisation: Int32) -> SQL {
        """
        SELECT t.created_at, CASE t.kind WHEN 6 THEN 'reply' ELSE 'text' END,
            CASE t.kind WHEN 1 THEN 'first text' WHEN 2 THEN 'answer' WHEN 3 THEN 'confirmation'
                WHEN 4 THEN 'answer to HELP' WHEN 5 THEN 'sign-in code'
                WHEN 6 THEN 'read as ' || coalesce(t.meaning, 'none') || ' by '
                    || coalesce(t.meaning_rule, 'no rule')
                WHEN 7 THEN 'test' ELSE 'notice' END
            || coalesce(', campaign ' || c.name, '') || coalesce(', number ' || s.number, '')
            || coalesce(', by ' || u.name, ''),
            t.id, NULL::smallint, t.body
        FROM t
        LEFT JOIN campaign c ON c.organisation_id = \(organisation) AND c.id = t.campaign_id
        LEFT JOIN sender s ON s.organisation_id = \(organisation) AND s.id = t.sender_id
        LEFT JOIN member u ON u.organisation_id = \(organisation) AND u.id = t.author_id
        """
    }

    /// Tries have no time of their own but the slot they were let go for; a verdict that closed has
    /// none and takes its text's.
    private static func tries(_ organisation: Int32) -> SQL {
        """
        SELECT coalesce(a.slot_at, t.created_at), 'verdict',
            CASE a.verdict WHEN 1 THEN 'let go' WHEN 2 THEN 'suppressed' WHEN 3 THEN 'expired'
                ELSE 'cancelled' END || coalesce(': ' || a.reason, ''), a.message_id, a.n, NULL
        FROM t JOIN attempt a ON a.organisation_id = \(organisation) AND a.message_id = t.id
        UNION ALL
        SELECT o.closed_at, 'outcome',
            CASE o.result WHEN 1 THEN 'accepted' WHEN 2 THEN 'rejected' WHEN 3 THEN 'not sent'
                ELSE 'in doubt' END || coalesce(' ' || o.provider_id, '')
                || coalesce(' (' || o.code || ')', ''), o.message_id, o.n, NULL
        FROM t JOIN outcome o ON o.organisation_id = \(organisation) AND o.message_id = t.id
        """
    }

    private static func reports(_ organisation: Int32) -> SQL {
        """
        SELECT s.settled_at, 'settlement',
            CASE s.result WHEN 1 THEN 'accepted' ELSE 'rejected' END || ' by ' || s.how
                || coalesce(': ' || s.reason, ''), s.message_id, s.n, NULL
        FROM t JOIN settlement s ON s.organisation_id = \(organisation) AND s.message_id = t.id
        UNION ALL
        SELECT r.received_at, 'receipt',
            (ARRAY['queued', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'canceled'])
                [r.status] || coalesce(' (' || r.code || ')', ''), r.message_id, r.n, NULL
        FROM t JOIN receipt r ON r.organisation_id = \(organisation) AND r.message_id = t.id
        """
    }

    private static func proofs(_ organisation: Int32, _ contact: UUID) -> SQL {
        """
        SELECT c.recorded_at, 'consent',
            c.source || coalesce(', given ' || c.given_at, '') || ', row ' || c.row_number
                || coalesce(' of ' || i.file_name, ''), NULL::uuid, NULL::smallint,
            NULLIF(c.wording, '')
        FROM consent c
        LEFT JOIN import i ON i.organisation_id = c.organisation_id AND i.id = c.import_id
        WHERE c.organisation_id = \(organisation) AND c.contact_id = \(contact)
        UNION ALL
        SELECT l.at, l.kind, 'line ' || l.seq || coalesce(' (' || l.source || ')', '')
            || coalesce(', rule ' || rule, ''), message, NULL, NULL
        FROM ledger l
        CROSS JOIN LATERAL (
            SELECT l.entry::jsonb #>> '{details,rule}' AS rule,
                (l.entry::jsonb #>> '{details,message}')::uuid AS message
        ) d
        WHERE l.organisation_id = \(organisation) AND l.contact_id = \(contact)
        """
    }
}

extension TimelineEvent {
    fileprivate init(row: borrowing Row) throws {
        at = try row.value(0)
        kind = try row.value(1)
        what = try row.value(2)
        message = try row.value(3)
        n = try row.value(4)
        body = try row.value(5)
    }
}
