import ArgumentParser
import Store

extension CampaignCommand {
    struct Launch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Look everything over, then launch a draft.",
            discussion: """
                Exits 1 with one line per finding if something stands in the way. Findings that may \
                be accepted are accepted by --accept NAME; the ledger keeps it.
                """)

        @OptionGroup var target: CampaignArgument
        @Option(name: .long, help: "Name of a finding to accept; repeat it.")
        var accept: [String] = []

        func run() async throws {
            let context = try await CommandContext(target.common)
            let launch = try await target.run(context) { campaigns, campaign in
                try await campaigns.launch(
                    campaign.id, organisation: campaign.organisation, accepting: Set(accept))
            }
            switch launch {
            case .launched(let campaign):
                try context.output.print(campaign, "\(campaign.name) is live.")
            case .refused(let findings):
                try context.output.json(Refused(findings: findings))
                for finding in findings {
                    let way = finding.level == .blocking ? "" : " (--accept \(finding.name))"
                    StandardError.write("\(finding.name): \(finding.sentence)\(way)\n")
                }
                throw CommandFailure.checkFailed()
            }
        }

        private struct Refused: Encodable {
            let launched = false
            let findings: [LaunchFinding]
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop at once; nothing leaves two seconds later.")

        @OptionGroup var target: CampaignArgument
        @Option(name: .long, help: "Why, shown to texters.")
        var reason: String?

        func run() async throws {
            let context = try await CommandContext(target.common)
            let paused = try await target.run(context) { campaigns, campaign in
                try await campaigns.pause(
                    campaign.id, organisation: campaign.organisation, reason: reason)
            }
            try context.output.print(paused, "\(paused.name) is paused.")
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Go on where a pause stopped.")

        @OptionGroup var target: CampaignArgument

        func run() async throws {
            let context = try await CommandContext(target.common)
            let live = try await target.run(context) { campaigns, campaign in
                try await campaigns.resume(campaign.id, organisation: campaign.organisation)
            }
            try context.output.print(live, "\(live.name) is live.")
        }
    }

    struct Finish: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draw nobody more; replies go on.")

        @OptionGroup var target: CampaignArgument
        @Flag(name: .long, help: "Also cancel what was drawn and has not left yet.")
        var cancel = false

        func run() async throws {
            let context = try await CommandContext(target.common)
            let done = try await target.run(context) { campaigns, campaign in
                cancel
                    ? try await campaigns.end(campaign.id, organisation: campaign.organisation)
                    : try await campaigns.finish(campaign.id, organisation: campaign.organisation)
            }
            try context.output.print(done, "\(done.name) is \(done.state.rawValue).")
        }
    }

    struct Release: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Go on beyond the first slice (--canary).")

        @OptionGroup var target: CampaignArgument

        func run() async throws {
            let context = try await CommandContext(target.common)
            let campaign = try await target.run(context) { campaigns, campaign in
                try await campaigns.releaseCanary(
                    campaign.id, organisation: campaign.organisation)
            }
            try context.output.print(campaign, "\(campaign.name) goes on to everybody.")
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count where everybody is.",
            discussion: """
                recipients = in_lanes + leased + drawn; drawn = queued + accepted + rejected + \
                suppressed + expired + cancelled + in_doubt; delivered and undelivered are parts of \
                accepted.
                """)

        @OptionGroup var target: CampaignArgument

        func run() async throws {
            let context = try await CommandContext(target.common)
            let (campaign, status) = try await target.run(context) { campaigns, campaign in
                let status = try await campaigns.status(
                    of: campaign.id, organisation: campaign.organisation)
                return (campaign, status)
            }
            try context.output.json(Full(campaign: campaign, status: status))
            context.output.line(
                "\(campaign.name): \(campaign.state.rawValue)"
                    + (campaign.stateReason.map { " (\($0))" } ?? ""))
            context.output.table(
                ["people", ""], status.lines.map { [$0.label, "\($0.count)"] })
        }

        /// One flat object: scripts read its counts by name.
        private struct Full: Encodable {
            var campaign: Campaign
            var status: CampaignStatus

            func encode(to encoder: any Encoder) throws {
                try status.encode(to: encoder)
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(campaign.name, forKey: .campaign)
                try container.encode(campaign.id, forKey: .id)
                try container.encode(campaign.state, forKey: .state)
                try container.encodeIfPresent(campaign.stateReason, forKey: .stateReason)
            }

            enum CodingKeys: CodingKey { case campaign, id, state, stateReason }
        }
    }
}

extension CampaignStatus {
    /// For people, parts below what they are parts of.
    fileprivate var lines: [(label: String, count: Int)] {
        [
            ("recipients", recipients), ("  in lanes", inLanes), ("  leased", leased),
            ("  drawn", drawn), ("    queued", queued), ("    accepted", accepted),
            ("      delivered", delivered), ("      undelivered", undelivered),
            ("    rejected", rejected), ("    suppressed", suppressed), ("    expired", expired),
            ("    cancelled", cancelled), ("    in doubt", inDoubt), ("replies", replies),
            ("opt-outs", optOuts),
        ]
    }
}
