import Foundation
import Postgres
import Secrets

/// Stops and starts: `contact.opted_out_at` and the lines that prove it.
///
/// Attempts and stops of a person are totally ordered on the contact's row: whoever comes here
/// holds its lock until the transaction ends, and an attempt that waited for it sees the stop.
package enum OptOuts {
    /// Records stops whole: people's rows, then ledger lines. For callers with no locks between.
    ///
    /// Locks contacts and the chain's head; the transaction must hold no chain head before.
    package static func record(
        _ stops: [Stop], on connection: Connection
    ) async throws -> [MarkedStop] {
        let marked = try await mark(stops, on: connection)
        try await write(marked, on: connection)
        return marked
    }

    /// First half: locks the people in order, writes the stop into their rows and notes what was
    /// in flight. Conversations may be locked after it, the ledger comes last: ``write(_:on:)``.
    package static func mark(
        _ stops: [Stop], on connection: Connection
    ) async throws -> [MarkedStop] {
        guard !stops.isEmpty else { return [] }
        let people = stops.map { ContactKey(organisation: $0.organisation, id: $0.contact) }
        let locked = try await ContactRows.lock(people, on: connection)
        // A new statement: it sees every attempt that was committed under these locks.
        let inFlight = try await attemptsInFlight(people, on: connection)
        let now = try await connection.first("SELECT clock_timestamp()") {
            try $0.value(0) as Date
        }!
        let fresh = Set(people.filter { locked[$0]?.optedOutAt == nil })
        if !fresh.isEmpty {
            let fresh = Array(fresh)
            _ = try await connection.execute(
                """
                UPDATE contact c SET opted_out_at = \(now)
                FROM unnest(\(fresh.map(\.organisation)), \(fresh.map(\.id))) AS w(o, id)
                WHERE c.organisation_id = w.o AND c.id = w.id
                """)
        }
        var taken: Set<ContactKey> = []
        return zip(stops, people).map { stop, person in
            MarkedStop(
                stop: stop, isNew: fresh.contains(person) && taken.insert(person).inserted,
                effectiveAt: locked[person]?.optedOutAt ?? now,
                inFlight: inFlight[person] ?? [])
        }
    }

    /// Second half: one ledger line a stop, also for repeated ones. Locks chain heads.
    package static func write(_ stops: [MarkedStop], on connection: Connection) async throws {
        for marked in stops.sorted(by: { $0.stop.organisation < $1.stop.organisation }) {
            try await Ledger.append(
                marked.stop.organisation, .stop, contact: marked.stop.contact,
                details: StopDetails(marked), on: connection)
        }
    }

    /// Counts stops by tap or decision among the campaign's, as those in a person's own words are: the
    /// rule that holds a campaign by itself asks how many people stopped, not by which way.
    static func count(
        _ stops: [MarkedStop], of campaign: UUID?, on connection: Connection
    ) async throws {
        guard let campaign else { return }
        var amounts: [TallyEntry: Int] = [:]
        for marked in stops where marked.isNew {
            amounts[
                TallyEntry(
                    organisation: marked.stop.organisation, campaign: campaign, kind: .optOuts),
                default: 0] += 1
        }
        try await Tallies.add(amounts, on: connection)
    }

    /// The same for a stop that names its conversation: the campaign is that conversation's.
    static func count(
        _ stops: [MarkedStop], in conversation: UUID?, on connection: Connection
    ) async throws {
        guard let organisation = stops.first?.stop.organisation, let conversation else { return }
        let campaign = try await connection.first(
            """
            SELECT campaign_id FROM conversation
            WHERE organisation_id = \(organisation) AND id = \(conversation)
            """
        ) { row in try row.value(0) as UUID? }
        try await count(stops, of: campaign ?? nil, on: connection)
    }

    /// The person wants our texts again. First half, like ``mark(_:on:)``: true if they had stopped.
    package static func lift(
        _ person: ContactKey, on connection: Connection
    ) async throws -> Bool {
        let locked = try await ContactRows.lock([person], on: connection)
        guard locked[person]?.optedOutAt != nil else { return false }
        _ = try await connection.execute(
            """
            UPDATE contact SET opted_out_at = NULL
            WHERE organisation_id = \(person.organisation) AND id = \(person.id)
            """)
        return true
    }

    /// Second half of a start: its ledger line, from the person's own words.
    package static func writeStart(_ start: Stop, on connection: Connection) async throws {
        let marked = MarkedStop(stop: start, isNew: true, effectiveAt: Date(), inFlight: [])
        try await Ledger.append(
            start.organisation, .start, contact: start.contact, details: StopDetails(marked),
            on: connection)
    }

    /// How long a texter may take their own tap back.
    package static let takeBackWindow: Duration = .seconds(6)

    /// Takes a texter's own tap back, within six seconds and only if nothing else was said since.
    ///
    /// - Returns: whether it was; if not, the stop stands and needs compliance staff.
    package static func takeBack(
        organisation: Int32, contact: UUID, member: UUID, in database: Database
    ) async throws -> Bool {
        try await database.transaction(organisation: organisation) { connection in
            let person = ContactKey(organisation: organisation, id: contact)
            _ = try await ContactRows.lock([person], on: connection)
            let seconds = Double(takeBackWindow.components.seconds)
            // The last line about the person must be that tap: a stop in their own words counts.
            let isOpen = try await connection.first(
                """
                SELECT kind = 'stop' AND entry::jsonb #>> '{details,source}' = 'tap'
                    AND entry::jsonb #>> '{details,member}' = \(member.text)
                    AND entry::jsonb #>> '{details,already_out}' = 'false'
                    AND at > clock_timestamp() - \(seconds) * interval '1 s'
                FROM ledger
                WHERE organisation_id = \(organisation) AND contact_id = \(contact)
                ORDER BY seq DESC LIMIT 1
                """
            ) { try $0.value(0) as Bool? }
            guard isOpen == true, try await lift(person, on: connection) else { return false }
            try await Ledger.append(
                organisation, .takenBack, contact: contact, details: ["member": member.text],
                on: connection)
            return true
        }
    }

    /// Attempts that were let go for these people and have no outcome yet.
    private static func attemptsInFlight(
        _ people: [ContactKey], on connection: Connection
    ) async throws -> [ContactKey: [MarkedStop.InFlight]] {
        let wanted = Array(Set(people))
        let rows = try await connection.rows(
            """
            SELECT w.o, w.id, a.message_id, a.n
            FROM unnest(\(wanted.map(\.organisation)), \(wanted.map(\.id))) AS w(o, id)
            CROSS JOIN LATERAL (
                SELECT r.message_id FROM recipient r
                WHERE r.organisation_id = w.o AND r.contact_id = w.id
                UNION
                SELECT m.id FROM message m
                WHERE m.organisation_id = w.o AND m.contact_id = w.id AND m.kind NOT IN (1, 6)
            ) AS t(message_id)
            JOIN attempt a ON a.organisation_id = w.o AND a.message_id = t.message_id
                AND a.verdict = 1
            WHERE NOT EXISTS (
                SELECT FROM outcome o WHERE o.organisation_id = a.organisation_id
                    AND o.message_id = a.message_id AND o.n = a.n)
            """
        ) { row in
            (
                ContactKey(organisation: try row.value(0), id: try row.value(1)),
                MarkedStop.InFlight(message: try row.value(2), n: try row.value(3))
            )
        }
        return Dictionary(grouping: rows, by: \.0).mapValues { $0.map(\.1) }
    }
}

