import Foundation
import Postgres
import Texting

/// What a draw knows of its campaign: read once per transaction.
struct DrawSetting: Sendable {
    let organisation: Int32
    let campaign: UUID
    let state: CampaignState
    let scriptVersion: Int32
    let template: Template
    let sendBefore: Date?
    let perMinute: Int32?
    let senders: SenderChoice
    let senderIDs: [UUID]
    /// Countries of the organisation in which nobody is texted without a record of consent.
    var consentCountries: [String] = []
    /// Whether this campaign may text without a person's press, and the installation allows it.
    var isPacedAllowed = false
    /// Whether a list of this campaign reminds people who had not answered.
    var hasReminders = false

    var isLive: Bool { state == .live && !senderIDs.isEmpty }

    /// The script's field for the name of whoever presses; no column of a list is needed for it.
    static let texterField = "texter"

    /// - Parameters:
    ///   - pools: numbers of pools read a moment ago.
    ///   - isLocked: holds the campaign's row, so that draws that count pace go one by one.
    /// - Returns: `nil` without such a campaign or without a script.
    static func read(
        _ campaign: UUID, _ organisation: Int32, pools: SenderPools, isLocked: Bool = false,
        on connection: Connection
    ) async throws -> DrawSetting? {
        let found = try await connection.first(
            """
            SELECT c.state, c.pool, c.script_version, s.body, c.send_before, c.per_minute,
                o.countries, o.paced_allowed AND c.mode = 'paced',
                EXISTS (SELECT FROM import i WHERE i.organisation_id = c.organisation_id
                    AND i.campaign_id = c.id AND i.selection = 'unanswered')
            FROM campaign c JOIN organisation o ON o.id = c.organisation_id
            JOIN script s ON s.organisation_id = c.organisation_id
                AND s.campaign_id = c.id AND s.version = c.script_version
            WHERE c.organisation_id = \(organisation) AND c.id = \(campaign)
            \(raw: isLocked ? "FOR NO KEY UPDATE OF c" : "")
            """
        ) { row in
            (
                state: try row.value(0) as String, pool: try row.value(1) as String,
                version: try row.value(2) as Int32, body: try row.value(3) as String,
                sendBefore: try row.value(4) as Date?, perMinute: try row.value(5) as Int32?,
                countries: try row.value(6) as [String], isPacedAllowed: try row.value(7) as Bool,
                hasReminders: try row.value(8) as Bool
            )
        }
        guard let found else { return nil }
        let pool = try await pools.pool(found.pool, organisation, on: connection)
        return DrawSetting(
            organisation: organisation, campaign: campaign,
            state: CampaignState(rawValue: found.state) ?? .held, scriptVersion: found.version,
            template: try Template(found.body), sendBefore: found.sendBefore,
            perMinute: found.perMinute, senders: pool.choice, senderIDs: pool.senders,
            consentCountries: JurisdictionProfile.countriesNeedingConsent(found.countries),
            isPacedAllowed: found.isPacedAllowed, hasReminders: found.hasReminders)
    }
}

/// A recipient that was taken, with what their first text needs.
struct TakenPerson: Sendable {
    var message: UUID
    var contact: UUID
    var lane: UUID
    var position: Int32
    var zoneSet: Int16
    var name: String?
    var isOptedOut: Bool
    var isWrongNumber: Bool
    var isErased: Bool
    /// Whether the law of their country turns on consent and no record of it stands.
    var lacksConsent: Bool
    /// Has written since a list of people who had not answered was made.
    var hasAnswered = false
    /// The number of the person's last conversation, if it is in the pool.
    var lastSender: UUID?
    /// Values of the script's fields, in the order of ``Template/fields``.
    var values: [String?]

    /// Why no text may be made, if so; asked again under the row's lock at each attempt.
    var closing: Verdict? {
        let verdict = Verdict.judge(
            Verdict.Person(
                isOptedOut: isOptedOut, isWrongNumber: isWrongNumber, isErased: isErased,
                recentTexts: 0),
            purpose: .unasked, isFirstTry: true, cap: .max, sendBefore: nil,
            campaignHasEnded: false, now: .distantPast)
        guard verdict == .go else { return verdict }
        if lacksConsent { return .suppressed(.noConsent) }
        return hasAnswered ? .suppressed(.answered) : nil
    }
}

