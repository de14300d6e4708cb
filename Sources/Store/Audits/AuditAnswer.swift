import Foundation
import Postgres

/// Something that breaks a promise or a rule, with what to look at.
package struct AuditFinding: Sendable, Codable, Equatable {
    /// A short name of what is broken, such as `no_press`.
    package var rule: String
    package var message: UUID?
    package var contact: UUID?
    package var member: UUID?
    package var at: Date?
    /// What happened, in words.
    package var sentence: String

    package init(
        _ rule: String, _ sentence: String, message: UUID? = nil, contact: UUID? = nil,
        member: UUID? = nil, at: Date? = nil
    ) {
        self.rule = rule
        self.sentence = sentence
        self.message = message
        self.contact = contact
        self.member = member
        self.at = at
    }

    /// From the columns rule, sentence, message, contact, member, at.
    init(row: borrowing Row) throws {
        self.init(
            try row.value(0), try row.value(1), message: try row.value(2),
            contact: try row.value(3), member: try row.value(4), at: try row.value(5))
    }
}

/// The answer to one question: counts, a table for people, and what is wrong.
package struct AuditAnswer: Sendable, Codable {
    /// The question's name on the command line.
    package var question: String
    /// What was looked at, by name; in the order of ``shown``.
    package var counts: [String: Int] = [:]
    package var columns: [String] = []
    /// As many cells a row as there are columns; instants in ISO 8601, UTC.
    package var rows: [[String]] = []
    /// At most ``findingsMax``; ``violations`` counts all that were found.
    package private(set) var findings: [AuditFinding] = []
    package private(set) var violations = 0

    /// How many findings are told one by one.
    package static let findingsMax = 1_000

    package init(_ question: String) { self.question = question }

    package var isClean: Bool { violations == 0 }

    package mutating func add(_ found: [AuditFinding]) { add(found, of: found.count) }

    /// Some of `total` findings; all are counted, as many as there is room for are told.
    package mutating func add(_ found: [AuditFinding], of total: Int) {
        violations += total
        findings += found.prefix(max(0, Self.findingsMax - findings.count))
    }

    /// What a statement of ``Audits/finding(_:_:message:contact:member:at:)``'s shape finds: all of
    /// it is counted by the server, and only what is told comes here.
    mutating func add(_ statement: SQL, on connection: Connection) async throws {
        let rows = try await connection.rows(
            """
            WITH found (rule, sentence, message, contact, member, at) AS MATERIALIZED (
                \(statement)
            )
            SELECT *, (SELECT count(*) FROM found) FROM found LIMIT \(Self.findingsMax)
            """
        ) { row in (try AuditFinding(row: row), try row.value(6) as Int) }
        add(rows.map(\.0), of: rows.first?.1 ?? 0)
    }
}

extension Audits {
    /// Runs a question's statements in one transaction of the organisation.
    func ask<Value: Sendable>(
        _ organisation: Int32, _ body: @escaping @Sendable (Connection) async throws -> Value
    ) async throws -> Value {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.script(
                """
                -- Sums over all texts may use every core; the defaults keep that for other loads.
                SET LOCAL max_parallel_workers_per_gather = 4;
                SET LOCAL parallel_tuple_cost = 0.01;
                SET LOCAL work_mem = '128MB';
                -- Texts and their tries are cut at the same ids: months are joined one by one, each
                -- in memory, and not all history with all history on disk.
                SET LOCAL enable_partitionwise_join = on;
                SET LOCAL jit = off
                """)
            return try await body(connection)
        }
    }

    /// The shape of every finding's row.
    static func finding(
        _ rule: String, _ sentence: SQL, message: SQL = "NULL::uuid", contact: SQL = "NULL::uuid",
        member: SQL = "NULL::uuid", at: SQL = "NULL::timestamptz"
    ) -> SQL {
        "SELECT \(rule), \(sentence), \(message), \(contact), \(member), \(at)"
    }

    /// Tries that were let go and not proven unsent, with their texts: columns of `attempt` as a,
    /// of `message` as m. Narrowed by the deadline's index where a beginning is given.
    static func sent(_ organisation: Int32, _ span: Span) -> SQL {
        """
        FROM attempt a
        JOIN message m ON m.organisation_id = a.organisation_id AND m.id = a.message_id
        WHERE a.organisation_id = \(organisation) AND a.verdict = 1
          AND \(during(span)) AND \(notUnsent)
        """
    }

    /// Whether the try's slot lies in the span.
    static func during(_ span: Span) -> SQL {
        """
        a.slot_at >= \(span.since) AND a.slot_at <= \(span.until)
        AND a.deadline >= \(span.since)
        """
    }

    static let notUnsent: SQL = """
        NOT EXISTS (SELECT FROM outcome u WHERE u.organisation_id = a.organisation_id
            AND u.message_id = a.message_id AND u.n = a.n AND u.result = 3)
        """
}
