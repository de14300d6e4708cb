import Foundation
import Postgres
import Texting

/// The two texts that nobody writes by hand: the confirmation of a stop, and who we are.
enum AutomaticAnswers {
    /// Writes them down and into the outbox, in the transaction of the text they answer.
    ///
    /// The answer to HELP leads to the person's own page, by a link of its own.
    ///
    /// At most one confirmation per stop: only the text that made the stop gets one, and none where
    /// the provider has answered (47 CFR 64.1200(a)(12) allows a single one).
    static func write(
        _ items: [ReceptionRound.Item], publicURL: String?, on connection: Connection
    ) async throws {
        let answered = items.filter { !$0.arrival.providerAnswered }
        let stops = answered.filter { $0.stop?.isNew == true }
        let helps = answered.filter { $0.reading.acts(.help) && !$0.isOptedOut }
        guard !stops.isEmpty || !helps.isEmpty else { return }
        let wordings = try await Wording.read(
            Set((stops + helps).map(\.organisation)), on: connection)
        let recent = try await helpedLately(helps, on: connection)
        var texts = stops.compactMap { item in
            wordings[item.organisation].map { text(.confirmation, $0.confirmation, item) }
        }
        var links: [(hash: [UInt8], text: NewMessage)] = []
        for item in helps where !recent.contains(item.person) {
            guard let wording = wordings[item.organisation] else { continue }
            let link = PersonLinks.mint()
            let body = wording.help(publicURL.map { "\($0)/w/\(link.token)" })
            let answer = text(.help, body, item)
            texts.append(answer)
            if publicURL != nil { links.append((link.hash, answer)) }
        }
        let fresh = try await Messages.insert(texts, on: connection)
        try await PersonLinks.insert(links.filter { fresh.contains($0.text.id) }, on: connection)
        try await Outbox.add(
            texts.filter { fresh.contains($0.id) }.compactMap { text in
                text.sender.map {
                    OutboxEntry(
                        organisation: text.organisation, sender: $0, kind: text.kind,
                        campaign: text.campaign, zoneSet: text.zoneSet, messages: [text.id])
                }
            }, on: connection)
    }

    private static func text(
        _ kind: MessageKind, _ body: String, _ item: ReceptionRound.Item
    ) -> NewMessage {
        var text = NewMessage(
            organisation: item.organisation, kind: kind, contact: item.person.id, body: body,
            segments: Int16(clamping: Measure(body).segments))
        text.campaign = item.campaign
        text.conversation = item.conversation
        text.sender = item.sender
        text.zoneSet = item.contact.zoneSet
        return text
    }

    /// Who got this answer within a minute: two machines that answer each other would never end.
    private static func helpedLately(
        _ helps: [ReceptionRound.Item], on connection: Connection
    ) async throws -> Set<ContactKey> {
        guard !helps.isEmpty else { return [] }
        let rows = try await connection.rows(
            """
            SELECT DISTINCT w.o, w.c
            FROM unnest(\(helps.map(\.organisation)), \(helps.map(\.person.id))) AS w(o, c)
            JOIN message m ON m.organisation_id = w.o AND m.contact_id = w.c AND m.kind = 4
                AND m.created_at > clock_timestamp() - interval '1 minute'
            """
        ) { ContactKey(organisation: try $0.value(0), id: try $0.value(1)) }
        return Set(rows)
    }

    struct Wording: Sendable {
        var name: String
        var confirmation: String
        /// The organisation's own answer to HELP; nil: ours.
        var ownHelp: String?

        /// The answer to HELP with the link behind it: who writes and how to stop (CTIA Messaging
        /// Principles 5.1.3), in as few segments as it takes.
        func help(_ link: String?) -> String {
            let tail = link.map { " " + $0 } ?? ""
            let forms =
                ownHelp.map { [$0] } ?? [
                    "This is \(name). Volunteers write these texts. Reply STOP to get no more.",
                    "This is \(name). Reply STOP to get no more.", "\(name). STOP to end.",
                ]
            let texts = forms.map { $0 + tail }
            let fewest = texts.map { Measure($0).segments }.min()
            return texts.first { Measure($0).segments == fewest } ?? texts[0]
        }

        static func read(
            _ organisations: Set<Int32>, on connection: Connection
        ) async throws -> [Int32: Wording] {
            let rows = try await connection.rows(
                """
                SELECT id, name, confirmation_text, help_text FROM organisation
                WHERE id = ANY(\(Array(organisations)))
                """
            ) { row in
                let name = try row.value(1) as String
                return (
                    try row.value(0) as Int32,
                    Wording(
                        name: name,
                        confirmation: try row.value(2) as String?
                            ?? "\(name): you will get no more texts from us. Reply START to come back.",
                        ownHelp: try row.value(3) as String?)
                )
            }
            return Dictionary(uniqueKeysWithValues: rows)
        }
    }
}
