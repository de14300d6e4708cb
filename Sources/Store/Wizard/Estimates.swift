import Foundation
import Postgres
import Texting

/// What a whole merged list comes to, under one version of the script.
package struct Estimate: Sendable, Codable, Equatable {
    /// People of one zone set.
    package struct Zone: Sendable, Codable, Equatable {
        package var zoneSet: Int16
        package var people: Int
        package var segments: Int
    }

    /// Where somebody stands on the list, to show their text.
    package struct Place: Sendable, Codable, Equatable {
        package var lane: UUID
        package var zoneSet: Int16
        package var position: Int32
    }

    /// People who will be texted.
    package var people = 0
    /// Opted out, wrong number or erased: on the list, never texted.
    package var closed = 0
    package var segments = 0
    /// Texts by length, from one segment on.
    package var bySegments: [Int] = []
    /// Texts that need more than the GSM alphabet.
    package var unicode = 0
    /// Texts with a hole where a value is missing and no fallback stands.
    package var holes = 0
    /// People whose value is missing, by field of the script without a fallback.
    package var missing: [String: Int] = [:]
    /// People who have had as many texts in 24 hours as they may.
    package var overCap = 0
    package var zones: [Zone] = []
    /// How many times as long the busiest number takes as all would if they shared evenly, from 1 on.
    /// People are bound to a number by hash, so of few texts a number some get many. Nil in counts of
    /// older versions, and where no number has a rate.
    package var unevenness: Double?
    package var first: Place?
    /// The text of middle length, and the longest.
    package var median: Place?
    package var worst: Place?
}

/// How far a count is.
package struct EstimateState: Sendable {
    package var scriptVersion: Int32
    package var people: Int
    package var counted: Int
    /// Nil while it is counted.
    package var result: Estimate?
    package var updatedAt: Date
}

