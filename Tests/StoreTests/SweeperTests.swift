import Foundation
import Postgres
import Store
import Support
import Testing

@Suite(.freshDatabase) struct SweeperTests {
    private let database = TestDatabase.current

    /// A living worker, and `count` of its tries that are `seconds` past their deadline.
    private func overdue(_ count: Int, by seconds: Double) async throws -> UUID {
        let house = try await House.make()
        let worker = UUID.v7()
        let workers = Workers(database: database)
        try await workers.register(incarnation: worker, host: "test", permitPath: "/dev/null")
        _ = try await workers.beat(worker)
        let contact = UUID.v7()
        try await database.execute(
            """
            INSERT INTO contact (organisation_id, id, number, number_hash)
            VALUES (\(house.organisation), \(contact), '+15005550010', '\\x01')
            """)
        try await database.execute("UPDATE watermark SET at = now() - interval '1 day'")
        var texts: [NewMessage] = []
        for _ in 0..<count {
            texts.append(
                NewMessage(
                    organisation: house.organisation, kind: .reply, contact: contact, body: "Hi",
                    segments: 1))
        }
        let replies = texts
        try await database.transaction { _ = try await Messages.insert(replies, on: $0) }
        try await database.execute(
            """
            INSERT INTO attempt (organisation_id, message_id, n, verdict, sender_id, worker, epoch,
                slot_at, deadline)
            SELECT organisation_id, id, 1, 1, \(house.sender), \(worker), 1, now(),
                now() - \(seconds) * interval '1 s' - random() * interval '1 s'
            FROM message WHERE kind = 2
            """)
        return worker
    }

    @Test func `a worker does not sweep what its own recorder still holds`() async throws {
        let worker = try await overdue(1, by: 200)
        let outcomes = Outcomes(database: database)

        #expect(try await outcomes.sweep(by: worker).closed == 0)
        #expect(try await outcomes.sweep(by: UUID()).closed == 1)
    }

    @Test func `a living worker has half a minute, a silent one two`() async throws {
        _ = try await overdue(1, by: 40)
        let outcomes = Outcomes(database: database)
        try await database.execute("UPDATE worker SET heartbeat_at = now() - interval '20 s'")

        #expect(try await outcomes.sweep(by: UUID()).closed == 0)
        try await database.execute("UPDATE worker SET heartbeat_at = clock_timestamp()")
        #expect(try await outcomes.sweep(by: UUID()).closed == 1)
    }

    @Test func `what is behind a full page is swept in the next round`() async throws {
        _ = try await overdue(5_050, by: 200)
        let outcomes = Outcomes(database: database)

        let first = try await outcomes.sweep(by: UUID()).closed
        let second = try await outcomes.sweep(by: UUID()).closed

        #expect(first + second == 5_050)
        #expect(second > 0)
    }

    @Test func `a quick sweep sees the newest deadlines and leaves the older to a thorough one`()
        async throws
    {
        _ = try await overdue(3, by: 4)
        let outcomes = Outcomes(database: database)
        #expect(try await outcomes.sweep(by: UUID(), isQuick: true).waiting == 3)

        try await database.transaction { connection in
            // A try is never changed; here it grows old.
            _ = try await connection.execute("SET LOCAL session_replication_role = replica")
            _ = try await connection.execute(
                "UPDATE attempt SET deadline = deadline - interval '200 s'")
        }
        let mark: SQL = "SELECT at FROM watermark WHERE name = 'attempt_deadline'"
        let before = try await database.first(mark) { try $0.value(0) as Date }
        #expect(try await outcomes.sweep(by: UUID(), isQuick: true) == Outcomes.Sweep())
        #expect(try await database.first(mark) { try $0.value(0) as Date } == before)

        #expect(try await outcomes.sweep(by: UUID()).closed == 3)
        #expect(try await database.first(mark) { try $0.value(0) as Date } != before)
    }

    @Test func `after a thousand tries a person looks`() async throws {
        let house = try await House.make()
        let (_, message) = try await house.text("+15005550010")
        // The triggers would want the 999 tries before it.
        try await database.transaction { connection in
            _ = try await connection.execute("SET LOCAL session_replication_role = replica")
            _ = try await connection.execute("UPDATE attempt SET n = 1000")
        }
        let closing = Closing(
            organisation: house.organisation, message: message, n: 1_000, result: .unsent,
            providerID: nil, code: "gate", kind: .first, campaign: house.campaign,
            sender: house.sender, zoneSet: 1, segments: 1, dueAt: nil)

        try await Outcomes(database: database).record([closing])

        let counts = try await database.first(
            "SELECT (SELECT count(*) FROM refusal), (SELECT count(*) FROM outbox)"
        ) { row in [try row.value(0) as Int, try row.value(1) as Int] }
        #expect(counts == [1, 0])
    }

    @Test func `a renewal does not wait for a number that is reserving slots`() async throws {
        _ = try await House.make()
        let worker = UUID.v7()
        let patient = SenderLeases(database: database)
        #expect(try await patient.renewAndTake(worker: worker, room: 1).count == 1)
        try await database.transaction { connection in
            _ = try await connection.execute("SELECT FROM sender FOR NO KEY UPDATE")
            // Another connection; it would wait here for as long as we hold the row.
            let renewed = await inTime {
                _ = try await SenderLeases(database: database).renewAndTake(worker: worker, room: 0)
            }
            #expect(renewed)
        }
    }

    /// Whether something ends before a minute has passed.
    private func inTime(_ body: @escaping @Sendable () async throws -> Void) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await body()) != nil }
            group.addTask {
                try? await Task.sleep(for: .seconds(60))
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }
}
