import Foundation
import Postgres
import Texting

/// Reads campaigns for those who steer them: sums of `tally`, never a scan of texts.
package struct Boards: Sendable {
    private let database: Database

    package init(database: Database) { self.database = database }

    /// The board of a campaign; nil if there is none.
    ///
    /// Eight short statements in one transaction. What is not in the totals (who waits, who asks
    /// for help, who is here) is read by partial indexes and up to a bound.
    package func facts(of campaign: UUID, organisation: Int32) async throws -> BoardFacts? {
        try await database.transaction(organisation: organisation) { connection in
            let key = BoardKey(organisation: organisation, campaign: campaign)
            guard let head = try await connection.first(key.head, decode: Head.init(row:)) else {
                return nil
            }
            let lanes = try await connection.first(key.lanes) { row in
                (people: try row.value(0) as Int, trying: try row.value(1) as Int?)
            }
            let sums = try await sums(key, head.at, on: connection)
            let waiting = try await connection.first(key.waiting) { row in
                WaitingPeople(
                    count: try row.value(0), oldest: try row.value(1), late: try row.value(2))
            }
            let crew = try await connection.first(key.texting) { row in
                (texting: try row.value(0) as Int, fixes: try row.value(1) as Int)
            }
            let hands = try await connection.rows(key.hands) { row in
                RaisedHand(
                    conversation: try row.value(0), texter: try row.value(1),
                    note: try row.value(2) ?? "", at: try row.value(3))
            }
            return BoardFacts(
                at: head.at, campaign: head.campaign, settings: head.settings,
                pausedAt: head.pausedAt, people: lanes?.people ?? 0,
                trying: lanes?.trying ?? nil, totals: sums.totals, recent: sums.recent,
                recentMinutes: sums.recentMinutes, series: sums.series,
                answers: try await RecordedAnswers.totals(campaign, organisation, on: connection),
                waiting: waiting ?? WaitingPeople(), texting: crew?.texting ?? 0, hands: hands,
                fixes: crew?.fixes ?? 0)
        }
    }

    func transaction<Value: Sendable>(
        _ organisation: Int32, _ body: @Sendable (Connection) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(organisation: organisation, body)
    }

    private struct Head: Sendable {
        var at: Date
        var campaign: Campaign
        var settings: [String: String]
        var pausedAt: Date?

        init(row: borrowing Row) throws {
            campaign = try Campaign(row: row)
            at = try row.value("seen_at")
            settings = (try? (row.value("settings") as JSONB).decode([String: String].self)) ?? [:]
            pausedAt = try row.value("paused_at")
        }
    }

    private struct Sums: Sendable {
        var totals: [TallyKind: Int] = [:]
        var recent = 0
        var recentMinutes = 0
        var series: BoardSeries
    }

    private func sums(
        _ key: BoardKey, _ now: Date, on connection: Connection
    ) async throws -> Sums {
        let span = try await connection.first(key.span) { row in
            (try row.value(0) as Date?, try row.value(1) as Date?)
        }
        let (first, last) = (span?.0 ?? now, max(span?.1 ?? now, span?.0 ?? now))
        let width = BoardSeries.width(from: first, to: last)
        let stretches = Int(last.timeIntervalSince(first) / 60) / width + 1
        let blank = Array(repeating: 0, count: stretches)
        var sums = Sums(
            series: BoardSeries(start: first, width: width, accepted: blank, optOuts: blank))
        let rows = try await connection.rows(key.sums(from: first, width: width)) { row in
            (
                kind: TallyKind(rawValue: try row.value(0)), place: Int(try row.value(1) as Int32),
                amount: try row.value(2) as Int, recent: try row.value(3) as Int
            )
        }
        for row in rows {
            guard let kind = row.kind else { continue }
            sums.totals[kind, default: 0] += row.amount
            // A minute that began after the span was read belongs to the last stretch.
            let place = min(max(0, row.place), stretches - 1)
            if kind == .accepted {
                sums.series.accepted[place] += row.amount
                sums.recent += row.recent
            }
            if kind == .optOuts { sums.series.optOuts[place] += row.amount }
        }
        sums.recentMinutes = min(5, max(0, Int(now.timeIntervalSince(first) / 60)))
        return sums
    }
}

