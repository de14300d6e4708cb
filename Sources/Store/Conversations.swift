import Foundation
import Postgres
import Texting

/// Threads of a person and a number of ours; with ``Inbox`` the only writer of `conversation`.
enum Conversations {
    /// Returns everything a member holds to the pool.
    @discardableResult
    static func giveBackAll(
        _ member: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> Int {
        // Locked in one order first: an UPDATE alone locks in the order of its plan.
        let held = try await connection.rows(
            """
            SELECT id FROM conversation
            WHERE organisation_id = \(organisation) AND assignee_id = \(member)
            ORDER BY id FOR NO KEY UPDATE
            """
        ) { row in try row.value(0) as UUID }
        return try await connection.execute(
            """
            UPDATE conversation SET assignee_id = NULL
            WHERE organisation_id = \(organisation) AND id = ANY(\(held))
            """)
    }

    /// Finds or opens the conversation of each text, locks them in order and settles whose it is.
    ///
    /// The campaign is that of the last first text; a newer one moves the thread over.
    static func open(
        _ items: inout [ReceptionRound.Item], on connection: Connection
    ) async throws {
        guard !items.isEmpty else { return }
        let rows = try await lock(items, on: connection)
        var assignment = try await AssignmentRound(items, on: connection)
        for index in items.indices {
            let item = items[index]
            let key = Key(
                organisation: item.organisation, contact: item.person.id, sender: item.sender)
            guard let row = rows[key] else {
                throw PostgresError(.statement, "A conversation is missing after it was opened.")
            }
            items[index].conversation = row.id
            let first = item.context.firstText(from: item.sender)
            let isNewCampaign = first?.campaign != nil && first?.campaign != row.campaign
            items[index].campaign = isNewCampaign ? first?.campaign : row.campaign
            items[index].isFirstReply = row.hasNotWritten || isNewCampaign
            items[index].assignee =
                row.isNew || isNewCampaign
                ? assignment.assignee(
                    item.organisation, items[index].campaign, author: first?.author)
                : row.assignee
        }
    }

    /// Writes what the text changed: whose turn it is, flags, the line shown in lists.
    static func update(_ items: [ReceptionRound.Item], on connection: Connection) async throws {
        guard !items.isEmpty else { return }
        let turns = items.map(Turn.init)
        _ = try await connection.execute(
            """
            UPDATE conversation c SET
                -- A new campaign is a new matter: no team was asked about it.
                team_id = CASE WHEN c.campaign_id IS DISTINCT FROM w.campaign THEN NULL
                    ELSE c.team_id END,
                campaign_id = w.campaign, assignee_id = w.assignee,
                needs_reply_since = CASE w.turn WHEN 1 THEN coalesce(c.needs_reply_since, w.at)
                    WHEN 0 THEN NULL ELSE c.needs_reply_since END,
                flagged = CASE WHEN w.turn = 0 THEN NULL ELSE coalesce(w.flag, c.flagged) END,
                done_at = CASE WHEN w.turn = 1 THEN NULL ELSE c.done_at END,
                last_inbound_at = w.at, snippet = w.snippet
            FROM unnest(\(items.map(\.organisation)), \(items.map(\.conversation)),
                \(items.map(\.campaign)), \(items.map(\.assignee)), \(turns.map(\.code)),
                \(turns.map(\.flag)), \(items.map(\.arrival.receivedAt)), \(turns.map(\.snippet)))
                AS w(o, id, campaign, assignee, turn, flag, at, snippet)
            WHERE c.organisation_id = w.o AND c.id = w.id
            """)
    }

    private struct Key: Hashable, Sendable {
        var organisation: Int32
        var contact, sender: UUID
    }

    private struct Found: Sendable {
        var id: UUID
        var campaign, assignee: UUID?
        var isNew: Bool
        var hasNotWritten: Bool
    }

    /// Opens what is missing, then locks all in the order of their ids.
    private static func lock(
        _ items: [ReceptionRound.Item], on connection: Connection
    ) async throws -> [Key: Found] {
        let (owners, people, senders) = (
            items.map(\.organisation), items.map(\.person.id), items.map(\.sender)
        )
        _ = try await connection.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id)
            SELECT o, id, c, s
            FROM unnest(\(owners), \(items.map { _ in UUID.v7() }), \(people), \(senders))
                AS t(o, id, c, s)
            WHERE NOT EXISTS (SELECT FROM conversation k WHERE k.organisation_id = t.o
                AND k.contact_id = t.c AND k.sender_id = t.s)
            ORDER BY o, c, s
            ON CONFLICT DO NOTHING
            """)
        let rows = try await connection.rows(
            """
            SELECT k.organisation_id, k.contact_id, k.sender_id, k.id, k.campaign_id, k.assignee_id,
                k.last_inbound_at IS NULL AND k.last_outbound_at IS NULL,
                k.last_inbound_at IS NULL
            FROM conversation k
            WHERE (k.organisation_id, k.contact_id, k.sender_id) IN (
                SELECT o, c, s FROM unnest(\(owners), \(people), \(senders)) AS w(o, c, s))
            ORDER BY k.organisation_id, k.id FOR NO KEY UPDATE OF k
            """
        ) { row in
            (
                Key(
                    organisation: try row.value(0), contact: try row.value(1),
                    sender: try row.value(2)),
                Found(
                    id: try row.value(3), campaign: try row.value(4), assignee: try row.value(5),
                    isNew: try row.value(6), hasNotWritten: try row.value(7))
            )
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// What a text does to its conversation's place in the lists.
    private struct Turn: Sendable {
        /// 1 waits for a reply, 0 waits no longer, 2 stays as it is.
        var code: Int16
        var flag: String?
        var snippet: String

        init(_ item: ReceptionRound.Item) {
            let reading = item.reading
            if item.stop != nil || item.isStart || reading.acts(.wrongNumber) {
                (code, flag) = (0, nil)  // nothing is to be said any more, or we have said it
            } else if reading.acts(.help), Self.isOneWord(item.arrival.body) {
                (code, flag) = (2, nil)  // a bare HELP is answered and asks for nothing more
            } else if item.isOptedOut {
                (code, flag) = (2, nil)  // goes on being threaded; nobody may answer
            } else {
                let isFlagged = reading.action == .review || reading.meaning == .help
                (code, flag) = (1, isFlagged ? Self.flag(reading.meaning) : nil)
            }
            let words = item.arrival.body.prefix(160)
            snippet = words.isEmpty && !item.arrival.media.isEmpty ? "📎" : String(words)
        }

        /// A question in a person's own words goes on to a person, though we have said who we are.
        private static func isOneWord(_ body: String) -> Bool {
            body.split(whereSeparator: \.isWhitespace).count == 1
        }

        private static func flag(_ meaning: Reply.Meaning) -> String? {
            switch meaning {
            case .optOut: "likely_stop"
            case .help: "help"
            case .wrongNumber: "wrong_number"
            case .optIn, .none: nil
            }
        }
    }
}
