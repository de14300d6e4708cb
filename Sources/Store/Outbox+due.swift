import Foundation
import Postgres

/// A text that waits and may leave now, with all that the wire needs.
package struct DueText: Sendable {
    package var sender: UUID
    package var priority: Int16
    package var row: UUID
    package var taken: Int16
    package var size: Int16
    package var n: Int16
    package var message: UUID
    package var kind: MessageKind
    package var campaign: UUID?
    package var zoneSet: Int16
    package var contact: UUID
    /// E.164; nil once the person is erased.
    package var to: String?
    package var body: String
    package var media: [String]
    package var segments: Int16
    package var sendBefore: Date?
}

/// What holds texts back without a verdict, as one worker knows it at this moment.
package struct Holds: Sendable {
    /// Campaigns whose texts stay where they are: paused, held, or out of budget.
    package var campaigns: [UUID]
    /// Zone sets in which texting is allowed now.
    package var openZoneSets: [Int16]

    /// Campaigns with hours of their own, and zone sets in which those are over.
    package var closedPairs: [(campaign: UUID, zoneSet: Int16)]

    package init(
        campaigns: [UUID], openZoneSets: [Int16],
        closedPairs: [(campaign: UUID, zoneSet: Int16)] = []
    ) {
        self.campaigns = campaigns
        self.openZoneSets = openZoneSets
        self.closedPairs = closedPairs
    }
}

/// The outbox as the worker reads it.
package struct DueTexts: Sendable {
    let database: Database

    package init(database: Database) { self.database = database }

    /// Minutes after a person wrote during which answers may reach them outside the hours
    /// (reference/compliance 1.4: configurable, 15 by default).
    package static let answerMinutes = 15

    /// The next texts of some senders of one organisation, replies first, oldest row first.
    ///
    /// Only the holder of a sender takes from its rows, so nothing is locked here; the take itself
    /// is a compare-and-set.
    ///
    /// - Parameter rooms: per sender, how many texts its rate and the wire have room for.
    package func due(
        organisation: Int32, rooms: [(sender: UUID, texts: Int)], holds: Holds
    ) async throws -> [DueText] {
        try await database.rows(
            """
            SELECT d.sender_id, d.priority, d.id, d.taken, d.size, d.n, d.message_id, m.kind,
                m.campaign_id, m.zone_set, m.contact_id, c.number, m.body,
                coalesce(m.media, '{}'), m.segments, m.send_before
            FROM unnest(\(rooms.map(\.sender)), \(rooms.map(\.texts))) AS s(sender_id, room)
            CROSS JOIN LATERAL (
                SELECT h.sender_id, h.priority, h.id, h.taken, h.n, i.message_id, i.place,
                    cardinality(h.message_ids)::smallint AS size
                FROM (
                    SELECT o.*, sum(cardinality(o.message_ids) - o.taken)
                        OVER (ORDER BY o.priority, o.id) AS upto
                    FROM outbox o
                    WHERE o.organisation_id = \(organisation) AND o.sender_id = s.sender_id
                      AND o.due_at <= clock_timestamp()
                      AND (o.kind IN (3, 5) OR (
                        (o.campaign_id IS NULL OR o.campaign_id <> ALL (\(holds.campaigns)))
                        AND NOT EXISTS (
                          SELECT FROM unnest(\(holds.closedPairs.map(\.campaign)),
                              \(holds.closedPairs.map(\.zoneSet))) AS x(campaign, zone_set)
                          WHERE x.campaign = o.campaign_id AND x.zone_set = o.zone_set)
                        AND (o.zone_set = ANY (\(holds.openZoneSets)) OR o.kind IN (7, 8)
                          OR (o.kind IN (2, 4) AND EXISTS (
                            SELECT FROM message r JOIN conversation v
                              ON v.organisation_id = r.organisation_id AND v.id = r.conversation_id
                            WHERE r.organisation_id = o.organisation_id AND r.id = o.message_ids[1]
                              AND v.last_inbound_at > clock_timestamp()
                                - \(Double(Self.answerMinutes)) * interval '1 min')))))
                    ORDER BY o.priority, o.id LIMIT s.room
                ) h
                CROSS JOIN LATERAL unnest(h.message_ids[h.taken + 1 : h.taken + s.room])
                    WITH ORDINALITY AS i(message_id, place)
                -- Rows behind those that fill the room are not unfolded.
                WHERE h.upto - (cardinality(h.message_ids) - h.taken) < s.room
                ORDER BY h.priority, h.id, i.place LIMIT s.room
            ) d
            -- OFFSET 0 keeps these look-ups by key: joined freely, the planner reads whole tables for
            -- an array whose length it cannot know.
            CROSS JOIN LATERAL (
                SELECT * FROM message
                WHERE organisation_id = \(organisation) AND message.id = d.message_id OFFSET 0
            ) m
            CROSS JOIN LATERAL (
                SELECT number FROM contact
                WHERE organisation_id = \(organisation) AND contact.id = m.contact_id OFFSET 0
            ) c
            ORDER BY d.sender_id, d.priority, d.id, d.place
            """
        ) { row in
            DueText(
                sender: try row.value(0), priority: try row.value(1), row: try row.value(2),
                taken: try row.value(3), size: try row.value(4), n: try row.value(5),
                message: try row.value(6),
                kind: MessageKind(rawValue: try row.value(7)) ?? .first,
                campaign: try row.value(8), zoneSet: try row.value(9), contact: try row.value(10),
                to: try row.value(11), body: try row.value(12), media: try row.value(13),
                segments: try row.value(14), sendBefore: try row.value(15))
        }
    }
}
