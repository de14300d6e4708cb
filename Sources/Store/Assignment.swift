import Foundation
import Postgres

/// Whose a new conversation becomes, by its campaign's rule: the texter who sent, an even split
/// over those who are there, or the pool.
struct AssignmentRound: Sendable {
    private var rules: [ContactKey: String] = [:]
    /// Members who can hold a conversation, with how many wait for them.
    private var waiting: [Int32: [UUID: Int]] = [:]
    /// All who are not away, by organisation: authors may have any role.
    private var present: Set<ContactKey> = []

    /// Reads the rules of the campaigns that these texts may belong to.
    init(_ items: [ReceptionRound.Item], on connection: Connection) async throws {
        let campaigns = Set(
            items.compactMap { item in
                item.context.firstText(from: item.sender)?.campaign.map {
                    ContactKey(organisation: item.organisation, id: $0)
                }
            })
        guard !campaigns.isEmpty else { return }
        let keys = Array(campaigns)
        let rows = try await connection.rows(
            """
            SELECT c.organisation_id, c.id, c.assignment
            FROM unnest(\(keys.map(\.organisation)), \(keys.map(\.id))) AS w(o, id)
            JOIN campaign c ON c.organisation_id = w.o AND c.id = w.id
            """
        ) { row in
            (
                ContactKey(organisation: try row.value(0), id: try row.value(1)),
                try row.value(2) as String
            )
        }
        rules = Dictionary(uniqueKeysWithValues: rows)
        guard rules.values.contains(where: { $0 != "pool" }) else { return }
        try await readMembers(Array(Set(keys.map(\.organisation))), on: connection)
    }

    /// Who has never shown up counts as there; who said until when and let it pass is away.
    private mutating func readMembers(
        _ organisations: [Int32], on connection: Connection
    ) async throws {
        let isCounting = rules.values.contains("even")
        let members = try await connection.rows(
            """
            SELECT m.organisation_id, m.id, m.role IN ('texter', 'lead'),
                CASE WHEN \(isCounting) THEN (
                    SELECT count(*) FROM conversation k
                    WHERE k.organisation_id = m.organisation_id AND k.assignee_id = m.id
                      AND k.needs_reply_since IS NOT NULL) ELSE 0 END
            FROM member m
            WHERE m.organisation_id = ANY(\(organisations)) AND m.deactivated_at IS NULL
              AND coalesce(m.present_until, 'infinity') > now()
            """
        ) { row in
            (
                ContactKey(organisation: try row.value(0), id: try row.value(1)),
                try row.value(2) as Bool, try row.value(3) as Int
            )
        }
        for (member, isTexter, count) in members {
            present.insert(member)
            if isTexter { waiting[member.organisation, default: [:]][member.id] = count }
        }
    }

    /// - Returns: nil for the pool.
    mutating func assignee(_ organisation: Int32, _ campaign: UUID?, author: UUID?) -> UUID? {
        guard let campaign,
            let rule = rules[ContactKey(organisation: organisation, id: campaign)]
        else { return nil }
        switch rule {
        case "sender":
            return author.flatMap {
                present.contains(ContactKey(organisation: organisation, id: $0)) ? $0 : nil
            }
        case "even":
            let least = waiting[organisation]?.min {
                ($0.value, $0.key.text) < ($1.value, $1.key.text)
            }
            guard let member = least?.key else { return nil }
            waiting[organisation]?[member, default: 0] += 1
            return member
        default: return nil
        }
    }
}
