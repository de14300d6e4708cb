import Support
import Testing

@testable import Postgres

/// Failures provoked on a real server: what is run again, and what never is.
@Suite(.freshDatabase) struct TransactionTests {
    let database = TestDatabase.current

    private func makeItems() async throws {
        try await database.execute("CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL)")
        try await database.execute("INSERT INTO item VALUES (1, 0), (2, 0)")
    }

    private func total() async throws -> Int? {
        try await database.first("SELECT sum(n) FROM item") { try $0[0] as Int }
    }

    @Test func `a serialisation failure runs the whole body again`() async throws {
        try await makeItems()
        let database = database
        let runs = Box(0)
        try await database.transaction(isolation: .repeatableRead) { connection in
            let run = runs.change { count in
                count += 1
                return count
            }
            try await connection.execute("SELECT n FROM item")  // takes the snapshot
            if run == 1 { try await database.execute("UPDATE item SET n = 10 WHERE id = 1") }
            try await connection.execute("UPDATE item SET n = n + 1 WHERE id = 1")
        }
        #expect(runs.value == 2)
        #expect(try await total() == 11)
    }

    @Test func `a deadlock's victim runs the whole body again`() async throws {
        try await makeItems()
        let database = database
        let runs = Box(0)
        let meeting = Meeting()
        let swap = { @Sendable (first: Int, second: Int) async throws in
            try await database.transaction { connection in
                runs.change { $0 += 1 }
                try await connection.execute("UPDATE item SET n = n + 1 WHERE id = \(first)")
                await meeting.wait()  // until both hold their first row; open afterwards
                try await connection.execute("UPDATE item SET n = n + 1 WHERE id = \(second)")
            }
        }
        async let left: Void = swap(1, 2)
        async let right: Void = swap(2, 1)
        _ = try await (left, right)
        #expect(runs.value == 3)
        #expect(try await total() == 4)
    }

    @Test func `a backend that dies before COMMIT makes the body run again`() async throws {
        try await makeItems()
        let database = database
        let runs = Box(0)
        try await database.transaction { connection in
            let run = runs.change { count in
                count += 1
                return count
            }
            try await connection.execute("UPDATE item SET n = n + 1 WHERE id = 1")
            if run == 1 { try await kill(connection) }
            try await connection.execute("UPDATE item SET n = n + 1 WHERE id = 2")
        }
        #expect(runs.value == 2)
        #expect(try await total() == 2)
    }

    @Test func `a backend found dead when COMMIT is due makes the body run again`() async throws {
        try await makeItems()
        let runs = Box(0)
        try await database.transaction { connection in
            let run = runs.change { count in
                count += 1
                return count
            }
            try await connection.execute("UPDATE item SET n = n + 1 WHERE id = 1")
            if run == 1 { try await kill(connection) }
        }
        #expect(runs.value == 2)
        #expect(try await total() == 1)
    }

    @Test func `a backend that dies during COMMIT leaves the outcome unknown`() async throws {
        try await makeItems()
        try await database.withConnection { connection in
            // Runs at COMMIT, on the server, and ends its own backend there.
            try await connection.script(
                """
                CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER item_dies AFTER UPDATE ON item
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION die();
                """)
        }
        let runs = Box(0)
        await #expect { () async throws in
            try await database.transaction { connection in
                runs.change { $0 += 1 }
                try await connection.execute("UPDATE item SET n = 1 WHERE id = 1")
            }
        } throws: {
            let error = $0 as? PostgresError
            return error?.isCommitUnknown == true && error?.isRetryable == false
        }
        #expect(runs.value == 1)
    }

    @Test func `a constraint refused at COMMIT is a plain refusal`() async throws {
        try await database.execute(
            "CREATE TABLE one (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        await #expect { () async throws in
            try await database.transaction { connection in
                try await connection.execute("INSERT INTO one VALUES (1), (1)")
            }
        } throws: {
            let error = $0 as? PostgresError
            return error?.sqlState == "23505" && error?.constraint == "one_id_key"
        }
    }

    @Test func `attempts are bounded`() async throws {
        let runs = Box(0)
        await #expect(throws: PostgresError.self) {
            try await database.transaction(attempts: 3) { connection in
                runs.change { $0 += 1 }
                try await connection.script(
                    "DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
            }
        }
        #expect(runs.value == 3)
    }

    @Test func `what is no matter of concurrency is not tried again`() async throws {
        let runs = Box(0)
        await #expect(throws: PostgresError.self) {
            try await database.transaction { connection in
                runs.change { $0 += 1 }
                try await connection.execute("SELECT 1 / 0")
            }
        }
        #expect(runs.value == 1)
    }

    /// Ends the server's side of a connection and returns when it is gone.
    private func kill(_ connection: Connection) async throws {
        let backend = try await connection.first("SELECT pg_backend_pid()") { try $0[0] as Int32 }
        try await database.execute("SELECT pg_terminate_backend(\(backend), 5000)")
    }
}

/// Lets two tasks go on together; afterwards it is open.
private actor Meeting {
    private var arrived = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func wait() async {
        arrived += 1
        guard arrived < 2 else {
            for continuation in waiting { continuation.resume() }
            waiting = []
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}
