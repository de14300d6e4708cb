import Foundation
import Postgres

/// One thing that a volunteer told the lead to fix.
package struct Suggestion: Sendable, Equatable {
    package var id: UUID
    /// Who wrote it.
    package var author: String
    /// Empty where its time was over.
    package var words: String
    package var createdAt: Date
    package var seenAt: Date?
    /// Who saw it.
    package var seenBy: String?
}

/// What volunteers tell those who lead a campaign, at the end of a shift; the only type that writes
/// `suggestion`.
///
/// Nothing is deleted: *seen* takes it off the list of what is new and says who saw it. Its words go
/// with the limit for words, and with the erasure of somebody of that campaign's list whom it names.
package struct Suggestions: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// The longest, in UTF-16 code units: what a page's `maxlength` counts.
    package static let lengthMax = 500

    /// The most of one person within a day.
    package static let perDay = 5

    /// The most that one page shows.
    package static let most = 50

    /// Keeps what a member says about a campaign in which they take part.
    ///
    /// The same words again within an hour are the same press, and are kept once.
    /// - Throws: ``InvalidInput`` with the key `fix_empty`, `fix_long`, `fix_enough` or `fix_nowhere`.
    package func add(
        _ words: String?, to campaign: UUID?, organisation: Int32, by member: UUID
    ) async throws {
        let body = (words ?? "").replacing("\r\n", with: "\n")
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard !body.isEmpty else { throw refusal("Write the one thing first.", "fix_empty") }
        guard body.utf16.count <= Self.lengthMax else {
            throw refusal("At most \(Self.lengthMax) characters.", "fix_long")
        }
        guard let campaign else { throw refusal("There is no such campaign.", "fix_nowhere") }
        try await database.transaction(organisation: organisation) { connection in
            // One press of a person after the other, so that the day's limit holds.
            let lately = try await connection.first(
                """
                SELECT (SELECT count(*) FROM suggestion s
                        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id
                            AND s.created_at > now() - interval '1 day'),
                    EXISTS (SELECT FROM suggestion s
                        WHERE s.organisation_id = m.organisation_id AND s.member_id = m.id
                            AND s.created_at > now() - interval '1 hour'
                            AND s.campaign_id = \(campaign) AND s.body = \(body))
                FROM (SELECT organisation_id, id FROM member
                    WHERE organisation_id = \(organisation) AND id = \(member)
                    FOR NO KEY UPDATE) m
                """
            ) { row in (count: try row.value(0) as Int, isRepeated: try row.value(1) as Bool) }
            if lately?.isRepeated == true { return }
            guard lately?.count ?? 0 < Self.perDay else {
                throw refusal("That was a lot for one day.", "fix_enough")
            }
            let kept = try await connection.execute(
                """
                INSERT INTO suggestion (organisation_id, id, campaign_id, member_id, body)
                SELECT organisation_id, \(UUID.v7()), campaign_id, member_id, \(body)
                FROM participation WHERE organisation_id = \(organisation)
                    AND member_id = \(member) AND campaign_id = \(campaign)
                """)
            guard kept == 1 else { throw refusal("There is no such campaign.", "fix_nowhere") }
        }
    }

    private func refusal(_ sentence: String, _ key: String) -> InvalidInput {
        InvalidInput(sentence, key: key, values: ["n": String(Self.lengthMax)])
    }

    /// What nobody has seen yet, the oldest first.
    package func unseen(of campaign: UUID, organisation: Int32) async throws -> [Suggestion] {
        try await read(
            campaign, organisation,
            "AND s.seen_at IS NULL AND s.body <> '' ORDER BY s.id LIMIT \(Self.most)")
    }

    /// Everything, the newest first, a page at a time: those before `older`.
    package func all(
        of campaign: UUID, organisation: Int32, before older: UUID? = nil
    ) async throws -> [Suggestion] {
        try await read(
            campaign, organisation,
            """
            AND (\(older) IS NULL OR s.id < \(older)) ORDER BY s.id DESC LIMIT \(Self.most)
            """)
    }

    private func read(
        _ campaign: UUID, _ organisation: Int32, _ which: SQL
    ) async throws -> [Suggestion] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT s.id, coalesce(m.name, ''), s.body, s.created_at, s.seen_at, r.name
                FROM suggestion s
                LEFT JOIN member m ON m.organisation_id = s.organisation_id AND m.id = s.member_id
                LEFT JOIN member r ON r.organisation_id = s.organisation_id AND r.id = s.seen_by
                WHERE s.organisation_id = \(organisation) AND s.campaign_id = \(campaign)
                """ + " " + which
            ) { row in
                Suggestion(
                    id: try row.value(0), author: try row.value(1), words: try row.value(2),
                    createdAt: try row.value(3), seenAt: try row.value(4), seenBy: try row.value(5))
            }
        }
    }

    /// Notes that somebody who leads has seen it; who saw it first stays.
    package func see(
        _ id: UUID, of campaign: UUID, organisation: Int32, by member: UUID
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE suggestion SET seen_at = now(), seen_by = \(member)
                WHERE organisation_id = \(organisation) AND id = \(id)
                    AND campaign_id = \(campaign) AND seen_at IS NULL
                """)
        }
    }
}
