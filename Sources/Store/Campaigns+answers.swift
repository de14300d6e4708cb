import Foundation
import Postgres

extension Campaigns {
    /// Answers in use, in the order in which they are shown.
    package func answers(of campaign: UUID, organisation: Int32) async throws -> [Answer] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT id, parent_id, position, label, body, question, value, tag, opts_out
                FROM answer
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                    AND retired_at IS NULL
                ORDER BY parent_id NULLS FIRST, position, id
                """
            ) { row in
                Answer(
                    id: try row.value(0), parent: try row.value(1), position: try row.value(2),
                    label: try row.value(3), body: try row.value(4), question: try row.value(5),
                    value: try row.value(6), tag: try row.value(7), optsOut: try row.value(8))
            }
        }
    }

    /// Adds an answer or changes the one with that id.
    ///
    /// - Throws: ``InvalidInput`` for an empty label, or nothing that a press would do.
    package func save(_ answer: Answer, of campaign: UUID, organisation: Int32) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.save(answer, campaign, organisation, on: connection)
        }
    }

    /// Takes an answer off the screens; what it recorded stays.
    package func retire(answer: UUID, of campaign: UUID, organisation: Int32) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await Self.retire(answer, campaign, organisation, on: connection)
        }
    }

    static func save(
        _ answer: Answer, _ campaign: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        let label = try nonEmpty(answer.label, "The answer needs a label.")
        guard !answer.body.isEmpty || answer.question != nil || answer.tag != nil || answer.optsOut
        else { throw InvalidInput("The answer sends nothing and records nothing.") }
        _ = try await connection.execute(
            """
            INSERT INTO answer (organisation_id, campaign_id, id, parent_id, position, label,
                body, question, value, tag, opts_out)
            VALUES (\(organisation), \(campaign), \(answer.id), \(answer.parent),
                \(answer.position), \(label), \(answer.body), \(answer.question),
                \(answer.value), \(answer.tag), \(answer.optsOut))
            ON CONFLICT (organisation_id, campaign_id, id) DO UPDATE SET
                parent_id = excluded.parent_id, position = excluded.position,
                label = excluded.label, body = excluded.body, question = excluded.question,
                value = excluded.value, tag = excluded.tag, opts_out = excluded.opts_out
            """)
    }

    static func retire(
        _ answer: UUID, _ campaign: UUID, _ organisation: Int32, on connection: Connection
    ) async throws {
        _ = try await connection.execute(
            """
            UPDATE answer SET retired_at = now()
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND id = \(answer) AND retired_at IS NULL
            """)
    }
}
