import Support
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct CopyTests {
    private let rowCount = 100_000

    @Test func `a hundred thousand rows go in and come out`() async throws {
        let database = TestDatabase.current
        let counter = Box(0)
        let rowCount = rowCount
        try await database.withConnection { connection in
            try await connection.script("CREATE TABLE line (id int, words text)")
            let copied = try await connection.copyIn("COPY line FROM STDIN (FORMAT csv)") {
                let start = counter.change { count in
                    defer { count += 1000 }
                    return count
                }
                guard start < rowCount else { return nil }
                return Array((start..<start + 1000).map { "\($0),\"row, \($0)\"\n" }.joined().utf8)
            }
            #expect(copied == rowCount)

            let seen = Box((octets: 0, lines: 0, largest: 0))
            try await connection.copyOut("COPY line TO STDOUT (FORMAT csv)") { piece in
                #expect(piece.last == 10)
                seen.change {
                    $0.octets += piece.count
                    $0.lines += piece.count { $0 == 10 }
                    $0.largest = max($0.largest, piece.count)
                }
            }
            #expect(seen.value.lines == rowCount)
            #expect(seen.value.largest < 70_000)
            #expect(try await connection.first("SELECT 1") { try $0[0] as Int } == 1)
        }
    }

    @Test func `rows may be cut anywhere`() async throws {
        let octets = Array("1\n22\n333\n".utf8)
        let next = Box(0)
        try await TestDatabase.current.withConnection { connection in
            try await connection.script("CREATE TABLE line (id int)")
            let copied = try await connection.copyIn("COPY line FROM STDIN") {
                next.change { index in
                    defer { index += 1 }
                    return index < octets.count ? [octets[index]] : nil
                }
            }
            #expect(copied == 3)
        }
    }

    @Test func `a reader that fails undoes the COPY`() async throws {
        struct Unreadable: Error {}
        try await TestDatabase.current.withConnection { connection in
            try await connection.script("CREATE TABLE line (id int)")
            let next = Box(0)
            await #expect(throws: Unreadable.self) {
                try await connection.copyIn("COPY line FROM STDIN") {
                    let isOver = next.change { count in
                        count += 1
                        return count > 3
                    }
                    if isOver { throw Unreadable() }
                    return Array("1\n".utf8)
                }
            }
            let count = try await connection.first("SELECT count(*) FROM line") {
                try $0[0] as Int
            }
            #expect(count == 0)
        }
    }

    @Test func `a row that does not fit is refused without being quoted`() async throws {
        try await TestDatabase.current.withConnection { connection in
            try await connection.script("CREATE TABLE line (id int)")
            let pieces = Box([Array("1\n".utf8), Array("+15005550006\n".utf8)])
            await #expect {
                try await connection.copyIn("COPY line FROM STDIN") {
                    pieces.change { $0.isEmpty ? nil : $0.removeFirst() }
                }
            } throws: {
                guard let error = $0 as? PostgresError else { return false }
                return error.sqlState?.hasPrefix("22") == true
                    && !error.description.contains("5005550006")
            }
            #expect(try await connection.first("SELECT 1") { try $0[0] as Int } == 1)
        }
    }

    @Test func `a statement in the middle of a COPY is refused`() async throws {
        try await TestDatabase.current.withConnection { connection in
            try await connection.script("CREATE TABLE line (id int)")
            await #expect {
                try await connection.copyIn("COPY line FROM STDIN") {
                    try await connection.execute("SELECT 1")
                    return nil
                }
            } throws: {
                ($0 as? PostgresError)?.kind == .misuse
            }
        }
    }

    @Test(arguments: [true, false])
    func `a COPY run as a plain statement is refused`(asScript: Bool) async throws {
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
        await #expect {
            try await pool.withConnection { connection in
                let copy = "COPY (SELECT 1) TO STDOUT"
                if asScript { try await connection.script(copy) }
                try await connection.execute("\(raw: copy)")
            }
        } throws: {
            ($0 as? PostgresError)?.kind == .misuse
        }
        #expect(try await pool.first("SELECT 1") { try $0[0] as Int } == 1)
    }

    @Test func `a receiver that fails costs the connection, not the pool`() async throws {
        struct Full: Error {}
        let pool = try Database(url: TestDatabase.url, size: 1, applicationName: "test")
        await #expect(throws: Full.self) {
            try await pool.withConnection { connection in
                try await connection.copyOut(
                    "COPY (SELECT * FROM generate_series(1, 1000000)) TO STDOUT"
                ) { _ in throw Full() }
            }
        }
        #expect(try await pool.first("SELECT 1") { try $0[0] as Int } == 1)
    }
}
