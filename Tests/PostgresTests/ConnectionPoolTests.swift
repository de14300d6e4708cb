import Support
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct ConnectionPoolTests {
    private func makePool(_ size: Int) throws -> ConnectionPool {
        let settings = try ConnectionSettings(
            url: TestDatabase.url, role: nil, applicationName: "pool")
        return ConnectionPool(settings: settings, size: size)
    }

    @Test func `borrowers are served in the order in which they came`() async throws {
        let pool = try makePool(1)
        let held = try await pool.borrow()
        let served = Box<[Int]>([])
        try await withThrowingTaskGroup { group in
            for number in 0..<20 {
                group.addTask {
                    let connection = try await pool.borrow()
                    served.change { $0.append(number) }
                    pool.giveBack(connection)
                }
                while pool.waitingCount <= number { await Task.yield() }
            }
            pool.giveBack(held)
            try await group.waitForAll()
        }
        #expect(served.value == Array(0..<20))
    }

    @Test func `there are never more connections than the pool's size`() async throws {
        let pool = try Database(url: TestDatabase.url, size: 3, applicationName: "bounded")
        let most = try await withThrowingTaskGroup { group in
            for _ in 0..<30 {
                group.addTask {
                    try await pool.first(
                        """
                        SELECT count(*), pg_sleep(0.005) FROM pg_stat_activity
                        WHERE application_name = 'bounded' AND datname = current_database()
                        """
                    ) { try $0[0] as Int }
                }
            }
            return try await group.reduce(0) { max($0, $1 ?? 0) }
        }
        #expect((1...3).contains(most))
    }

    @Test func `a cancelled borrower leaves the queue`() async throws {
        let pool = try makePool(1)
        let held = try await pool.borrow()
        let waiter = Task { try await pool.borrow() }
        while pool.waitingCount < 1 { await Task.yield() }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        #expect(pool.waitingCount == 0)
        pool.giveBack(held)
        pool.giveBack(try await pool.borrow())
    }

    @Test func `the place of a broken connection goes to whoever waits`() async throws {
        let pool = try makePool(1)
        let held = try await pool.borrow()
        let waiter = Task {
            let connection = try await pool.borrow()
            defer { pool.giveBack(connection) }
            return try await connection.first("SELECT 1") { try $0[0] as Int }
        }
        while pool.waitingCount < 1 { await Task.yield() }
        _ = try? await held.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        pool.giveBack(held)
        #expect(try await waiter.value == 1)
    }
}

@Suite struct ConnectingTests {
    @Test(arguments: ["postgresql://[", "nonsense", "postgresql:///?nonsense=1"])
    func `a URL that cannot be read is refused without repeating it`(url: String) {
        #expect {
            try Database(url: url, size: 1, applicationName: "test")
        } throws: {
            let error = $0 as? PostgresError
            return error?.kind == .badURL && error?.description.contains(url) == false
        }
    }

    @Test func `a server that is not there is named`() async throws {
        let url = "postgresql://someone:secret@127.0.0.1:1/nothing"
        let database = try Database(url: url, size: 1, applicationName: "test")
        await #expect { try await database.execute("SELECT 1") } throws: {
            guard let error = $0 as? PostgresError else { return false }
            return error.kind == .unreachable && error.description.contains("127.0.0.1, port 1")
                && !error.description.contains("secret")
        }
    }
}

@Suite struct ConnectionSettingsTests {
    private func option(_ name: String, _ url: String) throws -> String? {
        try ConnectionSettings(url: url, role: nil, applicationName: "test").options
            .last { $0.name == name }?.value
    }

    @Test(arguments: ["postgresql://db.example.org/x", "postgresql://10.0.0.7/x", "host=db"])
    func `a server elsewhere must prove who it is`(url: String) throws {
        #expect(try option("sslmode", url) == "verify-full")
        #expect(try option("sslrootcert", url) != nil)
    }

    @Test(arguments: [
        "postgresql:///x?host=/run/postgresql", "postgresql://localhost/x", "postgresql:///x",
        "postgresql://127.0.0.1/x",
    ])
    func `a server on this machine need not`(url: String) throws {
        #expect(try option("sslmode", url) == nil)
    }

    @Test func `what the URL says wins`() throws {
        let url = "postgresql://db/x?sslmode=disable&connect_timeout=2&application_name=mine"
        #expect(try option("sslmode", url) == "disable")
        #expect(try option("connect_timeout", url) == "2")
        #expect(try option("application_name", url) == "mine")
    }
}

@Suite(.freshDatabase) struct RefusedConnectionTests {
    @Test func `a role that does not exist is a refusal`() async throws {
        let database = try Database(
            url: TestDatabase.url, size: 1, role: "no such \"role\"", applicationName: "test")
        await #expect { try await database.execute("SELECT 1") } throws: {
            let error = $0 as? PostgresError
            return error?.kind == .refused && error?.message.contains("no such") == true
        }
    }

    @Test func `a database that does not exist is a refusal, not an outage`() async throws {
        let url = TestDatabase.url.replacing("barnstorm_test_", with: "absent_")
        let database = try Database(url: url, size: 1, applicationName: "test")
        await #expect { try await database.execute("SELECT 1") } throws: {
            ($0 as? PostgresError)?.kind == .refused
        }
    }
}
