import Foundation
import Postgres
import Texting

/// A text of ours as the provider remembers it.
package struct RememberedText: Sendable {
    package var organisation: Int32
    package var sender: UUID
    /// E.164.
    package var to: String
    /// Nil if the provider does not tell the words.
    package var body: String?
    package var providerID: String
    package var createdAt: Date

    package init(
        organisation: Int32, sender: UUID, to: String, body: String?, providerID: String,
        createdAt: Date
    ) {
        self.organisation = organisation
        self.sender = sender
        self.to = to
        self.body = body
        self.providerID = providerID
        self.createdAt = createdAt
    }
}

/// Writes down again what a failover or a restore made the database forget, so that it is not sent
/// a second time.
package struct Recovery: Sendable {
    /// What became of a remembered text.
    package enum Finding: String, Sendable, Encodable {
        /// It stood here already.
        case known
        /// It stood here as waiting, undrawn or in doubt; now it is accepted.
        case bound
        /// No text of ours fits, or more than one does: a person decides.
        case unexplained
    }

    let database: Database

    package init(database: Database) { self.database = database }

    /// Binds one text to the try that must have sent it.
    ///
    /// The person's row is locked, so that no worker tries the same text meanwhile. The try takes the
    /// next number: whoever draws or takes the text later meets its key and makes no permit.
    package func explain(_ text: RememberedText) async throws -> Finding {
        try await database.transaction { connection in
            let contact = try await connection.first(
                """
                SELECT id FROM contact
                WHERE organisation_id = \(text.organisation) AND number = \(text.to)
                FOR NO KEY UPDATE
                """
            ) { try $0.value(0) as UUID }
            guard let contact else { return .unexplained }
            let texts = try await candidates(text.organisation, contact, on: connection)
            if texts.contains(where: { $0.providerIDs.contains(text.providerID) }) { return .known }
            guard let candidate = Self.choose(texts, body: text.body) else { return .unexplained }
            try await bind(text, to: candidate, contact, on: connection)
            return .bound
        }
    }

    private struct Candidate: Sendable {
        var message: UUID
        /// Nil: not drawn yet.
        var body: String?
        /// What texts of the campaign begin with, up to the first merge field: one per script.
        var openings: [String]
        var kind: MessageKind
        var campaign: UUID?
        var n: Int16
        var verdict: Int16?
        var result: OutcomeResult?
        var isSettled: Bool
        var providerIDs: [String]

        var isInDoubt: Bool { verdict == 1 && result == .unknown && !isSettled }
        /// Tried without an end: the worker that tried it is gone.
        var isOpen: Bool { verdict == 1 && result == nil }
        var isWaiting: Bool { body != nil && (verdict == nil || result == .unsent) }
        var isUndrawn: Bool { body == nil }

        func begins(_ words: String?) -> Bool {
            words.map { words in openings.contains { words.hasPrefix($0) } } ?? true
        }
    }

    /// The one text that fits best: tried ones first, then waiting ones, then those not drawn yet.
    private static func choose(_ texts: [Candidate], body: String?) -> Candidate? {
        func fits(_ text: Candidate) -> Bool { body.map { $0 == text.body } ?? true }
        let groups = [
            texts.filter { ($0.isInDoubt || $0.isOpen) && fits($0) },
            texts.filter { $0.isWaiting && fits($0) },
            texts.filter { $0.isUndrawn && $0.begins(body) },
        ]
        guard let group = groups.first(where: { !$0.isEmpty }), group.count == 1 else { return nil }
        return group[0]
    }

    private func candidates(
        _ organisation: Int32, _ contact: UUID, on connection: Connection
    ) async throws -> [Candidate] {
        try await connection.rows(
            """
            WITH texts AS (
                SELECT message_id AS id, campaign_id FROM recipient
                WHERE organisation_id = \(organisation) AND contact_id = \(contact)
                UNION
                SELECT id, campaign_id FROM message
                WHERE organisation_id = \(organisation) AND contact_id = \(contact)
                  AND kind NOT IN (1, 6)
            )
            SELECT t.id, m.body, coalesce(m.kind, 1::smallint), coalesce(m.campaign_id, t.campaign_id),
                coalesce(a.n, 0::smallint), a.verdict, o.result,
                EXISTS (SELECT FROM settlement s WHERE s.organisation_id = \(organisation)
                    AND s.message_id = t.id AND s.n = a.n),
                ARRAY(
                    SELECT p FROM (
                        SELECT provider_id AS p FROM outcome x
                        WHERE x.organisation_id = \(organisation) AND x.message_id = t.id
                        UNION SELECT provider_id FROM settlement x
                        WHERE x.organisation_id = \(organisation) AND x.message_id = t.id
                    ) ids WHERE p IS NOT NULL),
                ARRAY(SELECT DISTINCT split_part(x.body, '{', 1) FROM script x
                    WHERE x.organisation_id = \(organisation) AND x.campaign_id = t.campaign_id)
            FROM texts t
            LEFT JOIN message m ON m.organisation_id = \(organisation) AND m.id = t.id
            LEFT JOIN LATERAL (
                SELECT n, verdict FROM attempt
                WHERE organisation_id = \(organisation) AND message_id = t.id
                ORDER BY n DESC LIMIT 1
            ) a ON true
            LEFT JOIN outcome o ON o.organisation_id = \(organisation) AND o.message_id = t.id
                AND o.n = a.n
            """
        ) { row in
            Candidate(
                message: try row.value(0), body: try row.value(1), openings: try row.value(9),
                kind: MessageKind(rawValue: try row.value(2)) ?? .first,
                campaign: try row.value(3), n: try row.value(4), verdict: try row.value(5),
                result: (try row.value(6) as Int16?).flatMap(OutcomeResult.init(rawValue:)),
                isSettled: try row.value(7), providerIDs: try row.value(8))
        }
    }

    private func bind(
        _ text: RememberedText, to candidate: Candidate, _ contact: UUID,
        on connection: Connection
    ) async throws {
        if candidate.isInDoubt {
            return try await Outcomes.settle(
                AttemptKey(
                    organisation: text.organisation, message: candidate.message, n: candidate.n),
                accepted: text.providerID, how: "look-up", on: connection)
        }
        let segments = Int16(clamping: text.body.map { Measure($0).segments } ?? 1)
        if candidate.isUndrawn {
            var message = NewMessage(
                organisation: text.organisation, id: candidate.message, kind: .first,
                contact: contact, body: text.body ?? "", segments: segments)
            message.campaign = candidate.campaign
            message.sender = text.sender
            _ = try await Messages.insert([message], on: connection)
        }
        let n = candidate.isOpen ? candidate.n : candidate.n + 1
        if !candidate.isOpen {
            try await Attempts.remember(
                AttemptKey(organisation: text.organisation, message: candidate.message, n: n),
                sender: text.sender, at: text.createdAt, on: connection)
        }
        try await Outcomes.remember(
            Closing(
                organisation: text.organisation, message: candidate.message, n: n,
                result: .accepted, providerID: text.providerID, code: "read back",
                kind: candidate.kind, campaign: candidate.campaign, sender: text.sender,
                zoneSet: 1, segments: segments, dueAt: nil), on: connection)
    }
}

extension Attempts {
    /// Writes down a try that was committed once and is forgotten. It names no worker of today.
    static func remember(
        _ key: AttemptKey, sender: UUID, at moment: Date, on connection: Connection
    ) async throws {
        _ = try await connection.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
                slot_at, deadline)
            SELECT \(key.organisation), \(key.message), \(key.n), 1, s.id, \(UUID.nobody), s.epoch,
                \(moment), \(moment.addingTimeInterval(doubtSeconds))
            FROM sender s WHERE s.organisation_id = \(key.organisation) AND s.id = \(sender)
            """)
    }
}

extension UUID {
    /// The worker of tries that were read back from a provider.
    fileprivate static let nobody = UUID(
        uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
}
