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
    /// is a compare-and-set. Two statements, because joined they cost four times as much: the planner
    /// prunes the months of `message` only where it sees the ids.
    ///
    /// - Parameters:
    ///   - rooms: per sender, how many texts its rate and the wire have room for.
    ///   - most: of all together.
    ///   - hasAnswers: whether any of the senders has more than first texts waiting.
    package func due(
        organisation: Int32, rooms: [(sender: UUID, texts: Int)], most: Int, holds: Holds,
        hasAnswers: Bool
    ) async throws -> [DueText] {
        let late = hasAnswers ? try await lateAnswers(organisation, rooms.map(\.sender), holds) : []
        var left = most
        var slices: [Slice] = []
        for var slice in try await self.slices(organisation, rooms, holds, late) where left > 0 {
            slice.messages = Array(slice.messages.prefix(left))
            left -= slice.messages.count
            slices.append(slice)
        }
        guard !slices.isEmpty else { return [] }
        let words = try await words(organisation, slices.flatMap(\.messages))
        return slices.flatMap { slice in
            // From the front and without a gap, as they are taken from the row.
            slice.messages.prefix { words[$0] != nil }
                .compactMap { id in words[id].map { DueText(slice, id, $0) } }
        }
    }

    /// Part of an outbox row: who waits in it next.
    fileprivate struct Slice: Sendable {
        var sender: UUID
        var priority: Int16
        var row: UUID
        var taken: Int16
        var size: Int16
        var n: Int16
        var kind: MessageKind
        var campaign: UUID?
        var zoneSet: Int16
        var messages: [UUID]
    }

    private func slices(
        _ organisation: Int32, _ rooms: [(sender: UUID, texts: Int)], _ holds: Holds,
        _ lateAnswers: [UUID]
    ) async throws -> [Slice] {
        try await database.rows(
            """
            SELECT h.sender_id, h.priority, h.id, h.taken, cardinality(h.message_ids)::smallint,
                h.n, h.kind, h.campaign_id, h.zone_set,
                h.message_ids[h.taken + 1 : h.taken + s.room - h.upto]
            FROM unnest(\(rooms.map(\.sender)), \(rooms.map(\.texts)))
                WITH ORDINALITY AS s(sender_id, room, place)
            CROSS JOIN LATERAL (
                SELECT o.*, coalesce(sum(cardinality(o.message_ids) - o.taken) OVER (
                    ORDER BY o.priority, o.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ), 0) AS upto
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
                      OR o.id = ANY (\(lateAnswers)))))
                ORDER BY o.priority, o.id LIMIT s.room
            ) h
            -- Rows behind those that fill the room stay folded.
            WHERE h.upto < s.room
            ORDER BY s.place, h.priority, h.id
            """
        ) { row in
            Slice(
                sender: try row.value(0), priority: try row.value(1), row: try row.value(2),
                taken: try row.value(3), size: try row.value(4), n: try row.value(5),
                kind: MessageKind(rawValue: try row.value(6)) ?? .first,
                campaign: try row.value(7), zoneSet: try row.value(8), messages: try row.value(9))
        }
    }

    /// Rows of answers that may leave although the hours are over, because the person wrote just now.
    private func lateAnswers(
        _ organisation: Int32, _ senders: [UUID], _ holds: Holds
    ) async throws -> [UUID] {
        try await database.rows(
            """
            SELECT o.id FROM outbox o
            JOIN message r ON r.organisation_id = o.organisation_id AND r.id = o.message_ids[1]
            JOIN conversation v
              ON v.organisation_id = r.organisation_id AND v.id = r.conversation_id
            WHERE o.organisation_id = \(organisation) AND o.sender_id = ANY(\(senders))
              AND o.priority = 0 AND o.kind IN (2, 4)
              AND o.zone_set <> ALL (\(holds.openZoneSets))
              AND v.last_inbound_at > clock_timestamp()
                - \(Double(Self.answerMinutes)) * interval '1 min'
            """
        ) { try $0.value(0) as UUID }
    }

    /// What was to be said, and to whom.
    fileprivate struct Words: Sendable {
        var contact: UUID
        var body: String
        var media: [String]?
        var segments: Int16
        var sendBefore: Date?
    }

    private func words(_ organisation: Int32, _ messages: [UUID]) async throws -> [UUID: Words] {
        let rows = try await database.rows(
            """
            SELECT id, contact_id, body, media, segments, send_before FROM message
            WHERE organisation_id = \(organisation) AND id = ANY(\(messages))
            """
        ) { row in
            (
                try row.value(0) as UUID,
                Words(
                    contact: try row.value(1), body: try row.value(2), media: try row.value(3),
                    segments: try row.value(4), sendBefore: try row.value(5))
            )
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}

extension DueText {
    fileprivate init(_ slice: DueTexts.Slice, _ message: UUID, _ words: DueTexts.Words) {
        self.init(
            sender: slice.sender, priority: slice.priority, row: slice.row, taken: slice.taken,
            size: slice.size, n: slice.n, message: message, kind: slice.kind,
            campaign: slice.campaign, zoneSet: slice.zoneSet, contact: words.contact,
            body: words.body, media: words.media ?? [], segments: words.segments,
            sendBefore: words.sendBefore)
    }
}