extension Draw {
    /// Reads the recipients of slices, in position order.
    ///
    /// OFFSET 0 keeps the two joins loops over an index: statistics know nothing of a slice's length,
    /// and a plan that reads all contacts for a hundred people would stop a campaign.
    static func people(
        _ slices: [Slice], _ setting: DrawSetting, on connection: Connection
    ) async throws -> [TakenPerson] {
        guard !slices.isEmpty else { return [] }
        var fields = SQL(raw: "ARRAY[]::text[]")
        for field in setting.template.fields { fields += " || ARRAY[r.fields->>\(field)]" }
        return try await connection.rows(
            """
            SELECT r.message_id, r.contact_id, r.lane_id, r.position, w.zone_set, c.name,
                c.opted_out_at IS NOT NULL, c.wrong_number_at IS NOT NULL,
                c.erased_at IS NOT NULL,
                (SELECT v.sender_id FROM conversation v
                 WHERE v.organisation_id = r.organisation_id AND v.contact_id = r.contact_id
                    AND v.sender_id = ANY(\(setting.senderIDs))
                 ORDER BY greatest(v.last_inbound_at, v.last_outbound_at, v.created_at) DESC
                 LIMIT 1),
                \(fields), \(lacksConsent(setting.consentCountries)),
                \(hasAnswered(setting, "r"))
            FROM unnest(\(slices.map(\.lane)), \(slices.map(\.zoneSet)), \(slices.map(\.from)),
                \(slices.map(\.end))) WITH ORDINALITY AS w(lane, zone_set, start, finish, place)
            CROSS JOIN LATERAL (
                SELECT * FROM recipient
                WHERE organisation_id = \(setting.organisation) AND lane_id = w.lane
                    AND position >= w.start AND position < w.finish
                ORDER BY position OFFSET 0) r
            CROSS JOIN LATERAL (
                SELECT * FROM contact
                WHERE organisation_id = r.organisation_id AND id = r.contact_id OFFSET 0) c
            ORDER BY w.place, r.position
            """
        ) { row in
            TakenPerson(
                message: try row.value(0), contact: try row.value(1), lane: try row.value(2),
                position: try row.value(3), zoneSet: try row.value(4), name: try row.value(5),
                isOptedOut: try row.value(6), isWrongNumber: try row.value(7),
                isErased: try row.value(8), lacksConsent: try row.value(11),
                hasAnswered: try row.value(12), lastSender: try row.value(9),
                values: try row.value(10))
        }
    }

    /// A consent with words and day, given before now; asked only where the law turns on it. People
    /// of no known country count as being in such a one, unless their number is North American.
    ///
    /// Reads `contact` as c.
    static func lacksConsent(_ countries: [String]) -> SQL {
        guard !countries.isEmpty else { return "false" }
        return """
            (coalesce(c.country = ANY(\(countries)), c.number NOT LIKE '+1%')
                AND NOT EXISTS (SELECT FROM consent k
                    WHERE k.organisation_id = c.organisation_id AND k.contact_id = c.id
                      AND btrim(k.wording) <> '' AND k.given_at <= now()))
            """
    }

    /// Whether somebody on a list of people who had not answered has answered since it was made.
    ///
    /// - Parameter row: a table with `organisation_id`, `lane_id` and `contact_id`.
    static func hasAnswered(_ setting: DrawSetting, _ row: String) -> SQL {
        guard setting.hasReminders else { return "false" }
        return """
            EXISTS (SELECT FROM lane y
                JOIN import i ON i.organisation_id = y.organisation_id AND i.id = y.import_id
                    AND i.selection = 'unanswered'
                JOIN conversation v ON v.organisation_id = y.organisation_id
                    AND v.contact_id = \(raw: row).contact_id AND v.last_inbound_at > i.created_at
                WHERE y.organisation_id = \(raw: row).organisation_id
                    AND y.id = \(raw: row).lane_id)
            """
    }

    /// The words for one person in the current script.
    ///
    /// - Parameter texter: the name of whoever presses; none in paced mode.
    static func words(
        _ person: TakenPerson, _ setting: DrawSetting, texter: String?
    ) -> String {
        var values: [String: String] = [:]
        for (field, value) in zip(setting.template.fields, person.values) { values[field] = value }
        // Lists with one column for the whole name still know a name.
        if values["name"] == nil { values["name"] = person.name }
        if let texter { values[DrawSetting.texterField] = texter }
        return setting.template.render(values)
    }

