import Foundation
import Postgres
import Support
import Testing
import Texting

@testable import Store

/// Steps of a campaign: two editors, whole-list counts, approvals, a launch that is due.
@Suite(.freshDatabase) struct OrganiserWizardTests {
    @Test func `a step saved from an old form changes nothing, another step's form does`()
        async throws
    {
        let town = try await Town()
        let (drafts, ana, ben) = (CampaignDrafts(database: town.database), UUID.v7(), UUID.v7())
        try await save("Ana, Acme. STOP", drafts, town, edition: 0, by: ana)

        await #expect(throws: EditConflict.self) {
            try await save("Ben, Acme. STOP", drafts, town, edition: 0, by: ben)
        }
        let draft = try #require(try await draft(drafts, town))
        #expect(draft.script?.body == "Ana, Acme. STOP")
        var plan = CampaignPlan(draft)
        plan.peopleNeeded = 7
        try await drafts.save(
            plan, of: town.campaign.id, organisation: town.organisation.id, edition: 0, by: ben)
        try await save("Ben, Acme. STOP", drafts, town, edition: 1, by: ben)
        let after = try #require(try await self.draft(drafts, town))
        #expect(after.script?.body == "Ben, Acme. STOP" && after.peopleNeeded == 7)
        #expect(after.edition == 3)
    }

    /// Three lists with fewer and more dear rows, once counted and once sent.
    @Test(arguments: [0, 7, 30])
    func `the estimate is what the texts come to`(dear: Int) async throws {
        let town = try await Town()
        var list = Town.list(30)
        for person in 0..<dear { list = list.replacing("Kim\(person),", with: "Siân ŵ\(person),") }
        try await town.add(list)
        try await town.optOut("+12125551000")
        _ = try await town.campaigns.addScript(
            "Hi {first_name|friend}, this is Rowan with Acme. We meet on Saturday at eleven in the "
                + "library on Main Street to talk about the new bus line. Reply STOP to opt out.",
            to: town.campaign.id, organisation: town.organisation.id)

        let estimates = Estimates(database: town.database)
        try await estimates.count(town.campaign.id, organisation: town.organisation.id)
        let counted = try #require(
            try await estimates.current(town.campaign.id, organisation: town.organisation.id))
        let estimate = try #require(counted.result)
        try await town.launch()
        _ = try await town.drawPaced(100)

        #expect(estimate.people == 29 && estimate.closed == 1)
        #expect(
            estimate.segments
                == (try await town.count("SELECT sum(segments)::bigint FROM message WHERE kind = 1"))
        )
        #expect(
            estimate.bySegments.reduce(0, +)
                == (try await town.count("SELECT count(*) FROM message WHERE body <> ''")))
        let worst = try await estimates.texts(
            at: [try #require(estimate.worst)], campaign: town.campaign.id,
            organisation: town.organisation.id)
        #expect(worst.first?.measure.segments == (dear == 0 ? 1 : 3))
        // A change of the words makes the count old.
        _ = try await town.campaigns.addScript(
            "New, Acme. STOP", to: town.campaign.id, organisation: town.organisation.id)
        #expect(
            try await estimates.current(town.campaign.id, organisation: town.organisation.id) == nil
        )
    }

    @Test func `whose hours close first go first, and who is late is counted`() throws {
        let start = Date(timeIntervalSince1970: 0)
        let zones = [
            Estimate.Zone(zoneSet: 1, people: 100, segments: 100),
            Estimate.Zone(zoneSet: 2, people: 100, segments: 200),
        ]
        let forecast = Forecast.play(
            zones, from: start, segmentsPerSecond: 1, textsPerMinute: nil
        ) { zone, moment in
            // Zone 1 closes after 50 s each day of 1000 s, zone 2 after 900 s.
            let day = (moment.timeIntervalSince1970 / 1000).rounded(.down) * 1000
            let length = zone == 1 ? 50.0 : 900.0
            let begin = moment.timeIntervalSince1970 - day >= length ? day + 1000 : day
            return (
                Date(timeIntervalSince1970: begin), Date(timeIntervalSince1970: begin + length)
            )
        }
        #expect(forecast?.late == 50)
        #expect(forecast?.endsAt == Date(timeIntervalSince1970: 1050))
    }

    @Test func `a pace lets out at once what this minute has allowed so far`() throws {
        func end(_ second: Double, people: Int) -> Double? {
            Forecast.play(
                [Estimate.Zone(zoneSet: 1, people: people, segments: people)],
                from: Date(timeIntervalSince1970: second), segmentsPerSecond: 10,
                textsPerMinute: 60, isByClock: true
            ) { _, _ in (.distantPast, .distantFuture) }?.endsAt.timeIntervalSince1970
        }
        // The draw is a second ahead of the clock.
        #expect(end(0, people: 90) == 89)
        // Forty may leave at once, at ten a second.
        #expect(end(40, people: 40) == 44)
        #expect(end(40, people: 90) == 89)
    }

    /// Numbers get their people by hash; the one with most of them is the last to be done.
    @Test func `an estimate knows that some numbers get more people than others`() async throws {
        let town = try await Town(senders: 6)
        try await town.add(Town.list(40))
        let estimates = Estimates(database: town.database)
        try await estimates.count(town.campaign.id, organisation: town.organisation.id)
        let estimate = try #require(
            try await estimates.current(town.campaign.id, organisation: town.organisation.id)?
                .result)
        try await town.launch()
        _ = try await town.drawPaced(100)
        let most = try await town.count(
            """
            SELECT max(n) FROM (SELECT sum(segments)::bigint AS n FROM message GROUP BY sender_id) s
            """)
        #expect(estimate.segments == 40)
        #expect(abs(try #require(estimate.unevenness) - Double(most) * 6 / 40) < 0.001)
    }

    @Test func `a household that shares a number is counted, and left out on request`()
        async throws
    {
        let town = try await Town()
        let list = """
            First Name,Cell
            Ann,2125551000
            Bob,2125551000
            Cid,2125551001
            Cid,2125551001
            Dee,2125551002
            """
        let first = try await town.add(list)
        #expect(first.good == 3 && first.household == 2 && first.duplicate == 2)
        #expect(
            try await doubles(first, town) == [[2, "shared", "1"], [4, "duplicate", "3"]])
        let other = try await town.campaigns.create(
            NewCampaign(name: "Other"), organisation: town.organisation.id)
        let second = try await withFile(Array(list.utf8)) { path in
            var request = ImportRequest(
                organisation: town.organisation.id, campaign: other.id, path: path,
                consentSource: "members")
            request.households = .none
            return try await town.imports.run(request)
        }
        #expect(second.good == 2 && second.household == 2 && second.duplicate == 3)
        #expect(
            try await doubles(second, town)
                == [[1, "household", ""], [2, "household", ""], [4, "duplicate", "3"]])
        // The same file again: everybody is on the list already, and says so.
        let third = try await town.add(list)
        #expect(third.good == 0 && third.duplicate == 5)
        let reasons = try await doubles(third, town).map { $0[1] }
        #expect(reasons == ["listed", "shared", "listed", "duplicate", "listed"])
        #expect(
            try await town.imports.rejects(of: third.id, organisation: town.organisation.id)
                .isEmpty)
    }

    private func doubles(_ report: ImportReport, _ town: Town) async throws -> [[AnyHashable]] {
        try await town.imports.rejects(
            of: report.id, organisation: town.organisation.id, doubles: true
        ).map { [$0.row, $0.reason, $0.detail] }
    }

    @Test func `an approval holds for what was seen, by somebody else, until the next change`()
        async throws
    {
        let town = try await Town()
        let (drafts, ana, ben) = (CampaignDrafts(database: town.database), UUID.v7(), UUID.v7())
        let launches = Launches(database: town.database)
        let (id, organisation) = (town.campaign.id, town.organisation.id)
        try await save("Ana, Acme. STOP", drafts, town, edition: 0, by: ana)
        try await launches.ask(id, organisation: organisation, by: ana)

        #expect(!(try await launches.approve(id, organisation: organisation, edition: 1, by: ana)))
        #expect(!(try await launches.approve(id, organisation: organisation, edition: 0, by: ben)))
        #expect(try await launches.approve(id, organisation: organisation, edition: 1, by: ben))
        #expect(try await draft(drafts, town)?.isApproved == true)
        try await save("Ana again, Acme. STOP", drafts, town, edition: 1, by: ana)
        #expect(try await draft(drafts, town)?.isApproved == false)
    }

    @Test func `what is due is launched once, and a change calls it off`() async throws {
        let town = try await Town(canary: 3)
        let ana = UUID.v7()
        let (drafts, launches) = (
            CampaignDrafts(database: town.database), Launches(database: town.database)
        )
        let (id, organisation) = (town.campaign.id, town.organisation.id)
        try await town.add(Town.list(10))
        try await Estimates(database: town.database).count(id, organisation: organisation)
        try await launches.tested(1, of: id, organisation: organisation)
        for finding in try await Preflight(database: town.database).review(
            campaign: id, organisation: organisation)
        {
            #expect(finding.level == .acceptable, "\(finding.name)")
            try await launches.accept(finding.name, of: id, organisation: organisation, by: ana)
        }
        func schedule(_ edition: Int) async throws -> Bool {
            try await launches.schedule(
                id, organisation: organisation, at: Date(timeIntervalSinceNow: -1),
                edition: edition, by: ana)
        }
        #expect(!(try await schedule(9)))
        #expect(try await schedule(0))
        try await drafts.listChanged(id, organisation: organisation, by: ana)
        #expect(try await launches.launchDue() == 0)
        #expect(try await schedule(1))
        async let one = launches.launchDue()
        async let two = launches.launchDue()
        let count = try await one + two
        #expect(count >= 1)
        #expect(try await draft(drafts, town)?.campaign.state == .live)
        #expect(try await town.count("SELECT sum(canary_end)::bigint FROM lane") == 3)
        #expect(
            try await town.count(
                "SELECT count(*) FROM ledger WHERE entry LIKE '%campaign launched%'")
                == 1)
    }

    @Test func `what stands in the way at that moment leaves a draft that says why`() async throws {
        let town = try await Town()
        let launches = Launches(database: town.database)
        let (id, organisation) = (town.campaign.id, town.organisation.id)
        #expect(
            try await launches.schedule(
                id, organisation: organisation, at: Date(timeIntervalSinceNow: -1), edition: 0,
                by: .v7()))
        #expect(try await launches.launchDue() == 0)
        let draft = try #require(
            try await draft(CampaignDrafts(database: town.database), town))
        #expect(draft.campaign.state == .draft && draft.launchAt == nil)
        #expect(draft.launchRefusal?.contains("no_recipients") == true)
    }

    @Test func `a copy has words, answers and plan, and nobody on its list`() async throws {
        let town = try await Town()
        try await town.add(Town.list(5))
        let (id, organisation) = (town.campaign.id, town.organisation.id)
        let parent = Answer(label: "Yes", body: "Great", question: "Coming", value: "Yes")
        try await town.campaigns.save(parent, of: id, organisation: organisation)
        try await town.campaigns.save(
            Answer(parent: parent.id, label: "Lift", body: "Need a lift?"), of: id,
            organisation: organisation)
        let copy = try await Launches(database: town.database).copy(
            id, name: "Vote again", organisation: organisation, by: .v7())
        let answers = try await town.campaigns.answers(of: copy, organisation: organisation)
        #expect(answers.map(\.label).sorted() == ["Lift", "Yes"])
        let root = try #require(answers.first { $0.label == "Yes" })
        #expect(root.id != parent.id)
        #expect(answers.first { $0.label == "Lift" }?.parent == root.id)
        let draft = try await CampaignDrafts(database: town.database).find(
            copy, organisation: organisation)
        #expect(draft?.people == 0 && draft?.script?.body == Town.script)
    }

    @Test(arguments: [
        ("See https://bit.ly/x", "bit.ly"), ("see BIT.LY/x.", "bit.ly"), ("orbit.lyon", nil),
        ("https://example.org/bit.ly", "bit.ly"), ("t.co", "t.co"), ("lot.company", nil),
    ])
    func `shorteners are known by their host`(script: String, expected: String?) {
        #expect(ScriptWords.shortener(in: script) == expected)
    }

    private func save(
        _ words: String, _ drafts: CampaignDrafts, _ town: Town, edition: Int, by member: UUID
    ) async throws {
        try await drafts.save(
            script: words, language: "en", of: town.campaign.id,
            organisation: town.organisation.id, edition: edition, by: member)
    }

    private func draft(_ drafts: CampaignDrafts, _ town: Town) async throws -> CampaignDraft? {
        try await drafts.find(town.campaign.id, organisation: town.organisation.id)
    }
}
