import Foundation
import Postgres

/// Texts of a person with their tries and receipts.
extension Histories {
    static func texts(
        _ contact: UUID, _ organisation: Int32, on connection: Connection
    ) async throws -> [PersonHistory.Text] {
        var texts = try await connection.rows(textsStatement(contact, organisation), decode: text)
        let ids = texts.map(\.id)
        guard !ids.isEmpty else { return [] }
        let tries = try await tries(ids, organisation, on: connection)
        let receipts = try await receipts(ids, organisation, on: connection)
        for index in texts.indices {
            texts[index].tries = tries[texts[index].id] ?? []
            texts[index].receipts = receipts[texts[index].id] ?? []
        }
        return texts
    }

    static func textsStatement(_ contact: UUID, _ organisation: Int32) -> SQL {
        """
        SELECT m.id, m.kind, m.created_at, m.body, m.segments, k.name, m.script_version, u.name,
            m.act, s.number, m.meaning, m.meaning_rule, m.meaning_version
        FROM (\(Audits.texts(to: "\(contact)", organisation))) i
        JOIN message m ON m.organisation_id = \(organisation) AND m.id = i.id
        LEFT JOIN campaign k ON k.organisation_id = m.organisation_id AND k.id = m.campaign_id
        LEFT JOIN sender s ON s.organisation_id = m.organisation_id AND s.id = m.sender_id
        LEFT JOIN member u ON u.organisation_id = m.organisation_id AND u.id = m.author_id
        ORDER BY m.created_at, m.id
        """
    }

    @Sendable private static func text(row: borrowing Row) throws -> PersonHistory.Text {
        PersonHistory.Text(
            id: try row.value(0), kind: MessageKind(rawValue: try row.value(1)) ?? .notice,
            at: try row.value(2), body: try row.value(3),
            segments: Int(try row.value(4) as Int16), campaign: try row.value(5),
            scriptVersion: (try row.value(6) as Int32?).map(Int.init), author: try row.value(7),
            act: try row.value(8), ours: try row.value(9), meaning: try row.value(10),
            rule: try row.value(11), version: try row.value(12))
    }

    private static func tries(
        _ ids: [UUID], _ organisation: Int32, on connection: Connection
    ) async throws -> [UUID: [PersonHistory.Try]] {
        let rows = try await connection.rows(
            """
            SELECT a.message_id, a.n, a.verdict, a.reason, a.slot_at, o.result, o.provider_id,
                o.code, o.closed_at, s.result, s.how, s.settled_at
            FROM attempt a
            LEFT JOIN outcome o ON o.organisation_id = a.organisation_id
                AND o.message_id = a.message_id AND o.n = a.n
            LEFT JOIN settlement s ON s.organisation_id = a.organisation_id
                AND s.message_id = a.message_id AND s.n = a.n
            WHERE a.organisation_id = \(organisation) AND a.message_id = ANY(\(ids))
            ORDER BY a.message_id, a.n
            """
        ) { row in
            (
                try row.value(0) as UUID,
                PersonHistory.Try(
                    n: try row.value(1), verdict: try row.value(2), reason: try row.value(3),
                    slotAt: try row.value(4), result: try row.value(5),
                    providerID: try row.value(6), code: try row.value(7),
                    closedAt: try row.value(8), settled: try row.value(9),
                    settledHow: try row.value(10), settledAt: try row.value(11))
            )
        }
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
    }

    private static func receipts(
        _ ids: [UUID], _ organisation: Int32, on connection: Connection
    ) async throws -> [UUID: [PersonHistory.Receipt]] {
        let rows = try await connection.rows(
            """
            SELECT message_id, status, code, received_at FROM receipt
            WHERE organisation_id = \(organisation) AND message_id = ANY(\(ids))
            ORDER BY received_at
            """
        ) { row in
            (
                try row.value(0) as UUID,
                PersonHistory.Receipt(
                    status: try row.value(1), code: try row.value(2), at: try row.value(3))
            )
        }
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
    }
}
