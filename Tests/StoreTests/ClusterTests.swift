import Foundation
import Postgres
import Store
import Support
import Testing

@Suite(.freshDatabase) struct ClusterTests {
    private let database = TestDatabase.current

    private func resting() async throws -> Int {
        try await database.first(
            "SELECT count(*) FROM sender WHERE quarantined_at IS NOT NULL"
        ) { try $0.value(0) as Int } ?? 0
    }

    @Test func `the same database changes nothing`() async throws {
        _ = try await House.make()
        let cluster = Cluster(database: database)

        let first = try await cluster.look(after: nil)
        let second = try await cluster.look(after: first.sighting)

        #expect(first.quarantined == 0 && second.quarantined == 0)
        #expect(second.sighting.identity == first.sighting.identity)
        #expect(second.sighting.position >= first.sighting.position)
    }

    @Test func `another timeline puts every number into quarantine, with a line in the ledger`()
        async throws
    {
        _ = try await House.make()
        let cluster = Cluster(database: database)
        try await database.execute("UPDATE cluster SET identity = '1/00000001'")

        #expect(try await cluster.look(after: nil).quarantined == 1)
        #expect(try await cluster.look(after: nil).quarantined == 0)

        #expect(try await resting() == 1)
        let lines = try await database.first(
            "SELECT count(*) FROM ledger WHERE entry LIKE '%senders quarantined%'"
        ) { try $0.value(0) as Int }
        #expect(lines == 1)
    }

    @Test func `a log that lies behind what was seen means a restore`() async throws {
        _ = try await House.make()
        let cluster = Cluster(database: database)
        var seen = try await cluster.look(after: nil).sighting
        seen.position += 1 << 40

        #expect(try await cluster.look(after: seen).quarantined == 1)
    }

    @Test func `a worker that knows another database commits nothing`() async throws {
        let house = try await House.make()
        let worker = UUID.v7()
        let leases = SenderLeases(database: database)
        let lease = try #require(try await leases.renewAndTake(worker: worker, room: 1).first)
        var batch = AttemptBatch(organisation: house.organisation, frequencyCap: 3)
        batch.reservations = [
            Reservation(
                sender: lease.id, epoch: lease.epoch, tat: Date(), capDay: "2026-11-03", capUsed: 0)
        ]
        batch.cluster = "1/00000001"

        #expect(try await isFenced(batch, worker))
        batch.cluster = try await Cluster(database: database).look(after: nil).sighting.identity
        #expect(try await !isFenced(batch, worker))
        try await database.execute("UPDATE sender SET quarantined_at = now()")
        #expect(try await isFenced(batch, worker))
    }

    private func isFenced(_ batch: AttemptBatch, _ worker: UUID) async throws -> Bool {
        do {
            _ = try await Attempts(database: database).commit(batch, worker: worker)
            return false
        } catch is Attempts.Fenced {
            return true
        }
    }
}
