import Foundation
import Postgres

/// Whom of an earlier campaign a new one addresses.
package enum Selection: Sendable, Equatable {
    /// Whose first text the carrier refused, without a sign that anything ever reached them.
    ///
    /// Texts in doubt, and texts that were accepted but not delivered, may have been read: never
    /// these (P1). `fruitless` are codes of refusals that a next text meets again: no such number,
    /// a landline, a person who has stopped us at the carrier.
    case refused(fruitless: [String])
    /// Whose first text never left: too late for their hours, over the frequency cap, or the
    /// campaign ended before it.
    case unreached
    /// Whom the first text provably reached the carrier for, and who has not written since.
    case unanswered
    /// Whose newest answer to a question this is.
    case answered(question: String, value: String)

    /// Stands in `import.selection`.
    package var name: String {
        switch self {
        case .refused: "refused"
        case .unreached: "unreached"
        case .unanswered: "unanswered"
        case .answered: "answered"
        }
    }

    /// Stands in `import.selected`.
    var detail: String? {
        guard case .answered(let question, let value) = self else { return nil }
        return "\(question)=\(value)"
    }

    /// Whether people may deliberately be put on a second such list. Never those who were refused:
    /// they would get the same words twice.
    package var mayRepeat: Bool {
        switch self {
        case .refused, .unreached: false
        case .unanswered, .answered: true
        }
    }
}

/// How many people a choice finds, and who of them is left out.
package struct SelectionCount: Sendable, Equatable {
    package var found = 0
    package var optedOut = 0
    package var wrongNumber = 0
    /// On a list that was made by the same choice before.
    package var listed = 0
    /// Who would be on the new list.
    package var free = 0
}

/// Refused first texts of one campaign with one code.
package struct RefusedCode: Sendable, Equatable {
    /// As in `account.provider`.
    package var provider: String
    package var code: String
    package var people: Int
}