/// The statements of a board, apart so that a test can ask PostgreSQL how it would run them.
struct BoardKey: Sendable {
    var organisation: Int32
    var campaign: UUID

    var all: [(name: String, statement: SQL)] {
        [
            ("head", head), ("lanes", lanes), ("span", span),
            ("sums", sums(from: Date(timeIntervalSince1970: 0), width: 60)),
            ("waiting", waiting), ("texting", texting), ("hands", hands),
        ]
    }

    var head: SQL {
        """
        SELECT \(Campaign.columns), settings, paused_at, clock_timestamp() AS seen_at FROM campaign
        WHERE organisation_id = \(organisation) AND id = \(campaign)
        """
    }

    var lanes: SQL {
        """
        SELECT coalesce(sum(size), 0)::bigint,
            CASE WHEN bool_or(canary_end IS NOT NULL)
                THEN sum(least(size, coalesce(canary_end, size)))::bigint END
        FROM lane WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
        """
    }

    var span: SQL {
        """
        SELECT min(minute), max(minute) FROM tally
        WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
        """
    }

    /// In double precision throughout: `extract` gives numeric, which takes three times as long.
    func sums(from first: Date, width: Int) -> SQL {
        """
        SELECT kind, floor((date_part('epoch', minute) - \(first.timeIntervalSince1970))
                / \(Double(width) * 60))::int, sum(amount)::bigint,
            coalesce(sum(amount) FILTER (WHERE minute < date_trunc('minute', now())
                AND minute >= date_trunc('minute', now()) - interval '5 min'), 0)::bigint
        FROM tally WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
        GROUP BY 1, 2
        """
    }

    var waiting: SQL {
        """
        SELECT count(*), min(needs_reply_since),
            count(*) FILTER (WHERE needs_reply_since < now() - interval '20 min')
        FROM (SELECT needs_reply_since FROM conversation
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND needs_reply_since IS NOT NULL
            ORDER BY needs_reply_since LIMIT \(WaitingPeople.bound + 1)) w
        """
    }

    /// Who is here, and how much they said that nobody has seen yet.
    var texting: SQL {
        """
        SELECT count(*), (SELECT count(*) FROM suggestion
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND seen_at IS NULL AND body <> '')
        FROM (SELECT FROM participation
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND last_at > now() - interval '10 min' LIMIT 10000) p
        """
    }

    var hands: SQL {
        """
        SELECT c.id, m.name, n.body, coalesce(n.created_at, c.last_inbound_at, c.created_at)
        FROM (SELECT * FROM conversation
            WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                AND flagged IS NOT NULL AND flagged = 'help'
            LIMIT 50) c
        LEFT JOIN member m ON m.organisation_id = c.organisation_id AND m.id = c.assignee_id
        LEFT JOIN LATERAL (SELECT body, created_at FROM note
            WHERE organisation_id = c.organisation_id AND conversation_id = c.id AND kind = 'help'
            ORDER BY id DESC LIMIT 1) n ON true
        ORDER BY 4 LIMIT 20
        """
    }
}

extension Boards {
    /// Tables that grow with people and texts; a partition's name begins with its parent's. Others are
    /// small, or hold this campaign's rows and little else (`tally`): PostgreSQL may rightly read those
    /// whole.
    private static let growing = [
        "message", "attempt", "outcome", "receipt", "settlement", "contact", "recipient", "outbox",
        "conversation", "consent", "recorded_answer", "ledger",
    ]

    /// Statements of a board for which PostgreSQL would read a whole table that grows with texts or
    /// people, by name; what it says of the data as it stands.
    package func sequentialScans(
        of campaign: UUID, organisation: Int32
    ) async throws -> [String] {
        let key = BoardKey(organisation: organisation, campaign: campaign)
        return try await transaction(organisation) { connection in
            var found: [String] = []
            for (name, statement) in key.all + [("answers", RecordedAnswers.statement(key))] {
                let plan = try await connection.rows("EXPLAIN " + statement) {
                    try $0.value(0) as String
                }
                let scans = plan.filter { line in
                    Self.growing.contains { line.contains("Seq Scan on \($0)") }
                }
                if !scans.isEmpty { found.append(name) }
            }
            return found
        }
    }
}
