import Foundation
import Postgres
import Secrets
import Texting

/// One transaction of ``Reception``: at most one text per person.
struct ReceptionRound: Sendable {
    let arrivals: [Arrival]
    let zones: [String: (country: String?, zoneSet: Int16)]
    let numberHashKey: [UInt8]
    let publicURL: String?

    /// A text with everything that is known of it so far.
    struct Item: Sendable {
        var arrival: Arrival
        var organisation: Int32
        var sender: UUID
        var person: ContactKey
        var contact: LockedContact
        var context: ReplyContext
        var reading: ReplyReading
        let message = UUID.v7()
        var stop: MarkedStop?
        /// The person had stopped and wants our texts again.
        var isStart = false
        var conversation: UUID?
        var campaign: UUID?
        var assignee: UUID?
        /// Nobody of this conversation wrote in this campaign before.
        var isFirstReply = false

        /// Whether the person may be texted once this text is applied.
        var isOptedOut: Bool { stop != nil || (contact.optedOutAt != nil && !isStart) }
    }

    /// Runs the steps in lock order.
    func apply(on connection: Connection) async throws -> Set<InboxNotice> {
        let taken = try await Webhooks.take(
            arrivals.map { ($0.account, $0.key) }, on: connection)
        let fresh = arrivals.indices.filter(taken.contains).map { arrivals[$0] }
        guard !fresh.isEmpty else { return [] }
        var items = try await people(fresh, on: connection)
        try await judge(&items, on: connection)
        try await Conversations.open(&items, on: connection)
        try await write(items, on: connection)
        try await Conversations.update(items, on: connection)
        try await keep(fresh, items, on: connection)
        try await AutomaticAnswers.write(items, publicURL: publicURL, on: connection)
        try await count(items, on: connection)
        try await prove(items, on: connection)
        return Set(items.map { InboxNotice(organisation: $0.organisation, member: $0.assignee) })
    }

    /// Whose number was texted, and by whom; locks the people.
    private func people(
        _ fresh: [Arrival], on connection: Connection
    ) async throws -> [Item] {
        let owners = try await connection.rows(
            """
            SELECT w.place, s.organisation_id, s.id
            FROM unnest(\(fresh.map(\.account)), \(fresh.map(\.to)))
                WITH ORDINALITY AS w(account, number, place)
            JOIN sender s ON s.account_id = w.account AND s.number = w.number
            """
        ) { row in
            (Int(try row.value(0) as Int), try row.value(1) as Int32, try row.value(2) as UUID)
        }
        let known = owners.map { (arrival: fresh[$0.0 - 1], organisation: $0.1, sender: $0.2) }
        let contacts = try await ContactRows.findOrCreate(
            known.map { stranger($0.arrival, $0.organisation) }, on: connection)
        let keys = known.map { entry in
            contacts[NumberKey(organisation: entry.organisation, number: entry.arrival.from)]
                .map { ContactKey(organisation: entry.organisation, id: $0) }
        }
        let locked = try await ContactRows.lock(keys.compactMap(\.self), on: connection)
        let contexts = try await ReplyContext.read(keys.compactMap(\.self), on: connection)
        return zip(known, keys).compactMap { entry, key in
            guard let key, let contact = locked[key] else { return nil }
            let context = contexts[key] ?? ReplyContext()
            return Item(
                arrival: entry.arrival, organisation: entry.organisation, sender: entry.sender,
                person: key, contact: contact, context: context,
                reading: ReplyReading(entry.arrival, context: context))
        }
    }

    private func stranger(_ arrival: Arrival, _ organisation: Int32) -> Stranger {
        let known = zones[arrival.from]
        return Stranger(
            organisation: organisation, number: arrival.from,
            numberHash: HMAC.sha256(key: numberHashKey, Array(arrival.from.utf8)),
            country: known?.country, zoneSet: known?.zoneSet ?? Reception.unknownZoneSet)
    }

