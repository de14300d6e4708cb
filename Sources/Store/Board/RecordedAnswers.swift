import Foundation
import Postgres

/// Answers as facts, and how many people hold each; the only type that writes `recorded_answer` and
/// `answer_tally`.
package struct RecordedAnswers: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// What somebody answered in a conversation.
    struct Entry: Sendable {
        var organisation: Int32
        var conversation: UUID
        var question: String
        /// Empty takes the answer back.
        var value: String
        var member: UUID
    }

    /// Writes an answer down and moves the totals from the last one to it.
    ///
    /// The caller holds the conversation's row, which orders answers of one person. Nothing is
    /// written for a thread without a campaign.
    static func record(_ entry: Entry, on connection: Connection) async throws {
        let place = try await connection.first(
            """
            SELECT c.campaign_id, c.contact_id, (
                SELECT r.value FROM recorded_answer r
                WHERE r.organisation_id = c.organisation_id AND r.campaign_id = c.campaign_id
                    AND r.contact_id = c.contact_id AND r.question = \(entry.question)
                ORDER BY r.id DESC LIMIT 1)
            FROM conversation c
            WHERE c.organisation_id = \(entry.organisation) AND c.id = \(entry.conversation)
                AND c.campaign_id IS NOT NULL
            """
        ) { row in
            (
                campaign: try row.value(0) as UUID, contact: try row.value(1) as UUID,
                before: try row.value(2) as String?
            )
        }
        guard let place, place.before ?? "" != entry.value else { return }
        try await connection.execute(
            """
            INSERT INTO recorded_answer (organisation_id, id, campaign_id, contact_id,
                conversation_id, question, value, member_id)
            VALUES (\(entry.organisation), \(UUID.v7()), \(place.campaign), \(place.contact),
                \(entry.conversation), \(entry.question), \(entry.value), \(entry.member))
            """)
        let moves = [(place.before ?? "", -1), (entry.value, 1)].filter { !$0.0.isEmpty }
            .sorted { $0.0 < $1.0 }
        try await connection.execute(
            """
            INSERT INTO answer_tally (organisation_id, campaign_id, question, value, slot, people)
            SELECT \(entry.organisation), \(place.campaign), \(entry.question), v,
                \(Int16.random(in: 0..<16)), a
            FROM unnest(\(moves.map(\.0)), \(moves.map(\.1))) AS t(v, a)
            ON CONFLICT (organisation_id, campaign_id, question, value, slot)
            DO UPDATE SET people = answer_tally.people + excluded.people
            """)
    }

    /// People by answer, the most given first.
    package func totals(
        of campaign: UUID, organisation: Int32
    ) async throws -> [AnswerTotal] {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.totals(campaign, organisation, on: connection)
        }
    }

    static func totals(
        _ campaign: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [AnswerTotal] {
        let key = BoardKey(organisation: organisation, campaign: campaign)
        return try await connection.rows(statement(key)) { row in
            AnswerTotal(
                question: try row.value(0), value: try row.value(1), people: try row.value(2))
        }
    }

    static func statement(_ key: BoardKey) -> SQL {
        """
        SELECT question, value, sum(people)::bigint FROM answer_tally
        WHERE organisation_id = \(key.organisation) AND campaign_id = \(key.campaign)
        GROUP BY question, value HAVING sum(people) > 0
        ORDER BY 3 DESC, question, value LIMIT 50
        """
    }
}

/// How many people's newest answer to a question this is.
package struct AnswerTotal: Sendable, Equatable {
    package var question: String
    package var value: String
    package var people: Int
}
