import FoundationEssentials
import Support
import Testing

@testable import Postgres

@Suite(.freshDatabase) struct SQLValueTests {
    enum Colour: Int16, SQLScalar { case red = 1, green }

    /// Sends values, lets the server compare them with `literal`, and reads them back.
    private func expectRoundTrip<Value: SQLValue & Equatable>(
        _ value: Value, is literal: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let sql: SQL = "SELECT \(value), \(value) IS NOT DISTINCT FROM \(raw: literal)"
        let (back, isSame) = try #require(
            try await TestDatabase.current.first(sql) { row in
                (try row.value(0) as Value, try row.value(1) as Bool)
            })
        #expect(back == value, sourceLocation: sourceLocation)
        #expect(isSame, "the server does not read \(literal)", sourceLocation: sourceLocation)
    }

    @Test func `booleans and numbers arrive as they are`() async throws {
        try await expectRoundTrip(true, is: "true")
        try await expectRoundTrip(false, is: "false")
        try await expectRoundTrip(Int16.min, is: "(-32768)::int2")
        try await expectRoundTrip(Int32.min, is: "(-2147483648)::int4")
        try await expectRoundTrip(Int.max, is: "9223372036854775807")
        try await expectRoundTrip(Int.min, is: "(-9223372036854775808)::int8")
        try await expectRoundTrip(Float(1.5), is: "1.5::float4")
        try await expectRoundTrip(-1e300, is: "-1e300::float8")
        try await expectRoundTrip(Double.infinity, is: "'infinity'::float8")
    }

    @Test func `texts arrive as they are`() async throws {
        try await expectRoundTrip("", is: "''")
        try await expectRoundTrip("a'b\\c 🐴 ñ\n", is: "E'a\\'b\\\\c 🐴 ñ\\n'")
        try await expectRoundTrip([UInt8](0...255), is: "decode('\(hex)', 'hex')")
        try await expectRoundTrip([UInt8](), is: "''::bytea")
        let id = UUID(uuidString: "018f3a5e-7b7c-7def-8abc-0123456789ab")!
        try await expectRoundTrip(id, is: "'018f3a5e-7b7c-7def-8abc-0123456789ab'::uuid")
    }

    private var hex: String {
        (0...255).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func `instants arrive to the microsecond, infinities too`() async throws {
        let instant = Date(timeIntervalSince1970: 1_480_000_000.123_456)
        try await expectRoundTrip(instant, is: "'2016-11-24 15:06:40.123456+00'::timestamptz")
        try await expectRoundTrip(
            Date(timeIntervalSince1970: -1), is: "'1969-12-31 23:59:59+00'::timestamptz")
        try await expectRoundTrip(Date.distantFuture, is: "'infinity'::timestamptz")
        try await expectRoundTrip(Date.distantPast, is: "'-infinity'::timestamptz")
    }

    @Test func `spans arrive to the microsecond`() async throws {
        try await expectRoundTrip(Duration.milliseconds(1500), is: "interval '1.5 s'")
        try await expectRoundTrip(Duration.seconds(-90_000), is: "interval '-25 hours'")
        let day = try await TestDatabase.current.first("SELECT interval '2 days 1 s'") {
            try $0.value(0) as Duration
        }
        #expect(day == .seconds(172_801))
        await #expect(throws: PostgresError.self) {
            try await TestDatabase.current.first("SELECT interval '1 month'") {
                try $0.value(0) as Duration
            }
        }
    }

    @Test func `documents arrive as they are`() async throws {
        let document = try JSONB(encoding: ["a": [1, 2]])
        let back = try await TestDatabase.current.first("SELECT \(document), \(document) -> 'a'") {
            (try $0.value(0) as JSONB, try $0.value(1) as String)
        }
        #expect(try back?.0.decode([String: [Int]].self) == ["a": [1, 2]])
        #expect(back?.1 == "[1, 2]")
    }

    @Test func `arrays arrive as they are, empty and with NULLs`() async throws {
        try await expectRoundTrip([Int](), is: "'{}'::int8[]")
        try await expectRoundTrip([Int16](1...3), is: "'{1,2,3}'::int2[]")
        try await expectRoundTrip([1, nil, 3] as [Int32?], is: "'{1,NULL,3}'::int4[]")
        try await expectRoundTrip(["a,\"b", nil, ""] as [String?], is: "ARRAY['a,\"b', NULL, '']")
        try await expectRoundTrip([true, nil] as [Bool?], is: "'{t,NULL}'::bool[]")
        try await expectRoundTrip([1.5, 2] as [Double], is: "'{1.5,2}'::float8[]")
        try await expectRoundTrip([[1, 2], []] as [[UInt8]], is: "'{\\\\x0102,\\\\x}'::bytea[]")
        try await expectRoundTrip(nil as [Int]?, is: "NULL")
        let id = UUID()
        try await expectRoundTrip([id, id], is: "ARRAY['\(id)', '\(id)']::uuid[]")
        try await expectRoundTrip(
            [Date(timeIntervalSince1970: 0)], is: "'{1970-01-01 00:00:00+00}'::timestamptz[]")
        try await expectRoundTrip(
            [Duration.seconds(1), nil] as [Duration?], is: "'{1 s,NULL}'::interval[]")
    }

    @Test func `arrays feed unnest`() async throws {
        let ids = (0..<1000).map { _ in UUID() }
        let numbers = Array(0..<1000)
        let names = numbers.map { $0 % 10 == 0 ? nil : "name \($0)" }
        let rows = try await TestDatabase.current.rows(
            """
            SELECT id, number, name FROM unnest(\(ids), \(numbers), \(names)) t (id, number, name)
            ORDER BY number
            """
        ) { row in
            (try row.value("id") as UUID, try row.value("number") as Int, try row[2] as String?)
        }
        #expect(rows.map(\.0) == ids)
        #expect(rows.map(\.1) == numbers)
        #expect(rows.map(\.2) == names)
    }

    @Test func `an enum over a number is a value`() async throws {
        try await expectRoundTrip(Colour.green, is: "2::int2")
        try await expectRoundTrip([Colour.red, .green], is: "'{1,2}'::int2[]")
        await #expect(throws: PostgresError.self) {
            try await TestDatabase.current.first("SELECT 3::int2") { try $0.value(0) as Colour }
        }
    }

    @Test func `sums and counts fit an Int`() async throws {
        let sums = try await TestDatabase.current.first(
            "SELECT sum(n), count(*), sum(n::int), -sum(n) * 30000, 0::numeric, 1.5::numeric "
                + "FROM generate_series(1::bigint, 20000) n"
        ) { row in
            let fraction = try row.value(5) as Double
            return (try (0..<5).map { try row.value($0) as Int }, fraction)
        }
        #expect(sums?.0 == [200_010_000, 20_000, 200_010_000, -6_000_300_000_000, 0])
        #expect(sums?.1 == 1.5)
    }

    @Test(arguments: ["0.00001", "123456.789", "-10000", "99990000", "0.5", "1e-9"])
    func `numeric is read as a Double`(text: String) async throws {
        let value = try await TestDatabase.current.first("SELECT \(raw: text)::numeric") {
            try $0.value(0) as Double
        }
        let expected = try #require(Double(text))
        #expect(abs(try #require(value) - expected) <= abs(expected) * 1e-12)
    }

    @Test func `texts of other types are read as text`() async throws {
        let texts = try await TestDatabase.current.first(
            "SELECT 'a'::name, 'b'::varchar(3), 'c'::char(2), '{}'::json, '[1]'::jsonb"
        ) { row in try (0..<5).map { try row.value($0) as String } }
        #expect(texts == ["a", "b", "c ", "{}", "[1]"])
        try await TestDatabase.current.withConnection { connection in
            try await connection.script("CREATE TYPE mood AS ENUM ('glad', 'sad')")
            let mood = try await connection.first("SELECT 'sad'::mood") { try $0[0] as String }
            #expect(mood == "sad")
        }
    }

    @Test func `a value that does not fit names its column`() async throws {
        func message(_ sql: SQL, _ read: @Sendable (borrowing Row) throws -> Void) async -> String {
            do {
                _ = try await TestDatabase.current.first(sql, decode: read)
                return ""
            } catch {
                return "\(error)"
            }
        }
        let null = await message("SELECT NULL::int AS age") { _ = try $0.value(0) as Int }
        #expect(null.contains("age") && null.contains("NULL"))
        let wide = await message("SELECT 70000 AS age") { _ = try $0.value(0) as Int16 }
        #expect(wide.contains("age") && wide.contains("too large"))
        let kind = await message("SELECT 'x' AS age") { _ = try $0.value(0) as Int }
        #expect(kind.contains("age"))
        let absent = await message("SELECT 1 AS age") { _ = try $0.value("size") as Int }
        #expect(absent.contains("size"))
    }

    @Test func `a NUL in text is refused before anything is sent`() async throws {
        let database = TestDatabase.current
        await #expect { try await database.execute("SELECT \("a\0b")") } throws: {
            ($0 as? PostgresError)?.kind == .value
        }
        await #expect { try await database.execute("SELECT \(["a", "\0"])") } throws: {
            ($0 as? PostgresError)?.kind == .value
        }
        #expect(try await database.first("SELECT 1") { try $0[0] as Int } == 1)
    }
}
