import Foundation
import Hummingbird
import Store

/// `/o/c/ID/when`: hours, pace, people needed, price, and the way in for volunteers.
struct WhenStep: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/when") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await show(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/when") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await save(request, context, visitor, draft)
            }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft,
        fields: Form? = nil, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let store = console.store.drafts
        let zone = try await store.mainZone(draft.campaign)
        let saved = Self.texts(CampaignPlan(draft), zone: zone)
        func value(_ key: String) -> String {
            fields == nil ? saved[key] ?? "" : fields?[key] ?? ""
        }
        let pools = try await store.pools(organisation: visitor.organisation)
        let campaign = draft.campaign
        var values: [String: Any] = [
            "is_paced": campaign.mode == .paced, "zone": zone,
            "pools": pools.map {
                [
                    "name": $0.name, "chosen": $0.name == value("pool"),
                    "numbers": words("numbers", count: $0.numbers),
                ]
            },
            "modes": ["code", "open", "approve"].map {
                ["value": $0, "name": words("join_mode_\($0)"), "chosen": $0 == value("join_mode")]
            },
        ]
        for key in Self.keys { values[key] = value(key) }
        values["findable"] = value("findable") == Self.ticked
        if let code = campaign.code {
            let address = "\(console.publicURL)/j/\(code)"
            values["join"] = [
                "address": address, "square": QRSquare(address)?.values as Any,
            ]
        }
        if let forecast = try await console.store.estimates.forecast(draft) {
            values["forecast"] = Self.forecast(forecast, draft, zone, words)
        }
        return console.step(
            "organiser_when", request, context, draft, here: "when", error: error, values)
    }

    static func forecast(
        _ forecast: Forecast, _ draft: CampaignDraft, _ zone: String, _ words: Words
    ) -> [String: Any] {
        let place = TimeZone(identifier: zone) ?? .gmt
        let end =
            "\(words.day(forecast.endsAt, zone: place)), \(words.clock(forecast.endsAt, zone: place))"
        let key = draft.campaign.mode == .paced ? "forecast_paced" : "forecast_hand"
        return [
            "text": words(
                key,
                [
                    "end": end, "zone": zone, "n": "\(draft.peopleNeeded ?? 10)",
                    "span": span(forecast.endsAt.timeIntervalSince(forecast.startsAt), words),
                ]),
            "late": words("forecast_late", ["n": words.number(forecast.late)]),
            "is_late": forecast.late > 0,
        ]
    }

    private static func span(_ seconds: TimeInterval, _ words: Words) -> String {
        let minutes = max(1, Int((seconds / 60).rounded(.up)))
        if minutes < 90 { return words("age_minutes", ["n": String(minutes)]).withoutMarks }
        let hours = (minutes + 30) / 60
        return words("age_hours", ["n": String(hours)]).withoutMarks
    }

    private static let keys = [
        "opens", "closes", "end", "per_minute", "canary", "people_needed", "texters_max", "price",
        "ceiling",
    ]

    /// What a ticked box is sent as, and shown as where two editors are compared.
    private static let ticked = "✓"

    /// A plan as its form shows it.
    static func texts(_ plan: CampaignPlan, zone: String) -> [String: String] {
        func clock(_ minute: Int16?) -> String {
            minute.map { minute in
                let (hour, rest) = (
                    min(23, Int(minute) / 60), minute == 1440 ? 59 : Int(minute) % 60
                )
                return "\(hour < 10 ? "0" : "")\(hour):\(rest < 10 ? "0" : "")\(rest)"
            } ?? ""
        }
        func price(_ micros: Int?) -> String {
            micros.map { $0 == 0 ? "" : String(format: "%g", Double($0) / 1_000_000) } ?? ""
        }
        return [
            "opens": clock(plan.opensMinute), "closes": clock(plan.closesMinute),
            "end": plan.sendBefore.map { LocalMoment.text($0, zone: zone) } ?? "",
            "per_minute": plan.perMinute.map(String.init) ?? "",
            "canary": plan.canary.map(String.init) ?? "",
            "people_needed": plan.peopleNeeded.map(String.init) ?? "",
            "texters_max": plan.textersMax.map(String.init) ?? "",
            "price": price(plan.priceMicros), "ceiling": price(plan.spendCeilingMicros),
            "join_mode": plan.joinMode, "pool": plan.pool,
            "findable": plan.isFindable ? ticked : "",
        ]
    }

    /// Reads the form; what cannot be read is named by its key.
    private static func plan(
        _ fields: Form, _ draft: CampaignDraft, zone: String
    ) throws(WrongField) -> CampaignPlan {
        var plan = CampaignPlan(draft)
        plan.opensMinute = try minute(fields["opens"], "opens")
        plan.closesMinute = try minute(fields["closes"], "closes")
        // The last minute of the day, as a clock can say it, means the day's end.
        if plan.closesMinute == 1439 { plan.closesMinute = 1440 }
        if plan.opensMinute ?? 0 >= plan.closesMinute ?? 1440 { throw WrongField(key: "hours") }
        plan.sendBefore = nil
        if let end = fields["end"] {
            guard let moment = LocalMoment.read(end, zone: zone) else {
                throw WrongField(key: "end")
            }
            plan.sendBefore = moment
        }
        plan.perMinute = try count(fields["per_minute"], "count")
        plan.canary = try count(fields["canary"], "count")
        plan.peopleNeeded = try count(fields["people_needed"], "count")
        plan.textersMax = try count(fields["texters_max"], "count")
        plan.priceMicros = try price(fields["price"]) ?? 0
        plan.spendCeilingMicros = try price(fields["ceiling"])
        if let mode = fields["join_mode"], ["open", "code", "approve"].contains(mode) {
            plan.joinMode = mode
        }
        plan.isFindable = fields["findable"] == ticked
        if let pool = fields["pool"] { plan.pool = String(pool.prefix(100)) }
        return plan
    }

    private struct WrongField: Error { let key: String }

    private static func minute(_ text: String?, _ key: String) throws(WrongField) -> Int16? {
        guard let text else { return nil }
        let parts = text.split(separator: ":").compactMap { Int16($0) }
        guard parts.count >= 2, (0...23).contains(parts[0]), (0...59).contains(parts[1]) else {
            throw WrongField(key: "hours")
        }
        return parts[0] * 60 + parts[1]
    }

    private static func count(_ text: String?, _ key: String) throws(WrongField) -> Int32? {
        guard let text else { return nil }
        guard let value = Int32(text.filter { $0 != "," && $0 != "." && $0 != " " }), value > 0
        else { throw WrongField(key: key) }
        return value
    }

    private static func price(_ text: String?) throws(WrongField) -> Int? {
        guard let text else { return nil }
        guard let value = Double(text.replacing(",", with: ".")), value > 0, value < 1_000_000_000
        else { throw WrongField(key: "price") }
        return Int((value * 1_000_000).rounded())
    }

    private func save(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        let zone = try await console.store.drafts.mainZone(draft.campaign)
        do {
            let plan = try Self.plan(fields, draft, zone: zone)
            try await console.store.drafts.save(
                plan, of: draft.campaign.id, organisation: visitor.organisation,
                edition: fields["edition"].flatMap { Int($0) } ?? -1, by: visitor.id)
        } catch let wrong as WrongField {
            return try await show(
                request, context, visitor, draft, fields: fields,
                error: words("when_wrong_\(wrong.key)"))
        } catch let conflict as EditConflict {
            let theirs = Self.texts(CampaignPlan(draft), zone: zone)
            let keys = Self.keys + ["join_mode", "findable", "pool"]
            return console.conflict(
                request, context, draft, here: .when, conflict,
                pairs: keys.map { key in
                    (words("plan_\(key)"), theirs[key] ?? "", fields[key] ?? "")
                }.filter { !$0.1.isEmpty || !$0.2.isEmpty },
                fields: Dictionary(uniqueKeysWithValues: keys.map { ($0, fields[$0] ?? "") }))
        } catch is InvalidInput {
            return try await show(
                request, context, visitor, draft, fields: fields, error: words("campaign_over"))
        }
        let base = "/o/c/\(draft.campaign.id.text)"
        return console.redirect(fields["on"] == nil ? "\(base)/when" : "\(base)/check")
    }
}

/// `2026-11-21T18:30`, as browsers write an instant of a place.
enum LocalMoment {
    static func text(_ moment: Date, zone: String) -> String {
        formatter(zone).string(from: moment)
    }

    static func read(_ text: String, zone: String) -> Date? {
        formatter(zone).date(from: String(text.prefix(16)))
    }

    private static func formatter(_ zone: String) -> DateFormatter {
        let formatter = DateFormatter()
        formatter.calendar = Calendar(identifier: .gregorian)
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: zone) ?? .gmt
        formatter.dateFormat = "yyyy-MM-dd'T'HH:mm"
        return formatter
    }
}