    /// Writes texts down: to the outbox, or closed at once for those who may not be texted.
    ///
    /// - Parameter presses: the press behind each text, by message; none in paced mode.
    /// - Returns: what came of it. A text that was there already is not counted.
    static func write(
        _ people: [TakenPerson], _ setting: DrawSetting, presses: [UUID: Tap] = [:],
        on connection: Connection
    ) async throws -> Written {
        let texters = try await texters(
            presses.values.map(\.member), of: setting, on: connection)
        var texts: [NewMessage] = []
        texts.reserveCapacity(people.count)
        var closings: [UUID: Verdict] = [:]
        for person in people {
            let closing = person.closing
            let texter = presses[person.message].flatMap { texters[$0.member] }
            let body = closing == nil ? words(person, setting, texter: texter) : ""
            var text = NewMessage(
                organisation: setting.organisation, id: person.message, kind: .first,
                contact: person.contact, body: body,
                segments: Int16(clamping: closing == nil ? max(1, Measure(body).segments) : 0))
            text.campaign = setting.campaign
            text.zoneSet = person.zoneSet
            text.scriptVersion = setting.scriptVersion
            text.author = presses[person.message]?.member
            text.act = presses[person.message]?.key
            text.sendBefore = setting.sendBefore
            text.sender = person.lastSender ?? setting.senders.sender(for: person.contact)
            closings[person.message] = closing
            texts.append(text)
        }
        let fresh = try await Messages.insert(texts, on: connection)
        let written = Written(texts.filter { fresh.contains($0.id) }, closings)
        try await Outbox.add(entries(written.queued), on: connection)
        try await Attempts.insertClosed(
            written.closed.map {
                ClosedAttempt(organisation: setting.organisation, message: $0, verdict: $1)
            }, on: connection)
        func key(_ kind: TallyKind) -> TallyEntry {
            TallyEntry(
                organisation: setting.organisation, campaign: setting.campaign, kind: kind)
        }
        let cancelled = written.closed.count {
            if case .cancelled = $0.verdict { true } else { false }
        }
        try await Tallies.add(
            [
                key(.drawn): written.queued.count + written.closed.count,
                key(.suppressed): written.closed.count - cancelled, key(.cancelled): cancelled,
            ], on: connection)
        return written
    }

    /// Names of texters, where the script names them.
    static func texters(
        _ members: [UUID], of setting: DrawSetting, on connection: Connection
    ) async throws -> [UUID: String] {
        guard !members.isEmpty, setting.template.fields.contains(DrawSetting.texterField) else {
            return [:]
        }
        let rows = try await connection.rows(
            """
            SELECT id, name FROM member WHERE organisation_id = \(setting.organisation)
                AND id = ANY(\(Array(Set(members))))
            """
        ) { row in (try row.value(0) as UUID, try row.value(1) as String) }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    /// Texts that were new, by what became of them.
    struct Written: Sendable {
        var queued: [NewMessage] = []
        var closed: [(message: UUID, verdict: Verdict)] = []

        init(_ texts: [NewMessage], _ closings: [UUID: Verdict]) {
            for text in texts {
                if let verdict = closings[text.id] {
                    closed.append((text.id, verdict))
                } else {
                    queued.append(text)
                }
            }
        }
    }

    /// One row of the outbox is one sender and zone set, in the order of the draw.
    private static func entries(_ texts: [NewMessage]) -> [OutboxEntry] {
        struct Key: Hashable {
            var sender: UUID
            var zoneSet: Int16
        }
        var places: [Key: Int] = [:]
        var entries: [OutboxEntry] = []
        for text in texts {
            guard let sender = text.sender else { continue }
            let key = Key(sender: sender, zoneSet: text.zoneSet)
            if let place = places[key], entries[place].messages.count < Outbox.idsMax {
                entries[place].messages.append(text.id)
                continue
            }
            places[key] = entries.count
            entries.append(
                OutboxEntry(
                    organisation: text.organisation, sender: sender, kind: .first,
                    campaign: text.campaign, zoneSet: text.zoneSet, messages: [text.id]))
        }
        return entries
    }
}