/// What a stop's or start's line says.
private struct StopDetails: Encodable {
    var source: Stop.Source
    var message, conversation, member: String?
    var textSHA256: String?
    var rule, version, reason, code: String?
    var receivedAt: Double?
    var effectiveAt: Double
    var alreadyOut: Bool
    var inFlight: [Flight]

    struct Flight: Encodable {
        var message: String
        var n: Int16
    }

    enum CodingKeys: String, CodingKey {
        case source, message, conversation, member, rule, version, reason, code
        case textSHA256 = "text_sha256"
        case receivedAt = "received_at"
        case effectiveAt = "effective_at"
        case alreadyOut = "already_out"
        case inFlight = "in_flight"
    }

    init(_ marked: MarkedStop) {
        let stop = marked.stop
        source = stop.source
        message = stop.message?.text
        conversation = stop.conversation?.text
        member = stop.member?.text
        // Salted with the text's id: a bare hash of STOP would tell everybody who said it.
        textSHA256 = stop.text.map {
            SHA256.hash((stop.message?.bytes ?? []) + Array($0.utf8)).hex
        }
        (rule, version, reason, code) = (stop.rule, stop.version, stop.reason, stop.code)
        receivedAt = stop.receivedAt?.timeIntervalSince1970
        effectiveAt = marked.effectiveAt.timeIntervalSince1970
        alreadyOut = !marked.isNew
        inFlight = marked.inFlight.map { Flight(message: $0.message.text, n: $0.n) }
    }
}
