import Foundation
import Postgres
import Support
import Testing

@testable import Store

/// Every column of the schema says what becomes of it when a person is erased or their time is over.
///
/// A new table or column fails here until somebody has thought about it: add it below, and if it
/// holds something of a person, to `blank_people` and `retention_due`.
@Suite(.freshDatabase) struct PersonalColumnsTests {
    /// What becomes of a column.
    enum Fate {
        /// About the house, its numbers and campaigns: no person we text stands in it.
        case house
        /// About our own people: members, volunteers, their browsers.
        case ours
        /// Of a person we text: goes with their erasure and by a limit of retention.
        case erased
        /// Of a person we text, and kept: ids, times, results and evidence, without a name.
        case kept
        /// The log: holds no words of people, by what is written into it.
        case log
    }

    /// Tables all of whose columns share a fate.
    private static let whole: [String: Fate] = [
        "acceptance": .house, "account": .house, "allowance": .house, "allowance_share": .house,
        "answer": .house, "answer_tally": .house, "campaign": .house, "cluster": .house,
        "deletion": .house, "estimate": .house, "import": .house, "lane": .house,
        "organisation": .house, "retention": .house, "script": .house, "sender": .house,
        "registration": .house, "tally": .house, "team": .house, "watermark": .house,
        "worker": .house, "zone_set": .house,
        "join_request": .ours, "member": .ours, "participation": .ours, "proof": .ours,
        "push_subscription": .ours, "session": .ours, "sign_in": .ours, "team_member": .ours,
        "act": .kept, "attempt": .kept, "consent": .kept, "hold": .kept, "lease": .kept,
        "outbox": .kept, "outcome": .kept, "person_link": .kept, "receipt": .kept,
        "refusal": .kept, "request": .kept, "review": .kept, "seen": .kept, "settlement": .kept,
        "skip": .kept, "undo": .kept,
        "chain_head": .log, "ledger": .log, "ledger_node": .log, "tree_head": .log,
        "inbound_raw": .erased,
    ]

    /// Of the other tables: what goes, and what is kept.
    private static let parts: [String: (erased: String, kept: String)] = [
        "contact": (
            "number name language",
            """
            organisation_id id number_hash country zone_set zone_source opted_out_at
            wrong_number_at landline unlikely erased_at texted_at created_at
            """
        ),
        "message": (
            "body media",
            """
            organisation_id id kind contact_id campaign_id conversation_id sender_id segments
            zone_set script_version author_id act send_before replaces meaning meaning_action
            meaning_rule meaning_version provider_id created_at
            """
        ),
        "recipient": (
            "fields",
            "organisation_id contact_id campaign_id lane_id position message_id segments"
        ),
        "conversation": (
            "handed_reason answers tags snippet",
            """
            organisation_id id contact_id sender_id campaign_id assignee_id needs_reply_since
            flagged done_at last_inbound_at last_outbound_at created_at team_id
            """
        ),
        "note": ("body", "organisation_id id conversation_id author_id kind created_at"),
        "recorded_answer": (
            "value",
            "organisation_id id campaign_id contact_id conversation_id question member_id at"
        ),
        "suggestion": (
            "body", "organisation_id id campaign_id member_id created_at seen_at seen_by"
        ),
        "case_fact": (
            "sealed", "organisation_id id subject_id request_id commitment created_at"
        ),
        "subject_key": ("sealed_key", "organisation_id subject_id created_at destroyed_at"),
        // Rows of a file that are no person: a limit on lists takes them, nobody can be found in them.
        "import_reject": ("", "organisation_id import_id row_number reason detail"),
    ]

    private func columns() async throws -> [String: Set<String>] {
        let rows = try await TestDatabase.current.rows(
            """
            SELECT c.relname, a.attname FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT c.relispartition
                AND c.relname NOT LIKE '%migration%'
            """
        ) { (try $0.value(0) as String, try $0.value(1) as String) }
        return Dictionary(grouping: rows, by: \.0).mapValues { Set($0.map(\.1)) }
    }

    @Test func `every table and column is classified`() async throws {
        for (table, columns) in try await columns() where Self.whole[table] == nil {
            guard let parts = Self.parts[table] else {
                Issue.record("Nobody said what becomes of the table \(table)")
                continue
            }
            let known = Set(
                (parts.erased + " " + parts.kept).split { $0.isWhitespace }.map(String.init))
            #expect(columns.subtracting(known) == [], "\(table)")
        }
    }

    @Test func `what a person's erasure takes is what it knows`() async throws {
        let body = try await source("blank_people")
        for (table, parts) in Self.parts {
            for column in parts.erased.split(separator: " ") {
                let update = try #require(
                    body.ranges(of: "UPDATE \(table) ").first, "\(table) is unknown to erasure")
                let statement = body[update.lowerBound...].prefix { $0 != ";" }
                #expect(statement.contains("\(column) = "), "\(table).\(column)")
            }
        }
        #expect(body.contains("DELETE FROM inbound_raw"))
    }

    @Test func `a limit of retention reaches each of them`() async throws {
        let due = try await source("retention_due")
        for (table, parts) in Self.parts where !parts.erased.isEmpty && table != "subject_key" {
            #expect(due.contains("FROM \(table) "), "\(table)")
        }
        #expect(due.contains("FROM inbound_raw ") && due.contains("FROM import_reject "))
    }

    private func source(_ function: String) async throws -> String {
        try await TestDatabase.current.first(
            "SELECT prosrc FROM pg_proc WHERE proname = \(function)"
        ) { try $0.value(0) as String } ?? ""
    }
}
