import Support
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct NotificationTests {
    @Test func `a notification ends the wait`() async throws {
        let database = TestDatabase.current
        let listener = try await database.openConnection()
        try await listener.listen("news \"quoted\"")
        async let received = listener.notifications(waiting: .seconds(20))
        try await database.execute("SELECT pg_notify(\("news \"quoted\""), \("one"))")
        #expect(try await received == [Notification(channel: "news \"quoted\"", payload: "one")])
    }

    @Test func `what came before the wait is not lost, what came in order stays so`() async throws {
        let listener = try await TestDatabase.current.openConnection()
        try await listener.listen("news")
        for payload in ["a", "b", "c"] {
            try await TestDatabase.current.execute("SELECT pg_notify('news', \(payload))")
        }
        var payloads: [String] = []
        while payloads.count < 3 {
            payloads += try await listener.notifications(waiting: .seconds(20)).map(\.payload)
        }
        #expect(payloads == ["a", "b", "c"])
    }

    @Test func `without a notification the wait ends by itself`() async throws {
        let listener = try await TestDatabase.current.openConnection()
        try await listener.listen("news")
        #expect(try await listener.notifications(waiting: .milliseconds(30)).isEmpty)
    }

    @Test func `cancelling the task ends the wait at once`() async throws {
        let listener = try await TestDatabase.current.openConnection()
        try await listener.listen("news")
        let started = ContinuousClock.now
        let waiter = Task { try await listener.notifications(waiting: .seconds(60)) }
        try await Task.sleep(for: .milliseconds(50))
        waiter.cancel()
        #expect(try await waiter.value.isEmpty)
        #expect(started.duration(to: .now) < .seconds(30))
    }

    @Test func `a server that ends the connection ends the wait with an error`() async throws {
        let listener = try await TestDatabase.current.openConnection()
        try await listener.listen("news")
        let backend = try await listener.first("SELECT pg_backend_pid()") { try $0[0] as Int32 }
        let waiter = Task { try await listener.notifications(waiting: .seconds(20)) }
        try await TestDatabase.current.execute("SELECT pg_terminate_backend(\(backend))")
        await #expect { try await waiter.value } throws: {
            ($0 as? PostgresError)?.isConnectionLost == true
        }
    }

    @Test func `a listener whose backend dies listens again and says so`() async throws {
        let database = TestDatabase.current
        let events = Box<[ListenEvent]>([])
        let listener = Task {
            try await database.listen(to: ["news"]) { event in events.change { $0.append(event) } }
        }
        func wait(for count: Int) async throws {
            while events.value.count < count { try await Task.sleep(for: .milliseconds(5)) }
        }
        try await wait(for: 1)
        try await database.execute("SELECT pg_notify('news', 'one')")
        try await wait(for: 2)
        try await database.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'LISTEN%'
            """)
        try await wait(for: 4)
        try await database.execute("SELECT pg_notify('news', 'two')")
        try await wait(for: 5)
        listener.cancel()
        try await listener.value

        let one = Notification(channel: "news", payload: "one")
        let two = Notification(channel: "news", payload: "two")
        #expect(
            events.value
                == [.connected, .notified([one]), .disconnected, .connected, .notified([two])])
    }
}
