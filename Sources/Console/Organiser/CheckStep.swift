import Foundation
import Hummingbird
import Store

/// `/o/c/ID/check` and `/o/c/ID/launch`: what stands in the way, who says yes, and the countdown.
struct CheckStep: Sendable {
    let console: Console

    private var store: PageStore { console.store }

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/check") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await show(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/check") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await act(request, context, visitor, draft)
            }
        }
        router.get("/o/c/{id}/launch") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await countdown(request, context, draft)
            }
        }
        router.post("/o/c/{id}/launch") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await launch(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/launch/cancel") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await store.launches.cancel(
                    draft.campaign.id, organisation: visitor.organisation)
                return console.redirect("/o/c/\(draft.campaign.id.text)/check")
            }
        }
    }

    /// Every name a finding of a good campaign has not; shown as what is in order.
    private static let fine: [(name: String, key: String)] = [
        ("no_recipients", "list"), ("no_consent", "consent"), ("no_opt_out_words", "stop_words"),
        ("no_sender_name", "sender_name"), ("no_sender", "numbers"), ("overlap", "overlap"),
        ("hours_impossible", "hours"), ("frequency_cap", "cap"), ("no_test_text", "test"),
    ]

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft,
        typed: String? = nil, error: String? = nil, note: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let campaign = draft.campaign
        let findings = try await store.preflight.review(
            campaign: campaign.id, organisation: visitor.organisation)
        if findings.contains(where: { $0.name == "not_counted" }) {
            await console.uploads.count(campaign.id, organisation: visitor.organisation)
        }
        let accepted = try await store.launches.accepted(
            campaign.id, organisation: visitor.organisation)
        let open = findings.filter { $0.level == .blocking || accepted[$0.name] == nil }
        let names = Set(findings.map(\.name))
        let zone = try await store.drafts.mainZone(campaign)
        let me = try await store.members.find(visitor.id, organisation: visitor.organisation)
        var values: [String: Any] = [
            "findings": findings.map { line($0, accepted, words) },
            "fine": draft.people == 0 && draft.script == nil
                ? []
                : Self.fine.filter { !names.contains($0.name) && isSeen($0.name, draft) }
                    .map { ["name": words("fine_\($0.key)")] },
            "to_fix": words("to_fix", count: findings.count { $0.level == .blocking }),
            "to_accept": words(
                "to_accept",
                count: open.count { $0.level == .acceptable }),
            "ready": open.isEmpty, "is_draft": campaign.state == .draft,
            "people": words.number(draft.people), "typed": typed ?? "",
            "whole_edition": draft.edition, "note": note as Any,
            "may_test": me?.number != nil && draft.script != nil, "no_number": me?.number == nil,
            "zone": zone,
            // A list no longer than its first slice goes out at once.
            "canary": campaign.canary.flatMap {
                $0 < draft.people ? words("canary_on", count: Int($0)) : nil
            } as Any,
            "counting": names.contains("not_counted"),
            "cancelled": draft.launchRefusal.map { self.refused($0, findings, words) } as Any,
        ]
        values.merge(second(draft, visitor, names, words)) { _, new in new }
        if let at = draft.launchAt, campaign.state == .draft {
            values["scheduled"] = words(
                "launch_scheduled", ["when": Self.moment(at, zone, words), "zone": zone])
        }
        if let forecast = try await store.estimates.forecast(draft) {
            values["forecast"] = WhenStep.forecast(forecast, draft, zone, words)
        }
        return console.step(
            "organiser_check", request, context, draft, here: "check", error: error, values)
    }

    /// Why a launch did not happen, with the figures of today; what stands in no one's way any more
    /// is told as such.
    private func refused(
        _ refusal: String, _ findings: [LaunchFinding], _ words: Words
    ) -> String {
        let names = refusal.split(separator: ",").map(String.init)
        let still = findings.filter { names.contains($0.name) }
        let reasons = still.isEmpty ? [words("launch_refused_gone")] : still.map { text($0, words) }
        return words("launch_refused", ["why": reasons.joined(separator: " ")])
    }

    private func text(_ finding: LaunchFinding, _ words: Words) -> String {
        let figures = finding.figures.mapValues { value in
            Int(value).map { words.number($0) } ?? value
        }
        return words("finding_\(finding.name)", figures)
    }

    /// Whether a check had something to look at.
    private func isSeen(_ name: String, _ draft: CampaignDraft) -> Bool {
        switch name {
        case "no_opt_out_words", "no_sender_name", "no_test_text": draft.script != nil
        case "no_consent", "overlap", "frequency_cap", "hours_impossible": draft.people > 0
        default: true
        }
    }

    static func moment(_ moment: Date, _ zone: String, _ words: Words) -> String {
        let place = TimeZone(identifier: zone) ?? .gmt
        return "\(words.day(moment, zone: place)), \(words.clock(moment, zone: place))"
    }

    private func line(
        _ finding: LaunchFinding, _ accepted: [String: String], _ words: Words
    ) -> [String: Any] {
        let by = accepted[finding.name]
        let step: String? =
            switch finding.name {
            case "no_recipients", "open_import", "no_consent", "no_consent_record": "who"
            case "no_script", "no_opt_out_words", "no_sender_name", "missing_fields", "long_texts",
                "holes", "shortened_link", "no_disclaimer", "no_imprint":
                "say"
            case "hours_impossible", "cost_over_ceiling", "not_reached", "no_sender": "when"
            default: nil
            }
        return [
            "name": finding.name, "text": text(finding, words),
            "blocks": finding.level == .blocking, "accepted": by != nil,
            "by": by.map { words("accepted_by", ["name": $0]) } ?? "",
            "asks": finding.level == .acceptable && by == nil,
            "step": step as Any,
            "is_test": finding.name == "no_test_text",
        ]
    }

    /// The second person's part of the page.
    private func second(
        _ draft: CampaignDraft, _ visitor: Visitor, _ names: Set<String>, _ words: Words
    ) -> [String: Any] {
        guard names.contains("second_person") || draft.isApproved else { return [:] }
        if draft.isApproved {
            return ["approved": words("approved_by", ["name": draft.approverName ?? "–"])]
        }
        let isOwn = draft.askedBy == visitor.id || draft.editedBy == visitor.id
        return [
            "needs_second": true,
            "asked": draft.askedAt.map {
                words("asked_since", ["age": words.age($0, now: Date())])
            } as Any,
            "may_approve": draft.askedBy != nil && !isOwn,
            "may_ask": draft.askedBy == nil,
            "changed": draft.approvedEdition != nil,
        ]
    }

    private func act(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        let (id, organisation) = (draft.campaign.id, visitor.organisation)
        guard draft.campaign.state == .draft else { return console.redirect("/o/c/\(id.text)") }
        if let name = fields["accept"] {
            // Only what is there can be accepted, and nothing that blocks.
            let findings = try await store.preflight.review(
                campaign: id, organisation: organisation)
            if findings.contains(where: { $0.name == name && $0.level == .acceptable }) {
                try await store.launches.accept(
                    name, of: id, organisation: organisation, by: visitor.id)
            }
        } else if let name = fields["reject"] {
            try await store.launches.reject(name, of: id, organisation: organisation)
        } else if fields["ask"] != nil {
            try await store.launches.ask(id, organisation: organisation, by: visitor.id)
        } else if fields["approve"] != nil {
            let isDone = try await store.launches.approve(
                id, organisation: organisation,
                edition: fields["whole_edition"].flatMap { Int($0) } ?? -1, by: visitor.id)
            if !isDone {
                return try await show(
                    request, context, visitor, draft, error: words("approve_changed"))
            }
        } else if fields["test"] != nil {
            return try await test(request, context, visitor, draft)
        }
        return console.redirect("/o/c/\(id.text)/check")
    }

    /// Texts the first person's words to the organiser's own mobile, and to nobody else's.
    private func test(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        guard let script = draft.script,
            let number = try await store.members.find(
                visitor.id, organisation: visitor.organisation)?.number
        else { return console.notFound(request, context) }
        guard console.limits.account.allows("test \(visitor.id)") else {
            return try await show(
                request, context, visitor, draft, error: words("test_too_many"))
        }
        let campaign = draft.campaign
        let estimate = try await store.estimates.current(
            campaign.id, organisation: visitor.organisation)?.result
        var places = [estimate?.first].compactMap(\.self)
        if places.isEmpty {
            places = try await store.estimates.firstPlaces(
                campaign.id, organisation: visitor.organisation, limit: 1)
        }
        let body =
            try await store.estimates.texts(
                at: places, script: script.body, campaign: campaign.id,
                organisation: visitor.organisation
            ).first?.body ?? script.body
        let isOnItsWay = try await store.codes.send(
            organisation: visitor.organisation, number: number, body: body, pool: campaign.pool)
        guard isOnItsWay else {
            return try await show(
                request, context, visitor, draft,
                error: words("finding_no_sender", ["pool": campaign.pool]))
        }
        try await store.launches.tested(
            script.version, of: campaign.id, organisation: visitor.organisation)
        return console.redirect("/o/c/\(campaign.id.text)/check?tested=1")
    }

    // MARK: Launch

    private func launch(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        let (id, organisation) = (draft.campaign.id, visitor.organisation)
        guard draft.campaign.state == .draft else { return console.redirect("/o/c/\(id.text)") }
        let typed = fields["people"]?.filter(\.isNumber)
        guard typed.flatMap({ Int($0) }) == draft.people else {
            return try await show(
                request, context, visitor, draft, typed: fields["people"],
                error: words("launch_wrong_number", ["n": words.number(draft.people)]))
        }
        let findings = try await store.preflight.review(campaign: id, organisation: organisation)
        let accepted = try await store.launches.accepted(id, organisation: organisation)
        guard !findings.contains(where: { $0.level == .blocking || accepted[$0.name] == nil })
        else {
            return try await show(
                request, context, visitor, draft, typed: fields["people"],
                error: words("launch_not_ready"))
        }
        var moment = Date(timeIntervalSinceNow: Launches.countdown)
        if fields["later"] != nil {
            let zone = try await store.drafts.mainZone(draft.campaign)
            guard let at = fields["at"].flatMap({ LocalMoment.read($0, zone: zone) }),
                at > Date()
            else {
                return try await show(
                    request, context, visitor, draft, typed: fields["people"],
                    error: words("launch_wrong_date"))
            }
            moment = at
        }
        let isSet = try await store.launches.schedule(
            id, organisation: organisation, at: moment,
            edition: fields["whole_edition"].flatMap { Int($0) } ?? -1, by: visitor.id)
        guard isSet else {
            return try await show(
                request, context, visitor, draft, typed: fields["people"],
                error: words("launch_changed"))
        }
        return console.redirect(
            "/o/c/\(id.text)/\(fields["later"] == nil ? "launch" : "check")")
    }

    /// Ten seconds to think better of it. The worker launches, so a closed browser changes nothing.
    private func countdown(
        _ request: Request, _ context: ConsoleContext, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let base = "/o/c/\(draft.campaign.id.text)"
        guard draft.campaign.state == .draft else { return console.redirect(base) }
        guard let at = draft.launchAt, at < Date(timeIntervalSinceNow: 60) else {
            return console.redirect("\(base)/check")
        }
        let left = max(0, Int(at.timeIntervalSinceNow.rounded(.up)))
        return console.step(
            "organiser_launch", request, context, draft, here: "check",
            [
                "refresh": 1, "left": words("launch_in", count: left), "is_now": left == 0,
                "people": words.number(draft.people),
            ])
    }
}
