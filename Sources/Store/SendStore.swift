import Foundation
import Postgres
import Texting

/// Everything of the store that a worker uses, over one pool.
package struct SendStore: Sendable {
    package let workers: Workers
    package let leases: SenderLeases
    package let facts: WorkerFacts
    package let due: DueTexts
    package let attempts: Attempts
    package let outcomes: Outcomes
    package let cluster: Cluster
    package let campaignWatch: CampaignWatch
    package let launches: Launches
    private let database: Database

    package init(database: Database) {
        self.database = database
        workers = Workers(database: database)
        leases = SenderLeases(database: database)
        facts = WorkerFacts(database: database)
        due = DueTexts(database: database)
        attempts = Attempts(database: database)
        outcomes = Outcomes(database: database)
        cluster = Cluster(database: database)
        campaignWatch = CampaignWatch(database: database)
        launches = Launches(database: database)
    }

    /// More units of a campaign's spend ceiling for a worker; what is left for it.
    package func grantSpend(
        campaign: CampaignFacts, ceiling: Int, wanted: Int, worker: UUID
    ) async throws -> Int {
        let scope = Spend.scope(campaign: campaign.id)
        try await Allowances.declare(
            scope: scope, window: "all", cap: ceiling, organisation: campaign.organisation,
            on: database)
        return try await Allowances.grant(
            scope: scope, window: "all", wanted: wanted, organisation: campaign.organisation,
            worker: worker, on: database)
    }

    /// More of one second of an account's rate, in segments; what is left for this worker.
    package func grantAccountSecond(
        scope: String, window: String, rate: Int, wanted: Int, worker: UUID
    ) async throws -> Int {
        try await Allowances.declare(
            scope: scope, window: window, cap: rate, organisation: Allowances.shared, on: database)
        return try await Allowances.grant(
            scope: scope, window: window, wanted: wanted, organisation: Allowances.shared,
            worker: worker, on: database)
    }

    /// Forgets accounts' seconds before an instant.
    package func pruneAllowances(before moment: Date) async throws {
        guard let window = CapWindow(.second, at: moment, zone: "UTC") else { return }
        try await Allowances.prune(before: window.key, on: database)
    }

    /// What a dead incarnation was granted and never used returns.
    package func giveBackShares(of worker: UUID) async throws {
        try await Allowances.giveBack(worker: worker, on: database)
    }

    package func makePartitions() async throws {
        try await database.execute("SELECT make_partitions(3)")
    }
}

extension Spend {
    /// Millionths of the currency, over the whole campaign.
    package static func scope(campaign: UUID) -> String { "spend:" + campaign.text }
}
