import Foundation
import Postgres
import ServiceLifecycle
import Store

/// The campaign that talks back: loads the list that ships, launches, shows what happens, sums up.
struct DemoService: Service {
    let plan: UpPlan
    let seed: UpSeed
    let database: Database
    let output: Output
    let ending: UpEnding

    static let campaignName = "Saturday meeting"
    static let script = """
        Hi {first_name|neighbor}, it's Dana with Riverside Neighbors. Will you join us this \
        Saturday at {polling_place|the library}? Reply STOP to opt out.
        """

    func run() async throws {
        do {
            let campaign = try await launched(Self.draft)
            let hand = try await launched(Self.handDraft)
            output.line(Self.ways(plan, hand))
            await cancelWhenGracefulShutdown {
                await DemoView(
                    campaign: campaign, organisation: seed.organisation, database: database,
                    output: output
                ).show()
            }
            output.line(Self.howToGoOn(plan))
        } catch {
            ending.note(error)
            throw error
        }
        // Everything stays up until Ctrl-C: people go on writing.
        try await gracefulShutdown()
    }

    /// The campaign of an earlier run, else a new one with all its people.
    private func launched(_ new: NewCampaign) async throws -> Campaign {
        let campaigns = Campaigns(database: database)
        let organisation = seed.organisation.id
        let known = try await campaigns.list(organisation: organisation)
        if let last = known.first(where: { $0.name == new.name && $0.state != .draft }) {
            output.line("Going on with the campaign “\(last.name)” of the last run.")
            return last
        }
        let campaign =
            if let draft = known.first(where: { $0.name == new.name }) {
                draft
            } else {
                try await campaigns.create(new, organisation: organisation)
            }
        // More of these people stop than of real ones, so that stops are seen, and the carrier blocks
        // some by chance: now and then it would hold itself among its first texts.
        try await campaigns.setHoldLimits(
            ["hold_opt_out_percent": "10", "hold_blocked_percent": "10"], of: campaign.id,
            organisation: organisation, by: nil)
        let isNew = try await campaigns.answers(of: campaign.id, organisation: organisation).isEmpty
        for answer in Self.answers where isNew {
            try await campaigns.save(answer, of: campaign.id, organisation: organisation)
        }
        try await load(campaign)
        let launch = try await campaigns.launch(
            campaign.id, organisation: organisation,
            accepting: try await acceptable(campaign))
        switch launch {
        case .launched(let campaign):
            output.line("Launched “\(campaign.name)”: \(new.script ?? "")\n")
            return campaign
        case .refused(let findings):
            throw CommandFailure.badData(
                "The demo cannot be launched: " + findings.map(\.sentence).joined(separator: " "))
        }
    }

    /// Sends by itself, so that something happens at once.
    private static var draft: NewCampaign {
        var campaign = NewCampaign(name: campaignName)
        campaign.mode = .paced
        campaign.script = script
        return campaign
    }

    /// Waits for volunteers: each press is one text.
    private static var handDraft: NewCampaign {
        var campaign = NewCampaign(name: "Sunday doorsteps")
        campaign.script = """
            Hi {first_name|neighbor}, it's {texter|Dana} with Riverside Neighbors. Can you knock on \
            doors with us this Sunday? Reply STOP to opt out.
            """
        return campaign
    }

    private static var answers: [Answer] {
        [
            ("Yes", "Wonderful! We meet at noon at {polling_place|the library}.", "coming", "yes"),
            ("Where and when?", "Noon, at {polling_place|the library}. Will you come?", nil, nil),
            ("No", "Thank you for telling us. Have a good day!", "coming", "no"),
        ].enumerated().map { index, one in
            Answer(
                position: Int16(index), label: one.0, body: one.1, question: one.2, value: one.3)
        }
    }

    private func load(_ campaign: Campaign) async throws {
        let path = try Self.people(plan.settings)
        let imports = Imports(
            database: database, secret: try Installation(plan.settings).secret)
        let bar = ProgressBar("Importing people.csv")
        var request = ImportRequest(
            organisation: seed.organisation.id, campaign: campaign.id, path: path,
            consentSource: "fictional sign-up sheet of the demo")
        // Some of them live where the law turns on consent.
        request.consentWording = "Yes, text me about the vote."
        request.choices.consentDate = "Signed Up"
        let report = try await imports.run(request) { bar.update(done: $0.done, of: $0.total) }
        bar.finish()
        output.line(
            """
            Imported people.csv: \(report.read) rows, \(report.good) people, \
            \(report.duplicate) duplicates, \(report.rejected) without a usable number, \
            \(report.landline) landlines.
            """)
    }

    /// The demo takes what a real launch would ask a person to look at.
    private func acceptable(_ campaign: Campaign) async throws -> Set<String> {
        let findings = try await Preflight(database: database).findings(
            campaign: campaign.id, organisation: seed.organisation.id)
        return Set(findings.filter { $0.level == .acceptable }.map(\.name))
    }

    /// The list that ships, found as the migrations are: in the same package or installation.
    private static func people(_ settings: Settings) throws -> String {
        let migrations = URL(fileURLWithPath: try MigrationDirectory.find(settings))
        let home = migrations.deletingLastPathComponent()
        for candidate in ["ops/demo/people.csv", "demo/people.csv"] {
            let path = home.appendingPathComponent(candidate).path
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw CommandFailure.unavailable(
            "The demo's people.csv is not beside the migrations; restore ops/demo/people.csv.")
    }

    /// How somebody becomes a volunteer of the demo.
    private static func ways(_ plan: UpPlan, _ campaign: Campaign) -> String {
        """
          Volunteers           \(plan.publicURL)/j/\(campaign.code ?? "")
            give a made-up number, as +15555550177; its code arrives at
            \(plan.carrierURL)/phone?person=%2B15555550177

        """
    }

    private static func howToGoOn(_ plan: UpPlan) -> String {
        let with = "--config \(plan.folder.file("settings"))"
        return """

            How to go on, in another terminal:
              barnstorm campaign status "\(campaignName)" \(with)
              barnstorm audit verify \(with)
              barnstorm doctor \(with)
            Your own list and your first real text: README.md, "The first real text".
            Everything goes on until Ctrl-C.
            """
    }
}
