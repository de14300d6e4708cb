import Foundation
import Hummingbird
import Store
import Texting

/// `/send`: one person, one press (screen T3).
struct SendRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/send") { request, context in
            try await console.signedIn(request, context) { try await show(request, context, $0) }
        }
        router.post("/send") { request, context in
            try await console.signedIn(request, context) { try await press(request, context, $0) }
        }
        router.post("/send/skip") { request, context in
            try await console.signedIn(request, context) { try await skip(request, context, $0) }
        }
        router.post("/send/unskip") { request, context in
            try await console.signedIn(request, context) { try await unskip(request, $0) }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor,
        refusal: String? = nil, sent: Bool = false
    ) async throws -> Response {
        let words = console.words(request, context)
        let page = try await console.store.sendDesk.page(for: visitor)
        guard let page else { return noCampaign(request, context, visitor) }
        if request.wantsJSON { return try console.json(SendState(page, words, now: Date())) }
        let isQuiet = try await console.store.volunteers.seen(
            organisation: visitor.organisation, member: visitor.id, campaign: page.campaign)
        let counts = try await console.store.desk.counts(for: visitor)
        let state = SendState(page, words, now: Date())
        let card = state.cards.first
        return console.page(
            "send", request, context, title: page.campaignName, here: "send",
            scripts: ["app.js", "live.js", "send.js"],
            [
                "campaign": page.campaignName, "state": page.state, "progress": state.progress,
                "mine": state.mine,
                "asked": page.asked, "people": max(1, page.people),
                "card": card.map(values) as Any, "nothing": nothing(page, counts, words) as Any,
                "refusal": refusal as Any, "sent_now": request.query["said"] == "sent",
                "skipped": request.query.id("skipped")?.text as Any,
                "reasons": ["language", "known", "wrong", "other"].map {
                    ["reason": $0, "label": words("skip_\($0)")]
                },
                "signal": words.forms("waiting_for_signal"),
                "quiet": isQuiet, "needs": counts.needs,
                "first_time": page.sentEver == 0 && visitor.provenAt == nil,
            ])
    }

    private func values(_ card: SendState.Card) -> [String: Any] {
        [
            "message": card.message, "key": card.key, "version": card.version,
            "to": card.name, "there": card.there as Any, "text": card.text,
            "seconds": card.seconds,
        ]
    }

    /// Somebody signed in who takes part in nothing: waiting for a yes, or let go.
    private func noCampaign(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) -> Response {
        let words = console.words(request, context)
        return console.page(
            "send_none", request, context, title: words("no_campaign_title"), here: "send",
            scripts: ["app.js"], ["leads_here": visitor.mayLead])
    }

    /// The empty states of T3: what happened, whose turn it is, one button.
    private func nothing(
        _ page: SendPage, _ counts: BucketCounts, _ words: Words
    ) -> [String: Any]? {
        guard let nothing = page.nothing else { return nil }
        let lead = page.leadName ?? words("the_team")
        let replies = counts.needs + counts.pool
        func view(
            _ key: String, _ text: String, picture: String, go: (String, String)? = nil
        ) -> [String: Any] {
            [
                "heading": words("nothing_\(key)_title"), "text": text,
                picture: true, "go": go.map { ["to": $0.0, "label": $0.1] } as Any,
            ]
        }
        let answer =
            replies > 0
            ? ("/inbox", words("answer_replies", count: replies)) : ("/inbox", words("to_inbox"))
        switch nothing {
        case .finished:
            return view("finished", words("nothing_finished_text"), picture: "is_done", go: answer)
        case .othersHoldTheRest:
            return view("others", words("nothing_others_text"), picture: "is_done", go: answer)
        case .paused(let reason):
            let text =
                reason.map {
                    let why = HoldReason($0).map(words.hold) ?? $0
                    return words("nothing_paused_why", ["name": lead, "why": why])
                }
                ?? words("nothing_paused_text", ["name": lead])
            return view("paused", text, picture: "is_pause", go: answer)
        case .held:
            return view(
                "paused", words("nothing_held_text", ["name": lead]), picture: "is_pause",
                go: answer)
        case .asleep(let until, let zones):
            let text =
                until.map {
                    words(
                        "nothing_asleep_until",
                        ["wait": words.morning($0, in: zones, now: Date())])
                } ?? words("nothing_asleep_text")
            return view("asleep", text, picture: "is_night", go: answer)
        case .paced:
            return view("paced", words("nothing_paced_text"), picture: "is_talk", go: answer)
        case .needsCode:
            return view(
                "code", words("nothing_code_text"), picture: "is_done",
                go: ("/", words("nothing_code_go")))
        }
    }

    private func press(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        guard let message = form.id("message"), let key = form.id("key"),
            let version = form["version"].flatMap({ Int32($0) })
        else { return console.redirect("/send") }
        let tap = Tap(message: message, key: key, member: visitor.id, scriptVersion: version)
        guard let campaign = try await campaign(of: visitor, form) else {
            return console.notFound(request, context)
        }
        let result = try await console.taps.tap(
            tap, campaign: campaign, organisation: visitor.organisation)
        let words = console.words(request, context)
        switch result {
        case .sent, .already:
            return request.wantsJSON
                ? try console.json(["result": result == .sent ? "sent" : "already"])
                : console.redirect("/send?said=sent")
        case .refused(let refusal):
            let sentence = words("not_sent_\(refusal.rawValue)", ["name": form["name"] ?? "…"])
            if request.wantsJSON {
                return try console.json(
                    ["result": refusal.rawValue, "sentence": sentence], status: .conflict)
            }
            return try await show(request, context, visitor, refusal: sentence)
        }
    }

    private func campaign(of visitor: Visitor, _ form: Form) async throws -> UUID? {
        let mine = try await console.store.volunteers.campaigns(
            organisation: visitor.organisation, member: visitor.id)
        guard let named = form.id("campaign") else { return mine.first?.id }
        return mine.first { $0.id == named }?.id
    }

    private func skip(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        let reasons = ["language", "known", "wrong", "other"]
        guard let message = form.id("message"), let key = form.id("key"),
            let campaign = try await campaign(of: visitor, form)
        else { return console.notFound(request, context) }
        let isBack = try await console.store.sendDesk.skip(
            message, key: key, campaign: campaign,
            reason: reasons.first { $0 == form["reason"] } ?? "other", by: visitor)
        if request.wantsJSON { return try console.json(["skipped": isBack]) }
        return console.redirect(isBack ? "/send?skipped=\(message.text)" : "/send")
    }

    private func unskip(_ request: Request, _ visitor: Visitor) async throws -> Response {
        let form = try await request.form()
        guard let message = form.id("message") else { return console.redirect("/send") }
        let isBack = try await console.store.sendDesk.unskip(message, by: visitor)
        return request.wantsJSON
            ? try console.json(["back": isBack]) : console.redirect("/send")
    }
}

