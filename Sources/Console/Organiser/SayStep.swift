import Foundation
import Hummingbird
import Store
import Texting

/// `/o/c/ID/say`: the first text, as people will read it.
struct SayStep: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/say") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await show(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/say") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await save(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/say/preview") { request, context in
            try await console.editing(request, context) { visitor, draft in
                let fields = try await request.form()
                return try await show(
                    request, context, visitor, draft,
                    body: (fields["body"] ?? "").replacing("\r\n", with: "\n"))
            }
        }
    }

    /// - Parameter body: words that are not saved; nil shows the saved ones.
    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft,
        body: String? = nil, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let campaign = draft.campaign
        let text = body ?? draft.script?.body ?? ""
        let isSaved = body == nil || body == draft.script?.body
        let state = try await console.store.estimates.current(
            campaign.id, organisation: visitor.organisation)
        if isSaved, state?.result == nil, draft.people > 0, draft.script != nil {
            await console.uploads.count(campaign.id, organisation: visitor.organisation)
        }
        var values: [String: Any] = [
            "body": text, "blank": text.isEmpty, "unsaved": !isSaved,
            "may_plain": Composing.plainPunctuation(text) != text,
            "languages": Languages.all.map {
                [
                    "code": $0.code, "name": $0.name,
                    "chosen": $0.code == (draft.script?.language ?? words.language),
                ]
            },
            "version": draft.script.map { words("script_version", ["n": "\($0.version)"]) } as Any,
            "is_live": campaign.state != .draft,
            "fields": (try await fields(draft) + ["texter"]).map { ["name": "{\($0)}"] },
        ]
        do {
            let samples = try await samples(draft, text, isSaved ? state?.result : nil)
            values["samples"] = samples.map { sample($0.0, $0.1, words) }
            values["no_people"] = samples.isEmpty && draft.people == 0
            if samples.isEmpty, !text.isEmpty {
                values["bare"] = sample(nil, Self.bare(text), words)
            }
        } catch let fault as TemplateError {
            values["fault"] = words.fault(fault)
        }
        if isSaved, let state { values["count"] = figures(state, draft, words) }
        if isSaved, draft.people > 0, draft.script != nil, state?.result == nil {
            values["counting"] = words(
                "counting",
                ["n": words.number(state?.counted ?? 0), "all": words.number(draft.people)])
        }
        return console.step(
            "organiser_say", request, context, draft, here: "say", error: error, values)
    }

    private func fields(_ draft: CampaignDraft) async throws -> [String] {
        try await console.store.drafts.fields(draft.campaign)
    }

    private func samples(
        _ draft: CampaignDraft, _ text: String, _ estimate: Estimate?
    ) async throws -> [(String?, SampleText)] {
        guard !text.isEmpty else { return [] }
        let store = console.store.estimates
        let campaign = draft.campaign
        var places: [(String?, Estimate.Place)] = []
        if let estimate, let first = estimate.first, let median = estimate.median,
            let worst = estimate.worst
        {
            places = [("first", first), ("median", median), ("worst", worst)]
        } else {
            places = try await store.firstPlaces(
                campaign.id, organisation: campaign.organisation
            ).map { (nil, $0) }
        }
        let texts = try await store.texts(
            at: places.map(\.1), script: text, campaign: campaign.id,
            organisation: campaign.organisation)
        return Array(zip(places.map(\.0), texts))
    }

    /// The words alone, while nobody is on the list.
    private static func bare(_ text: String) -> SampleText {
        SampleText(body: text, measure: Measure(text), name: nil)
    }

    private func sample(_ key: String?, _ text: SampleText, _ words: Words) -> [String: Any] {
        let costs = Composing.costs(of: text.body).filter(\.forcesUnicode)
        let dear = costs.map(\.character).reduce(into: [String]()) { list, one in
            if !list.contains(one) { list.append(one) }
        }
        return [
            "label": key.map { words("sample_\($0)") } ?? words("sample_some"),
            "name": text.name as Any, "body": text.body,
            "segments": words("segments", count: max(1, text.measure.segments)),
            "is_long": text.measure.segments > 1, "dear": dear.prefix(8).joined(separator: " "),
            "has_dear": text.measure.encoding == .ucs2 && !dear.isEmpty,
            "beyond": beyond(text, words) as Any,
        ]
    }

    /// The words with which the last segment begins: what to shorten to save one.
    private func beyond(_ text: SampleText, _ words: Words) -> String? {
        let segments = text.measure.segments
        guard segments > 1, let place = Composing.firstBeyond(text.body, segments: segments - 1)
        else { return nil }
        let rest = text.body.dropFirst(place).drop(while: \.isWhitespace)
        let shown = rest.prefix(40)
        return words(
            "segment_begins",
            [
                "n": words.number(segments),
                "words": shown.count < rest.count ? "\(shown) …" : "\(shown)",
            ])
    }

    private func figures(
        _ state: EstimateState, _ draft: CampaignDraft, _ words: Words
    ) -> [String: Any] {
        guard let result = state.result else { return [:] }
        let price = draft.campaign.priceMicros
        return [
            "people": words.number(result.people), "closed": words.number(result.closed),
            "segments": words.number(result.segments),
            "by": result.bySegments.enumerated().filter { $0.element > 0 }.map { length, count in
                [
                    "segments": words("segments", count: length + 1),
                    "people": words.number(count),
                ]
            },
            "unicode": words.number(result.unicode), "has_unicode": result.unicode > 0,
            "holes": words.number(result.holes), "has_holes": result.holes > 0,
            "missing": result.missing.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
                ["field": "{\($0.key)}", "people": words("missing_people", count: $0.value)]
            },
            "cost": price > 0
                ? money(result.segments * price, words) as Any : nil as String? as Any,
            "as_of": words.age(state.updatedAt, now: Date()),
        ]
    }

    private func save(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        let body = (fields["body"] ?? "").replacing("\r\n", with: "\n")
        if fields["plain"] != nil {
            return try await show(
                request, context, visitor, draft, body: Composing.plainPunctuation(body))
        }
        if fields["look"] != nil {
            return try await show(request, context, visitor, draft, body: body)
        }
        guard !body.isEmpty else {
            return try await show(
                request, context, visitor, draft, body: "", error: words("script_missing"))
        }
        let language = fields["language"] ?? "en"
        do {
            _ = try Template(Composing.normalised(body))
            try await console.store.drafts.save(
                script: Composing.normalised(body), language: language, of: draft.campaign.id,
                organisation: visitor.organisation,
                edition: fields["edition"].flatMap { Int($0) } ?? -1, by: visitor.id)
        } catch let conflict as EditConflict {
            return console.conflict(
                request, context, draft, here: .say, conflict,
                pairs: [(words("script_label"), draft.script?.body ?? "", body)],
                fields: ["body": body, "language": language])
        } catch let fault as TemplateError {
            return try await show(
                request, context, visitor, draft, body: body, error: words.fault(fault))
        } catch is InvalidInput {
            return try await show(
                request, context, visitor, draft, body: body, error: words("campaign_over"))
        }
        await console.uploads.count(draft.campaign.id, organisation: visitor.organisation)
        let base = "/o/c/\(draft.campaign.id.text)"
        return console.redirect(fields["on"] == nil ? "\(base)/say" : "\(base)/answer")
    }
}

/// Millionths of the currency, as people write money; the currency is the organisation's affair.
func money(_ micros: Int, _ words: Words) -> String {
    let cents = (micros + 5_000) / 10_000
    let rest = cents % 100
    let point = words.language == "es" ? "," : "."
    return "\(words.number(cents / 100))\(point)\(rest < 10 ? "0" : "")\(rest)"
}
