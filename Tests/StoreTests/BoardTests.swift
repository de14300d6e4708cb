import Foundation
import Postgres
import Support
import Testing
import Texting

@testable import Store

/// What a board shows, and when a campaign stops by itself.
@Suite(.freshDatabase) struct BoardTests {
    @Test func `a board sums totals and finds who waits`() async throws {
        let town = try await Town()
        try await town.add(Town.list(40))
        try await town.launch()
        _ = try await town.drawPaced(30)
        try await town.tally([.accepted: 20, .rejected: 3, .landline: 3, .optOuts: 2, .repliers: 5])
        try await town.database.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id,
                needs_reply_since, flagged)
            SELECT \(town.organisation.id), gen_random_uuid(), id, \(town.senders[0].id),
                \(town.campaign.id), now() - interval '25 min', 'help' FROM contact LIMIT 3
            """)
        let boards = Boards(database: town.database)
        let facts = try #require(
            try await boards.facts(of: town.campaign.id, organisation: town.organisation.id))
        #expect(facts.people == 40 && facts[.drawn] == 30 && facts.left == 10)
        #expect(facts.accepted == 20 && facts.failed == 3 && facts.queued == 7)
        #expect(facts.waiting.count == 3 && facts.waiting.late == 3 && facts.hands.count == 3)
        #expect(facts.series.accepted.reduce(0, +) == 20 && facts.series.optOuts == [2])
        #expect(
            try await boards.facts(of: UUID.v7(), organisation: town.organisation.id) == nil)
    }

    /// Where sequential scans are forbidden a statement without an index path shows one all the
    /// same; `bench board` asks again on a million people.
    @Test func `every statement of a board has an index`() async throws {
        let town = try await Town()
        let key = BoardKey(organisation: town.organisation.id, campaign: town.campaign.id)
        for (name, statement) in key.all + [("answers", RecordedAnswers.statement(key))] {
            let plan = try await town.database.transaction { connection in
                try await connection.script("SET LOCAL enable_seqscan = off")
                return try await connection.rows("EXPLAIN " + statement) {
                    try $0.value(0) as String
                }
            }
            #expect(!plan.joined(separator: "\n").contains("Seq Scan"), "\(name): \(plan)")
        }
    }

    /// An hour and more is drawn in stretches of several minutes; every minute lies in one of them.
    @Test(arguments: [63, 64, 118, 119, 400, 1_439])
    func `no minute is lost between two stretches`(minutes: Int) async throws {
        let town = try await Town()
        for ago in [0, 1, 2, minutes / 2, minutes - 1, minutes] {
            try await town.tally([.accepted: 10, .optOuts: 1], minutesAgo: ago)
        }
        let facts = try #require(
            try await Boards(database: town.database).facts(
                of: town.campaign.id, organisation: town.organisation.id))
        #expect(facts[.accepted] == 60 && facts[.optOuts] == 6)
        #expect(facts.series.accepted.reduce(0, +) == 60)
        #expect(facts.series.optOuts.reduce(0, +) == 6)
        #expect(facts.series.accepted.count <= BoardSeries.most)
    }

    @Test func `a stretch is wide enough for sixty of them`() {
        let start = Date(timeIntervalSince1970: 0)
        for minutes in [0, 1, 58, 59, 60, 400, 5_000, 100_000, 2_000_000] {
            let end = start.addingTimeInterval(Double(minutes) * 60)
            let width = BoardSeries.width(from: start, to: end)
            #expect(minutes / width + 1 <= BoardSeries.most, "\(minutes) by \(width)")
        }
    }

    @Test func `too many stops hold a live campaign, and a resumed one starts afresh`() async throws
    {
        let town = try await Town()
        try await town.add(Town.list(10))
        try await town.launch()
        let watch = CampaignWatch(database: town.database)
        try await town.tally([.drawn: 100, .accepted: 100, .optOuts: 4])
        #expect(try await watch.look() == [])
        try await town.tally([.optOuts: 1])
        let changes = try await watch.look()
        guard case .held(town.campaign.id, let reason)? = changes.first else {
            Issue.record("not held: \(changes)")
            return
        }
        #expect(reason.text == "opt_outs=5.0% limit=4.0% texts=100" && changes.count == 1)
        #expect(try await watch.look() == [], "a held campaign is held once")
        let held = try await town.campaigns.find(
            town.campaign.id, organisation: town.organisation.id)
        #expect(held.state == .held && held.stateReason == reason.text)
        _ = try await town.campaigns.resume(
            town.campaign.id, organisation: town.organisation.id)
        #expect(try await watch.look() == [], "what somebody has looked at holds nothing again")
    }

    @Test func `a first slice that went well lets the others go, a bad one does not`() async throws
    {
        let town = try await Town(canary: 10)
        try await town.add(Town.list(40))
        try await town.launch()
        #expect(try await town.drawPaced(40).count == 10)
        let watch = CampaignWatch(database: town.database)
        #expect(try await watch.look() == [], "its texts have not left")
        try await town.tally([.accepted: 10], minutesAgo: 5)
        #expect(try await watch.look() == [], "it is watched for ten minutes")
        try await town.database.execute(
            "UPDATE tally SET minute = minute - interval '6 min' WHERE kind = 2")
        #expect(try await watch.look() == [.released(campaign: town.campaign.id)])
        #expect(try await town.drawPaced(40).count == 30)
    }

    @Test func `a small first slice is judged whole`() async throws {
        let town = try await Town(canary: 10)
        try await town.add(Town.list(40))
        try await town.launch()
        _ = try await town.drawPaced(40)
        try await town.tally([.accepted: 10, .optOuts: 3])
        guard
            case .held? = try await CampaignWatch(database: town.database).look().first
        else {
            Issue.record("not held")
            return
        }
        // Who resumes has looked: everybody follows.
        _ = try await town.campaigns.resume(
            town.campaign.id, organisation: town.organisation.id)
        #expect(try await town.drawPaced(40).count == 30)
    }

    @Test func `the proof counts who waits, and finds a planted second copy`() async throws {
        let town = try await Town()
        try await town.add(Town.list(40))
        try await town.launch()
        _ = try await town.drawPaced(30)
        let boards = Boards(database: town.database)
        let proof = try await boards.resumeProof(
            of: town.campaign.id, organisation: town.organisation.id)
        #expect(proof.waiting == 40 && proof.second == 0)
        try await town.database.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
                slot_at, deadline)
            SELECT organisation_id, id, 1, 1, sender_id, \(UUID.v7()), 1, now(), now()
            FROM message LIMIT 2
            """)
        let broken = try await boards.resumeProof(
            of: town.campaign.id, organisation: town.organisation.id)
        #expect(broken.waiting == 40 && broken.second == 2)
    }

    @Test func `a person's newest answer counts, once`() async throws {
        let town = try await Town()
        try await town.add(Town.list(3))
        let (talk, member) = (UUID.v7(), UUID.v7())
        try await town.database.execute(
            """
            INSERT INTO conversation (organisation_id, id, contact_id, sender_id, campaign_id)
            SELECT \(town.organisation.id), \(talk), id, \(town.senders[0].id), \(town.campaign.id)
            FROM contact LIMIT 1
            """)
        let answers = RecordedAnswers(database: town.database)
        for (value, expected) in [
            ("Yes", [AnswerTotal(question: "Coming", value: "Yes", people: 1)]),
            ("Yes", [AnswerTotal(question: "Coming", value: "Yes", people: 1)]),
            ("No", [AnswerTotal(question: "Coming", value: "No", people: 1)]), ("", []),
        ] {
            try await town.database.transaction { connection in
                try await RecordedAnswers.record(
                    .init(
                        organisation: town.organisation.id, conversation: talk,
                        question: "Coming", value: value, member: member), on: connection)
            }
            let totals = try await answers.totals(
                of: town.campaign.id, organisation: town.organisation.id)
            #expect(totals == expected, "\(value)")
        }
        #expect(try await town.count("SELECT count(*) FROM recorded_answer") == 3)
    }
}

extension Town {
    /// Adds to the totals of the campaign.
    func tally(_ amounts: [TallyKind: Int], minutesAgo: Int = 0) async throws {
        let kinds = amounts.map(\.key.rawValue)
        let values = amounts.map(\.value)
        try await database.execute(
            """
            INSERT INTO tally (organisation_id, campaign_id, minute, kind, writer, amount)
            SELECT \(organisation.id), \(campaign.id),
                date_trunc('minute', now()) - \(Double(minutesAgo)) * interval '1 min', k,
                \(UUID.v7()), a
            FROM unnest(\(kinds), \(values)) AS t(k, a)
            """)
    }
}