/// The send queue as script gets it: at most ten cards, without numbers.
struct SendState: Encodable {
    let campaign: String
    let mine: String
    let progress: String
    let asked: Int
    let people: Int
    let cards: [Card]
    /// Whether the page must be drawn anew to say why nothing is left.
    let isEmpty: Bool

    struct Card: Encodable {
        let message: String
        let key: String
        let version: Int32
        let name: String
        let there: String?
        let text: String
        /// How long the texter still has the person: a span, because phones' clocks differ.
        let seconds: Int
    }

    /// Hands want a rest after some 300 presses; the note stays for a while and goes again.
    static func isTired(_ presses: Int) -> Bool { presses >= 300 && presses % 300 < 15 }

    init(_ page: SendPage, _ words: Words, now: Date) {
        campaign = page.campaign.text
        let sent = words("sent_today", count: page.sentToday)
        mine = Self.isTired(page.sentToday) ? "\(sent) · \(words("rest_note"))" : sent
        progress = words(
            "team_progress",
            ["asked": words.number(page.asked), "people": words.number(page.people)])
        asked = page.asked
        people = page.people
        isEmpty = page.nothing != nil
        cards = page.cards.map { card in
            // A clock only where all plausible zones agree on the hour.
            let clocks = Set(
                card.zones.compactMap(TimeZone.init(identifier:)).map {
                    words.clock(now, zone: $0)
                })
            return Card(
                message: card.lease.message.text, key: card.lease.key.text,
                version: card.lease.scriptVersion, name: card.lease.name ?? words("nameless"),
                there: clocks.count == 1
                    ? words("clock_there", ["time": clocks.first ?? ""]) : nil,
                text: card.lease.text,
                seconds: max(0, Int(card.lease.until.timeIntervalSince(now))))
        }
    }
}
