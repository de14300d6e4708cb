import Foundation
import Postgres
import Texting

/// Replies that may be a stop and wait for a person; the only type that writes `review`.
package struct Reviews: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// How long a person may take to decide before it counts as a stop (compliance 5.6, layer C).
    package static let clock: Duration = .seconds(24 * 3_600)

    /// A person's decision. Raw values stand in `review.decision`.
    package enum Decision: String, Sendable, CaseIterable {
        case optOut = "opt_out"
        case wrongNumber = "wrong_number"
        case none
    }

    /// A reply that waits.
    package struct Waiting: Sendable {
        package var organisation: Int32
        package var message: UUID
        package var conversation: UUID
        package var contact: UUID
        package var meaning: String
        package var rule: String
        package var version: String
        package var dueAt: Date
        package var body: String
        package var receivedAt: Date
        package var name: String?
        /// Last three digits of the person's number.
        package var ending: String?
        package var campaign: String?
        /// What we had texted last.
        package var lastSent: String?
    }

    /// Opens one per likely stop or wrong number, with the text.
    static func open(_ items: [ReceptionRound.Item], on connection: Connection) async throws {
        let open = items.filter { !$0.isOptedOut && $0.conversation != nil }
        guard !open.isEmpty else { return }
        let hours = Double(clock.components.seconds)
        _ = try await connection.execute(
            """
            INSERT INTO review (organisation_id, message_id, conversation_id, contact_id, meaning,
                rule, version, due_at)
            SELECT o, m, k, c, meaning, rule, \(Reply.version),
                clock_timestamp() + \(hours) * interval '1 s'
            FROM unnest(\(open.map(\.organisation)), \(open.map(\.message)),
                \(open.map(\.conversation)), \(open.map(\.person.id)),
                \(open.map(\.reading.meaning.rawValue)), \(open.map(\.reading.rule)))
                AS t(o, m, k, c, meaning, rule)
            ON CONFLICT DO NOTHING
            """)
    }

    /// What waits, the most urgent first.
    package func waiting(organisation: Int32, limit: Int = 100) async throws -> [Waiting] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT r.organisation_id, r.message_id, r.conversation_id, r.contact_id, r.meaning,
                    r.rule, r.version, r.due_at, m.body, m.created_at, c.name, right(c.number, 3),
                    k.name, s.body
                FROM review r
                JOIN message m ON m.organisation_id = r.organisation_id AND m.id = r.message_id
                JOIN contact c ON c.organisation_id = r.organisation_id AND c.id = r.contact_id
                LEFT JOIN campaign k ON k.organisation_id = m.organisation_id
                    AND k.id = m.campaign_id
                LEFT JOIN recipient p ON p.organisation_id = m.organisation_id
                    AND p.contact_id = m.contact_id AND p.campaign_id = m.campaign_id
                LEFT JOIN message s ON s.organisation_id = p.organisation_id
                    AND s.id = p.message_id
                WHERE r.organisation_id = \(organisation) AND r.decided_at IS NULL
                ORDER BY r.due_at, r.message_id LIMIT \(limit)
                """
            ) { row in
                Waiting(
                    organisation: try row.value(0), message: try row.value(1),
                    conversation: try row.value(2), contact: try row.value(3),
                    meaning: try row.value(4), rule: try row.value(5), version: try row.value(6),
                    dueAt: try row.value(7), body: try row.value(8),
                    receivedAt: try row.value(9), name: try row.value(10),
                    ending: try row.value(11), campaign: try row.value(12),
                    lastSent: try row.value(13))
            }
        }
    }

    /// How many wait, and how many of them opt out by themselves within four hours.
    package func counts(organisation: Int32) async throws -> (waiting: Int, soon: Int) {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT count(*), count(*) FILTER (WHERE due_at < now() + interval '4 hours')
                FROM review WHERE organisation_id = \(organisation) AND decided_at IS NULL
                """
            ) { (waiting: try $0.value(0) as Int, soon: try $0.value(1) as Int) }!
        }
    }

    /// Decides one; what was decided before stays.
    ///
    /// - Parameter reason: why it is no stop, where the rules thought so; in the ledger's line.
    /// - Returns: whether this decision is the one that holds.
    /// - Throws: ``InvalidInput`` where the rules are overruled without a reason.
    package func decide(
        organisation: Int32, message: UUID, as decision: Decision, by member: UUID,
        reason: String? = nil
    ) async throws -> Bool {
        if decision == .none {
            _ = try nonEmpty(reason ?? "", "Say why this is no wish to stop.")
        }
        return try await database.transaction(organisation: organisation) { connection in
            guard
                let review = try await Self.find(
                    organisation, message, on: connection)
            else { return false }
            return try await Self.close(
                review, decision: decision.rawValue, by: member, reason: reason,
                on: connection)
        }
    }

    /// Turns reviews past their hour into stops: an unclear wish to be left alone is one.
    ///
    /// - Returns: how many.
    @discardableResult
    package func closeOverdue(limit: Int = 100) async throws -> Int {
        let due = try await database.rows(
            """
            SELECT organisation_id, message_id, conversation_id, contact_id, meaning, rule, version
            FROM review WHERE decided_at IS NULL AND due_at <= clock_timestamp()
            ORDER BY due_at LIMIT \(limit)
            """, decode: Open.init(row:))
        var count = 0
        for review in due {
            let isClosed = try await database.transaction(organisation: review.organisation) {
                try await Self.close(review, decision: "timeout", by: nil, on: $0)
            }
            count += isClosed ? 1 : 0
        }
        return count
    }

    private struct Open: Sendable {
        var organisation: Int32
        var message, conversation, contact: UUID
        var meaning, rule, version: String

        init(row: borrowing Row) throws {
            organisation = try row.value(0)
            message = try row.value(1)
            conversation = try row.value(2)
            contact = try row.value(3)
            meaning = try row.value(4)
            rule = try row.value(5)
            version = try row.value(6)
        }
    }

    private static func find(
        _ organisation: Int32, _ message: UUID, on connection: Connection
    ) async throws -> Open? {
        try await connection.first(
            """
            SELECT organisation_id, message_id, conversation_id, contact_id, meaning, rule, version
            FROM review WHERE organisation_id = \(organisation) AND message_id = \(message)
              AND decided_at IS NULL
            """, decode: Open.init(row:))
    }

    /// Person, conversation, review, ledger: in lock order.
    private static func close(
        _ review: Open, decision: String, by member: UUID?, reason: String? = nil,
        on connection: Connection
    ) async throws -> Bool {
        let person = ContactKey(organisation: review.organisation, id: review.contact)
        _ = try await ContactRows.lock([person], on: connection)
        let isOurs = try await connection.execute(
            """
            UPDATE review SET decided_at = clock_timestamp(), decided_by = \(member),
                decision = \(decision)
            WHERE organisation_id = \(review.organisation) AND message_id = \(review.message)
              AND decided_at IS NULL
            """)
        guard isOurs == 1 else { return false }
        let isWrongNumber =
            decision == "wrong_number"
            || (decision == "timeout" && review.meaning == "wrong_number")
        let isStop = decision == "opt_out" || (decision == "timeout" && !isWrongNumber)
        var marked: [MarkedStop] = []
        if isStop {
            marked = try await OptOuts.mark(
                [
                    Stop(
                        organisation: review.organisation, contact: review.contact,
                        source: member == nil ? .timeout : .compliance, message: review.message,
                        conversation: review.conversation, rule: review.rule,
                        version: review.version, member: member, reason: reason)
                ], on: connection)
        } else if isWrongNumber {
            _ = try await connection.execute(
                """
                UPDATE contact SET wrong_number_at = coalesce(wrong_number_at, clock_timestamp())
                WHERE organisation_id = \(review.organisation) AND id = \(review.contact)
                """)
        }
        let staysWaiting = decision == "none"
        _ = try await connection.execute(
            """
            UPDATE conversation SET flagged = NULL,
                needs_reply_since = CASE WHEN \(staysWaiting) THEN needs_reply_since END
            WHERE organisation_id = \(review.organisation) AND id = \(review.conversation)
            """)
        try await OptOuts.count(marked, in: review.conversation, on: connection)
        try await OptOuts.write(marked, on: connection)
        var details = [
            "message": review.message.text, "decision": decision,
            "member": member?.text ?? "", "rule": review.rule, "version": review.version,
        ]
        details["reason"] = reason
        let written = details
        try await Ledger.append(
            review.organisation, isWrongNumber ? .wrongNumber : .review, contact: review.contact,
            details: written, on: connection)
        return true
    }
}
