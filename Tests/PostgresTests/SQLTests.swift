import Testing

@testable import Postgres

@Suite struct SQLTests {
    @Test func `values become numbered parameters`() {
        let sql: SQL = "SELECT \(1), \("two") WHERE \(true)"
        #expect(sql.text == "SELECT $1, $2 WHERE $3")
        #expect(sql.parameters.types == [OID.int8, OID.text, OID.bool])
        #expect(sql.parameters.lengths == [8, 3, 1])
    }

    @Test func `raw text is spliced`() {
        let sql: SQL = "SELECT * FROM \(raw: "contact") WHERE id = \(7)"
        #expect(sql.text == "SELECT * FROM contact WHERE id = $1")
    }

    @Test func `joined statements are renumbered`() {
        var sql: SQL = "SELECT \(1)"
        for number in 2...11 { sql += ", \(number)" as SQL }
        let both = sql + " UNION " + sql
        #expect(
            both.text == "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 UNION "
                + "SELECT $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22")
        #expect(both.parameters.count == 22)
        #expect(both.parameters.offsets == (0..<22).map { $0 * 8 })
    }

    @Test func `a statement can stand inside another`() {
        let condition: SQL = "a = \(1) AND b = \("x")"
        let sql: SQL = "SELECT \(0) WHERE \(condition) LIMIT \(5)"
        #expect(sql.text == "SELECT $1 WHERE a = $2 AND b = $3 LIMIT $4")
    }

    @Test func `an absent value is NULL with its type`() {
        let sql: SQL = "SELECT \(nil as Int32?)"
        #expect(sql.parameters.lengths == [-1])
        #expect(sql.parameters.types == [OID.int4])
    }
}