/// Finds people of a campaign for a next one; reads only.
package struct Selections: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// Counts before anybody chooses.
    package func count(
        _ selection: Selection, of campaign: UUID, organisation: Int32
    ) async throws -> SelectionCount {
        let key = BoardKey(organisation: organisation, campaign: campaign)
        return try await database.transaction(organisation: organisation) { connection in
            try await connection.script("SET LOCAL work_mem = '64MB'")
            return try await connection.first(
                """
                SELECT count(*), count(*) FILTER (WHERE stopped),
                    count(*) FILTER (WHERE wrong AND NOT stopped),
                    count(*) FILTER (WHERE listed AND NOT stopped AND NOT wrong),
                    count(*) FILTER (WHERE NOT listed AND NOT stopped AND NOT wrong)
                FROM (
                    SELECT c.opted_out_at IS NOT NULL AS stopped,
                        c.wrong_number_at IS NOT NULL AS wrong,
                        \(Self.isListed(selection, key)) AS listed
                    FROM (\(Self.people(selection, key))) chosen
                    JOIN contact c ON c.organisation_id = \(organisation)
                        AND c.id = chosen.contact_id AND c.number IS NOT NULL
                ) each
                """
            ) { row in
                SelectionCount(
                    found: try row.value(0), optedOut: try row.value(1),
                    wrongNumber: try row.value(2), listed: try row.value(3),
                    free: try row.value(4))
            } ?? SelectionCount()
        }
    }

    /// People by what they said, the most given answer first; from running totals.
    package func answers(of campaign: UUID, organisation: Int32) async throws -> [AnswerTotal] {
        try await database.transaction(organisation: organisation) { connection in
            try await RecordedAnswers.totals(campaign, organisation, on: connection)
        }
    }

    /// Codes with which the carrier refused first texts, the most frequent first.
    package func refusals(of campaign: UUID, organisation: Int32) async throws -> [RefusedCode] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT a.provider, coalesce(o.code, ''), count(*)
                FROM outcome o
                JOIN message m ON m.organisation_id = o.organisation_id AND m.id = o.message_id
                JOIN sender s ON s.organisation_id = m.organisation_id AND s.id = m.sender_id
                JOIN account a ON a.id = s.account_id
                WHERE o.organisation_id = \(organisation) AND o.result = 2
                    AND m.campaign_id = \(campaign) AND m.kind = 1
                GROUP BY 1, 2 ORDER BY 3 DESC, 2 LIMIT 200
                """
            ) { row in
                RefusedCode(
                    provider: try row.value(0), code: try row.value(1), people: try row.value(2))
            }
        }
    }

    /// Ids of contacts, as column `contact_id`, each once.
    static func people(_ selection: Selection, _ key: BoardKey) -> SQL {
        switch selection {
        case .refused(let fruitless): refused(key, fruitless)
        case .unreached: unreached(key)
        case .unanswered: unanswered(key)
        case .answered(let question, let value): answered(key, question, value)
        }
    }

    /// A receipt for a refused text would say that the carrier had it after all; a text that a
    /// person made anew may have been read.
    private static func refused(_ key: BoardKey, _ fruitless: [String]) -> SQL {
        """
        SELECT m.contact_id FROM outcome o
        JOIN message m ON m.organisation_id = o.organisation_id AND m.id = o.message_id
        WHERE o.organisation_id = \(key.organisation) AND o.result = 2
            AND m.campaign_id = \(key.campaign) AND m.kind = 1
            AND NOT coalesce(o.code = ANY(\(fruitless)), false)
            AND NOT EXISTS (SELECT FROM receipt q WHERE q.organisation_id = o.organisation_id
                AND q.message_id = o.message_id)
            AND NOT EXISTS (SELECT FROM message x WHERE x.organisation_id = m.organisation_id
                AND x.campaign_id = m.campaign_id AND x.replaces IS NOT NULL
                AND x.contact_id = m.contact_id)
        GROUP BY m.contact_id
        """
    }

    /// The schema lets a try be closed as expired or cancelled only behind proven *unsent* ones.
    private static func unreached(_ key: BoardKey) -> SQL {
        """
        SELECT r.contact_id FROM lane l
        JOIN campaign g ON g.organisation_id = l.organisation_id AND g.id = l.campaign_id
        JOIN recipient r ON r.organisation_id = l.organisation_id AND r.lane_id = l.id
        LEFT JOIN message m ON m.organisation_id = r.organisation_id AND m.id = r.message_id
        WHERE l.organisation_id = \(key.organisation) AND l.campaign_id = \(key.campaign)
            AND (m.id IS NULL AND g.state = 'ended' OR EXISTS (
                SELECT FROM attempt a WHERE a.organisation_id = r.organisation_id
                    AND a.message_id = r.message_id
                    AND (a.verdict = 3 OR a.reason IN ('campaign_ended', 'frequency_cap'))))
        """
    }

    /// Undelivered ones never saw a text that they could answer: a second one would fail as well.
    private static func unanswered(_ key: BoardKey) -> SQL {
        """
        SELECT r.contact_id FROM lane l
        JOIN recipient r ON r.organisation_id = l.organisation_id AND r.lane_id = l.id
        JOIN message m ON m.organisation_id = r.organisation_id AND m.id = r.message_id
        WHERE l.organisation_id = \(key.organisation) AND l.campaign_id = \(key.campaign)
            AND (EXISTS (SELECT FROM outcome o WHERE o.organisation_id = m.organisation_id
                    AND o.message_id = m.id AND o.result = 1)
                OR EXISTS (SELECT FROM settlement t WHERE t.organisation_id = m.organisation_id
                    AND t.message_id = m.id AND t.result = 1))
            AND NOT EXISTS (SELECT FROM receipt q WHERE q.organisation_id = m.organisation_id
                AND q.message_id = m.id AND q.status IN (5, 6))
            AND NOT EXISTS (SELECT FROM conversation v
                WHERE v.organisation_id = r.organisation_id AND v.contact_id = r.contact_id
                    AND v.last_inbound_at >= m.created_at)
            AND NOT EXISTS (SELECT FROM recorded_answer n
                WHERE n.organisation_id = r.organisation_id AND n.contact_id = r.contact_id
                    AND n.campaign_id = l.campaign_id AND n.value <> '')
        """
    }

    private static func answered(_ key: BoardKey, _ question: String, _ value: String) -> SQL {
        """
        SELECT contact_id FROM (
            SELECT DISTINCT ON (contact_id) contact_id, value FROM recorded_answer
            WHERE organisation_id = \(key.organisation) AND campaign_id = \(key.campaign)
                AND question = \(question)
            ORDER BY contact_id, id DESC) newest
        WHERE value = \(value)
        """
    }

    /// Whether a contact `c` is on a list of the same choice already.
    static func isListed(_ selection: Selection, _ key: BoardKey) -> SQL {
        """
        EXISTS (SELECT FROM import i
            JOIN recipient e ON e.organisation_id = i.organisation_id
                AND e.campaign_id = i.campaign_id AND e.contact_id = c.id
            WHERE i.organisation_id = \(key.organisation) AND i.follows = \(key.campaign)
                AND i.selection = \(selection.name)
                AND i.selected IS NOT DISTINCT FROM \(selection.detail)
                AND i.state IN ('merging', 'done'))
        """
    }
}
