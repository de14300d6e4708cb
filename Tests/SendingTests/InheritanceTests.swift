import Foundation
import Logging
import Store
import Support
import Testing

@testable import Sending

@Suite(.freshDatabase) struct InheritanceTests {
    @Test func `a dead worker's numbers are free at once, and still quarantined by its slots`()
        async throws
    {
        let house = try await SendHouse(senders: 3)
        let store = SendStore(database: house.database)
        let directory = SendHouse.directory()
        let dead = UUID.v7()
        do {
            let file = try PermitFile(directory: directory, incarnation: dead)
            try await store.workers.register(
                incarnation: dead, host: "test", permitPath: file.path)
        }  // closed without being removed, as a killed process leaves it
        #expect(try await store.leases.renewAndTake(worker: dead, room: 3).count == 3)
        let heir = UUID.v7()
        #expect(try await store.leases.renewAndTake(worker: heir, room: 3).isEmpty)

        try await Inheritance(
            store: store, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ).settle(directory)
        let taken = try await store.leases.renewAndTake(worker: heir, room: 3)

        #expect(taken.count == 3)
        let now = try await store.workers.beat(heir).clock.read
        // The dead worker's last gate may be a second behind its last slot (DESIGN 4, step 1).
        #expect(taken.allSatisfy { $0.epoch == 2 && $0.readyAt > now.addingTimeInterval(1) })
    }
}
