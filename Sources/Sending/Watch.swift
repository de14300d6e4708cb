import Foundation
import Logging
import Providers
import Store

/// Keeps what the gates and the ticker know fresh: stops, pauses, accounts, hours, leases.
struct Watch: Sendable {
    /// How often stops and pauses are read.
    static let stopsInterval = Duration.milliseconds(250)
    /// How often leases are renewed and slower facts are read.
    static let leaseInterval = Duration.seconds(1)

    let parts: WorkerParts
    let accounts: @Sendable () async throws -> [WorkerAccount]

    /// Reads everything once; the worker may then begin.
    func prime() async throws {
        try await readCluster()
        try await readFacts()
        try await readLeases()
        try await readClosed()
    }

    /// Polls the closed set until cancelled; while it fails every gate shuts by age.
    func watchStops() async {
        await every(Self.stopsInterval, "Stops could not be read; no text passes meanwhile.") {
            try await readClosed()
        }
    }

    func watchLeases() async {
        await every(Self.leaseInterval, "Leases could not be renewed.") {
            try await readCluster()
            try await readLeases()
            try await readFacts()
        }
    }

    /// Another database, or an older one: every number rests until a person has compared it with
    /// the provider's list.
    private func readCluster() async throws {
        let quarantined = try await parts.cluster.look(parts.store.cluster)
        guard quarantined > 0 else { return }
        parts.fleet.keep(only: [])
        parts.logger.error(
            "The database was replaced or restored; its numbers rest in quarantine.",
            metadata: ["senders": "\(quarantined)"])
    }

    private func every(
        _ interval: Duration, _ complaint: String, _ body: @Sendable () async throws -> Void
    ) async {
        while !Task.isCancelled {
            do {
                try await body()
            } catch {
                parts.logger.warning("\(complaint)", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: interval)
        }
    }

    private func readClosed() async throws {
        let begun = BootInstant.now()
        let facts = parts.store.facts
        let campaigns = try await facts.campaigns()
        let stops = try await facts.recentStops(of: Array(parts.world.now.organisations.keys))
        let accounts = try await facts.closedAccounts()
        parts.world.update { contents in
            contents.campaigns = Dictionary(uniqueKeysWithValues: campaigns.map { ($0.id, $0) })
        }
        parts.closed.replace(
            ClosedSet.Contents(
                contacts: stops,
                campaigns: Set(campaigns.filter(\.isHeld).map(\.id)),
                ended: Set(campaigns.filter(\.hasEnded).map(\.id)),
                accounts: accounts, readAt: begun))
    }

    private func readFacts() async throws {
        let facts = parts.store.facts
        let organisations = try await facts.organisations()
        let zoneSets = try await facts.zoneSets()
        let opened = try await accounts()
        parts.world.update { contents in
            contents.organisations = Dictionary(
                uniqueKeysWithValues: organisations.map { ($0.id, $0) })
            contents.zoneSets = zoneSets
            contents.accounts = Dictionary(
                uniqueKeysWithValues: opened.map {
                    (
                        $0.id,
                        World.Account(
                            provider: $0.provider, callbackKey: $0.callbackKey,
                            inFlightMax: $0.inFlightMax, segmentsPerSecond: $0.segmentsPerSecond)
                    )
                })
        }
    }

    /// Renews what is held, takes a fair share of what is free, lets go of what is too much.
    private func readLeases() async throws {
        let (clock, alive) = try await parts.store.workers.beat(parts.incarnation)
        parts.clock.note(clock)
        let share = (try await parts.store.leases.usable() + alive - 1) / alive
        let fresh = try await parts.store.leases.renewAndTake(
            worker: parts.incarnation, room: share - parts.fleet.count)
        parts.fleet.hold(fresh)
        let held = try await parts.store.leases.held(by: parts.incarnation)
        parts.fleet.keep(only: held)
        let idle = parts.fleet.senders.values.filter { $0.inFlight == 0 }
        let excess = idle.prefix(max(0, parts.fleet.count - share))
        guard !excess.isEmpty else { return }
        parts.fleet.lose(excess.map(\.id))
        try await parts.store.leases.release(
            excess.map { ($0.organisation, $0.id) }, worker: parts.incarnation)
    }
}

/// A provider account as the worker uses it.
package struct WorkerAccount: Sendable {
    package var id: Int32
    package var provider: any Provider
    package var callbackKey: [UInt8]
    package var inFlightMax: Int
    /// Over all its numbers and all workers; nil: the numbers' own rates are all there is.
    package var segmentsPerSecond: Double?

    package init(
        id: Int32, provider: any Provider, callbackKey: [UInt8], inFlightMax: Int,
        segmentsPerSecond: Double? = nil
    ) {
        self.id = id
        self.provider = provider
        self.callbackKey = callbackKey
        self.inFlightMax = inFlightMax
        self.segmentsPerSecond = segmentsPerSecond
    }
}