/// Counts what a list will cost, with the functions that will send it; writes `estimate`.
package struct Estimates: Sendable {
    let database: Database
    private static let batch: Int32 = 2_000
    /// Who presses is not known yet: a name as long as most are at most.
    private static let sampleTexter = "Alexandra"

    package init(database: Database) { self.database = database }

    /// The count that fits list and script as they are now; nil if there is none.
    package func current(_ campaign: UUID, organisation: Int32) async throws -> EstimateState? {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT e.script_version, e.people, e.counted, e.result, e.updated_at
                FROM estimate e JOIN campaign c ON c.organisation_id = e.organisation_id
                    AND c.id = e.campaign_id AND c.script_version = e.script_version
                WHERE e.organisation_id = \(organisation) AND e.campaign_id = \(campaign)
                    AND e.people = (SELECT coalesce(sum(size), 0) FROM lane l
                        WHERE l.organisation_id = e.organisation_id AND l.campaign_id = c.id)
                """
            ) { row in
                EstimateState(
                    scriptVersion: try row.value(0), people: try row.value(1),
                    counted: try row.value(2),
                    result: try? (row.value(3) as JSONB).decode(Estimate.self),
                    updatedAt: try row.value(4))
            }
        }
    }

    /// Counts the list from its first person to its last.
    ///
    /// A change of script or list meanwhile makes the result old; whoever asks counts again.
    package func count(_ campaign: UUID, organisation: Int32) async throws {
        guard let (version, lanes) = try await begin(campaign, organisation) else { return }
        var count = EstimateCount()
        var counted = 0
        for lane in lanes {
            var from: Int32 = 1
            while from <= lane.size {
                let end = min(lane.size + 1, from + Self.batch)
                let slice = Draw.Slice(lane: lane.id, zoneSet: lane.zoneSet, from: from, end: end)
                let people = try await people([slice], campaign, organisation)
                guard let (people, setting, texter) = people, setting.scriptVersion == version
                else { return }
                for person in people { count.add(person, setting, texter) }
                counted += people.count
                from = end
                if counted % 20_000 < Int(Self.batch) {
                    try await note(counted, version, campaign, organisation)
                }
            }
        }
        var result = count.result
        result.unevenness = count.unevenness(try await rates(campaign, organisation))
        result.overCap = try await overCap(campaign, organisation)
        try await finish(result, counted, version, campaign, organisation)
    }

    /// The texts of some places of the list, in the words that would be sent.
    package func texts(
        at places: [Estimate.Place], script: String? = nil, campaign: UUID, organisation: Int32
    ) async throws -> [SampleText] {
        let template = try script.map { try Template($0) }
        var samples: [SampleText] = []
        for place in places {
            let slice = Draw.Slice(
                lane: place.lane, zoneSet: place.zoneSet, from: place.position,
                end: place.position + 1)
            let found = try await people([slice], campaign, organisation, template)
            guard let (people, setting, texter) = found, let person = people.first else {
                continue
            }
            let body = Draw.words(person, setting, texter: texter)
            samples.append(SampleText(body: body, measure: Measure(body), name: person.name))
        }
        return samples
    }

    /// The first few people of the list, for a preview before anything is counted.
    package func firstPlaces(
        _ campaign: UUID, organisation: Int32, limit: Int = 3
    ) async throws -> [Estimate.Place] {
        let lanes = try await lanes(campaign, organisation)
        var places: [Estimate.Place] = []
        for lane in lanes where places.count < limit {
            for position in 1...max(1, min(lane.size, Int32(limit - places.count)))
            where lane.size > 0 {
                places.append(.init(lane: lane.id, zoneSet: lane.zoneSet, position: position))
            }
        }
        return places
    }

    /// Segments per second of each number of the campaign's pool.
    private func rates(_ campaign: UUID, _ organisation: Int32) async throws -> [UUID: Double] {
        let rows = try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT s.id, s.segments_per_second FROM sender s
                JOIN campaign c ON c.organisation_id = s.organisation_id AND c.pool = s.pool
                WHERE c.organisation_id = \(organisation) AND c.id = \(campaign)
                    AND s.retired_at IS NULL AND s.quarantined_at IS NULL
                """
            ) { row in (try row.value(0) as UUID, Double(try row.value(1) as Float)) }
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    private typealias Lane = (id: UUID, zoneSet: Int16, size: Int32)

    private func lanes(_ campaign: UUID, _ organisation: Int32) async throws -> [Lane] {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.rows(
                """
                SELECT id, zone_set, size FROM lane
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign) ORDER BY id
                """
            ) { row in (id: try row.value(0), zoneSet: try row.value(1), size: try row.value(2)) }
        }
    }

    private func begin(
        _ campaign: UUID, _ organisation: Int32
    ) async throws -> (version: Int32, lanes: [Lane])? {
        let lanes = try await lanes(campaign, organisation)
        let people = lanes.reduce(0) { $0 + Int($1.size) }
        return try await database.transaction(organisation: organisation) { connection in
            let version = try await connection.first(
                """
                SELECT script_version FROM campaign
                WHERE organisation_id = \(organisation) AND id = \(campaign)
                    AND script_version > 0
                """
            ) { row in try row.value(0) as Int32 }
            guard let version, people > 0 else { return nil }
            try await connection.execute(
                """
                INSERT INTO estimate (organisation_id, campaign_id, script_version, people)
                VALUES (\(organisation), \(campaign), \(version), \(people))
                ON CONFLICT (organisation_id, campaign_id) DO UPDATE SET
                    script_version = excluded.script_version, people = excluded.people,
                    counted = 0, result = '{}', updated_at = now()
                """)
            return (version, lanes)
        }
    }

    private func people(
        _ slices: [Draw.Slice], _ campaign: UUID, _ organisation: Int32,
        _ template: Template? = nil
    ) async throws -> ([TakenPerson], DrawSetting, texter: String?)? {
        try await database.transaction(organisation: organisation) { connection in
            var setting = try await DrawSetting.read(
                campaign, organisation, pools: SenderPools(), on: connection)
            if let template {
                setting =
                    setting?.with(template)
                    ?? DrawSetting.unsaved(template, campaign, organisation)
            }
            guard let setting else { return nil }
            let mode = try await connection.first(
                """
                SELECT mode FROM campaign
                WHERE organisation_id = \(organisation) AND id = \(campaign)
                """
            ) { row in try row.value(0) as String }
            return (
                try await Draw.people(slices, setting, on: connection), setting,
                mode == CampaignMode.hand.rawValue ? Self.sampleTexter : nil
            )
        }
    }

    private func note(
        _ counted: Int, _ version: Int32, _ campaign: UUID, _ organisation: Int32
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE estimate SET counted = \(counted), updated_at = now()
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                    AND script_version = \(version) AND counted < \(counted)
                """)
        }
    }

    private func finish(
        _ result: Estimate, _ counted: Int, _ version: Int32, _ campaign: UUID,
        _ organisation: Int32
    ) async throws {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.execute(
                """
                UPDATE estimate SET counted = \(counted), result = \(try JSONB(encoding: result)),
                    updated_at = now()
                WHERE organisation_id = \(organisation) AND campaign_id = \(campaign)
                    AND script_version = \(version)
                """)
        }
    }

    /// The cap's evidence is the last instants at which somebody was texted, newest last.
    private func overCap(_ campaign: UUID, _ organisation: Int32) async throws -> Int {
        try await database.transaction(organisation: organisation) { connection in
            try await connection.first(
                """
                SELECT count(*) FROM lane l
                JOIN recipient r ON r.organisation_id = l.organisation_id AND r.lane_id = l.id
                JOIN contact c ON c.organisation_id = r.organisation_id AND c.id = r.contact_id
                JOIN organisation o ON o.id = l.organisation_id
                WHERE l.organisation_id = \(organisation) AND l.campaign_id = \(campaign)
                    AND c.texted_at[cardinality(c.texted_at) - o.frequency_cap + 1]
                        > now() - interval '24 hours'
                """
            ) { row in try row.value(0) as Int } ?? 0
        }
    }
}

/// One person's first text, as it would be sent.
package struct SampleText: Sendable {
    package var body: String
    package var measure: Measure
    package var name: String?

    package init(body: String, measure: Measure, name: String?) {
        self.body = body
        self.measure = measure
        self.name = name
    }
}

extension DrawSetting {
    /// The same campaign with words that are not saved yet.
    fileprivate func with(_ template: Template) -> DrawSetting {
        DrawSetting(
            organisation: organisation, campaign: campaign, state: state,
            scriptVersion: scriptVersion, template: template, sendBefore: sendBefore,
            perMinute: perMinute, senders: senders, senderIDs: senderIDs,
            consentCountries: consentCountries, hasReminders: hasReminders)
    }

    /// A campaign without any saved words.
    fileprivate static func unsaved(
        _ template: Template, _ campaign: UUID, _ organisation: Int32
    ) -> DrawSetting {
        DrawSetting(
            organisation: organisation, campaign: campaign, state: .draft, scriptVersion: 0,
            template: template, sendBefore: nil, perMinute: nil, senders: SenderChoice([]),
            senderIDs: [])
    }
}

/// The sums of a count under way.
private struct EstimateCount {
    private var sum = Estimate()
    private var report: TemplateReport?
    private var zones: [Int16: Estimate.Zone] = [:]
    private var bySender: [UUID: Int] = [:]
    /// By length in units: how many texts, and where one of them stands.
    private var lengths: [Int: (count: Int, place: Estimate.Place)] = [:]

    mutating func add(_ person: TakenPerson, _ setting: DrawSetting, _ texter: String?) {
        guard person.closing == nil else {
            sum.closed += 1
            return
        }
        let body = Draw.words(person, setting, texter: texter)
        let measure = Measure(body)
        let segments = max(1, measure.segments)
        let place = Estimate.Place(
            lane: person.lane, zoneSet: person.zoneSet, position: person.position)
        sum.people += 1
        sum.segments += segments
        while sum.bySegments.count < segments { sum.bySegments.append(0) }
        sum.bySegments[segments - 1] += 1
        if measure.encoding == .ucs2 { sum.unicode += 1 }
        // The number that the draw will choose.
        if let sender = person.lastSender ?? setting.senders.sender(for: person.contact) {
            bySender[sender, default: 0] += segments
        }
        note(person, setting, texter)
        if sum.first == nil { sum.first = place }
        // Octets, so that texts of both alphabets can be compared.
        let length = segments << 16 | measure.units * (measure.encoding == .ucs2 ? 16 : 7)
        lengths[length, default: (0, place)].count += 1
        var zone = zones[person.zoneSet] ?? .init(zoneSet: person.zoneSet, people: 0, segments: 0)
        zone.people += 1
        zone.segments += segments
        zones[person.zoneSet] = zone
    }

    /// What this person's text leaves blank; an import's missing value and a blank one are the same.
    private mutating func note(
        _ person: TakenPerson, _ setting: DrawSetting, _ texter: String?
    ) {
        var values: [String: String] = [:]
        for (field, value) in zip(setting.template.fields, person.values) { values[field] = value }
        if values["name"] == nil { values["name"] = person.name }
        if let texter { values[DrawSetting.texterField] = texter }
        if report == nil { report = TemplateReport(setting.template) }
        report?.add(values)
    }

    /// See ``Estimate/unevenness``.
    func unevenness(_ rates: [UUID: Double]) -> Double? {
        let rate = rates.values.reduce(0, +)
        let segments = rates.keys.reduce(0) { $0 + (bySender[$1] ?? 0) }
        guard rate > 0, segments > 0 else { return nil }
        let longest = rates.map { Double(bySender[$0] ?? 0) / $1 }.max() ?? 0
        return max(1, longest * rate / Double(segments))
    }

    var result: Estimate {
        var result = sum
        result.holes = report?.rowsWithHoles ?? 0
        result.missing = report?.missing ?? [:]
        result.zones = zones.values.sorted { $0.zoneSet < $1.zoneSet }
        let sorted = lengths.sorted { $0.key < $1.key }
        result.worst = sorted.last?.value.place
        var passed = 0
        result.median =
            sorted.first { entry in
                passed += entry.value.count
                return passed * 2 >= sum.people
            }?.value.place
        return result
    }
}