    /// The stop before anything else looks at the text; then start and wrong number.
    private func judge(_ items: inout [Item], on connection: Connection) async throws {
        let stopping = items.indices.filter { items[$0].reading.acts(.optOut) }
        let marked = try await OptOuts.mark(stopping.map { Self.stop(items[$0]) }, on: connection)
        for (index, stop) in zip(stopping, marked) { items[index].stop = stop }
        for index in items.indices
        where items[index].reading.acts(.optIn) && items[index].contact.optedOutAt != nil {
            items[index].isStart = try await OptOuts.lift(items[index].person, on: connection)
        }
        let wrong = items.filter {
            $0.reading.acts(.wrongNumber) && $0.contact.wrongNumberAt == nil
        }
        guard !wrong.isEmpty else { return }
        _ = try await connection.execute(
            """
            UPDATE contact c SET wrong_number_at = clock_timestamp()
            FROM unnest(\(wrong.map(\.organisation)), \(wrong.map(\.person.id))) AS w(o, id)
            WHERE c.organisation_id = w.o AND c.id = w.id
            """)
    }

    private static func stop(_ item: Item) -> Stop {
        Stop(
            organisation: item.organisation, contact: item.person.id, source: .text,
            message: item.message, conversation: item.conversation, text: item.arrival.body,
            rule: item.reading.rule, version: Reply.version, receivedAt: item.arrival.receivedAt)
    }

    private func write(_ items: [Item], on connection: Connection) async throws {
        let texts = items.map { item in
            var text = NewMessage(
                organisation: item.organisation, id: item.message, kind: .inbound,
                contact: item.person.id, body: item.arrival.body,
                segments: Int16(clamping: Measure(item.arrival.body).segments))
            text.campaign = item.campaign
            text.conversation = item.conversation
            text.sender = item.sender
            text.media = item.arrival.media
            text.zoneSet = item.contact.zoneSet
            text.meaning = item.reading.judgement
            text.providerID = item.arrival.providerID
            return text
        }
        _ = try await Messages.insert(texts, on: connection)
        try await Reviews.open(items.filter { $0.reading.action == .review }, on: connection)
    }

    /// Everything as received; what met no number of ours says so.
    private func keep(
        _ fresh: [Arrival], _ items: [Item], on connection: Connection
    ) async throws {
        let owners = Dictionary(
            items.map { ($0.arrival.key, $0.person) }, uniquingKeysWith: { first, _ in first })
        let webhooks = fresh.map { arrival in
            var raw = arrival.raw
            raw.organisation = owners[arrival.key]?.organisation
            raw.contact = owners[arrival.key]?.id
            if raw.organisation == nil { raw.note = "It came to a number that is not ours." }
            return raw
        }
        try await Webhooks.keep(webhooks, on: connection)
    }

    private func count(_ items: [Item], on connection: Connection) async throws {
        var amounts: [TallyEntry: Int] = [:]
        for item in items {
            guard let campaign = item.campaign else { continue }
            func add(_ kind: TallyKind) {
                amounts[
                    TallyEntry(organisation: item.organisation, campaign: campaign, kind: kind),
                    default: 0] += 1
            }
            add(.replies)
            if item.isFirstReply { add(.repliers) }
            if item.stop?.isNew == true { add(.optOuts) }
        }
        try await Tallies.add(amounts, on: connection)
    }

    /// Ledger lines, last of all locks.
    private func prove(_ items: [Item], on connection: Connection) async throws {
        for item in items.sorted(by: { $0.organisation < $1.organisation }) {
            if var stop = item.stop {
                stop.stop.conversation = item.conversation
                try await OptOuts.write([stop], on: connection)
            } else if item.isStart {
                var start = Self.stop(item)
                start.conversation = item.conversation
                try await OptOuts.writeStart(start, on: connection)
            } else if item.reading.acts(.wrongNumber), item.contact.wrongNumberAt == nil {
                try await Ledger.append(
                    item.organisation, .wrongNumber, contact: item.person.id,
                    details: [
                        "message": item.message.text, "rule": item.reading.rule,
                        "version": Reply.version,
                    ], on: connection)
            }
        }
    }
}
