import Foundation
import Hummingbird
import Store
import Texting

/// `/c/ID`: one conversation and all that can be done in it (screen T5).
struct ConversationRoutes: Sendable {
    let console: Console
    private var desk: Desk { console.store.desk }

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/c/:id") { request, context in
            try await of(request, context) { try await show(request, context, $0, $1) }
        }
        for (name, isNext) in [("next", true), ("previous", false)] {
            router.get(RouterPath("/c/:id/\(name)")) { request, context in
                try await of(request, context) { visitor, id in
                    guard try await desk.sees(id, visitor) else {
                        return console.notFound(request, context)
                    }
                    // Asked at the press, not when the page was drawn: others answer meanwhile.
                    let neighbour = try await desk.neighbour(of: id, for: visitor, isNext: isNext)
                    return console.redirect(neighbour.map { "/c/\($0.text)" } ?? "/inbox")
                }
            }
        }
        act(router, "send", send)
        act(router, "stop", stop)
        act(router, "take-back", takeBack)
        act(router, "silence") { _, _, visitor, id, _ in
            try await after(desk.silence(id, by: visitor), to: "/c/\(id.text)?said=quiet")
        }
        act(router, "review", review)
        act(router, "note") { request, _, visitor, id, form in
            guard let body = form["note"] else { return console.redirect("/c/\(id.text)") }
            return try await after(
                desk.note(body, on: id, by: visitor), to: "/c/\(id.text)?said=noted")
        }
        act(router, "hand") { request, context, visitor, id, form in
            let reason = form["reason"] ?? ""
            if let team = form["to"].flatMap(ReplyReviewRoutes.team) {
                return try await after(
                    desk.hand(id, toTeam: team, reason: reason, by: visitor),
                    to: "/inbox?said=handed")
            }
            let member = form.id("to")
            return try await after(
                desk.hand(id, to: member, reason: reason, by: visitor),
                to: "/inbox?said=handed")
        }
        act(router, "tag") { _, _, visitor, id, form in
            if let tag = form["off"] {
                return try await after(desk.untag(id, tag, by: visitor), to: "/c/\(id.text)#tags")
            }
            guard let tag = form["tag"] else { return console.redirect("/c/\(id.text)") }
            return try await after(desk.tag(id, tag, by: visitor), to: "/c/\(id.text)#tags")
        }
        act(router, "done") { _, _, visitor, id, form in
            try await after(
                desk.setDone(id, form["undo"] == nil, by: visitor),
                to: form["undo"] == nil ? "/inbox?said=done" : "/c/\(id.text)")
        }
        act(router, "wrong") { _, _, visitor, id, _ in
            try await after(desk.wrongNumber(id, by: visitor), to: "/inbox?said=wrong")
        }
        act(router, "claim") { _, _, visitor, id, _ in
            try await after(desk.claim(id, for: visitor), to: "/c/\(id.text)")
        }
    }

    private typealias Act =
        @Sendable (
            Request, ConsoleContext, Visitor, UUID, Form
        ) async throws -> Response?

    private func act(_ router: RouterGroup<ConsoleContext>, _ name: String, _ body: @escaping Act) {
        router.post(RouterPath("/c/:id/\(name)")) { request, context in
            try await of(request, context) { visitor, id in
                let form = try await request.form()
                return try await body(request, context, visitor, id, form)
                    ?? console.notFound(request, context)
            }
        }
    }

    private func after(_ isDone: Bool, to address: String) -> Response? {
        isDone ? console.redirect(address) : nil
    }

    private func of(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor, UUID) async throws -> Response
    ) async throws -> Response {
        try await console.signedIn(request, context) { visitor in
            guard let id = context.parameters.get("id").flatMap(UUID.init(uuidString:)) else {
                return console.notFound(request, context)
            }
            return try await body(visitor, id)
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID,
        draft: String? = nil, banner: String? = nil, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        guard let page = try await desk.page(id, for: visitor) else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        let colleagues = try await desk.colleagues(of: visitor)
        let view = ConversationView(page: page, visitor: visitor, words: words, now: Date())
        var values = view.values
        values["colleagues"] = colleagues.map { ["id": $0.id.text, "colleague": $0.name] }
        let teams = try await console.store.teams.list(organisation: visitor.organisation)
        values["teams"] = teams.map { ["id": $0.id.text, "team_name": $0.name] }
        values["has_teams"] = !teams.isEmpty
        let ready = request.query["ready"] == nil ? nil : view.readyLine
        values["draft"] = draft ?? view.chosen(request.query.id("answer"))?.body ?? ready ?? ""
        values["answer"] = request.query.id("answer")?.text ?? ""
        values["saves"] = view.chosen(request.query.id("answer")).flatMap(view.saves) as Any
        values["banner"] = banner as Any
        values["key"] = UUID.v7().text
        values["stopped_now"] = request.query["said"] == "stopped"
        values["said"] =
            request.query["said"].flatMap {
                ["noted", "sent", "back", "late", "quiet"].contains($0) ? words("said_\($0)") : nil
            } as Any
        return console.page(
            "conversation", request, context, title: view.name, here: "inbox",
            status: status, scripts: ["app.js", "live.js", "conversation.js"], values)
    }

    @Sendable private func send(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID, _ form: Form
    ) async throws -> Response? {
        let words = console.words(request, context)
        let body = form["body"] ?? ""
        let draft = ReplyDraft(
            conversation: id, key: form.id("key") ?? .v7(), body: body,
            answer: form.id("answer"), seen: form.id("seen"))
        let outcome = try await desk.reply(draft, from: visitor)
        func refuse(_ sentence: String) async throws -> Response {
            if request.wantsJSON {
                return try console.json(["refused": sentence], status: .conflict)
            }
            return try await show(
                request, context, visitor, id, draft: body, banner: sentence, status: .conflict)
        }
        switch outcome {
        case .gone: return nil
        case .queued(let text):
            try await firstReplyDone(visitor)
            return request.wantsJSON
                ? try console.json(["key": UUID.v7().text, "seen": text.text])
                : console.redirect("/c/\(id.text)?said=sent")
        case .already:
            return request.wantsJSON
                ? try console.json(["sent": true]) : console.redirect("/c/\(id.text)?said=sent")
        case .optedOut: return try await refuse(words("refused_opted_out"))
        case .overtaken(let colleague):
            return try await refuse(
                colleague.map { words("overtaken_by_us", ["name": $0]) }
                    ?? words("overtaken_by_them"))
        case .notAllowed: return try await refuse(words("refused_not_allowed"))
        }
    }

    /// The reply lesson is shown until the first reply.
    private func firstReplyDone(_ visitor: Visitor) async throws {
        guard visitor.settings["replied"] == nil else { return }
        try await Membership.set(
            ["replied": "1"], organisation: visitor.organisation, member: visitor.id,
            database: console.store.database)
    }

    @Sendable private func stop(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID, _ form: Form
    ) async throws -> Response? {
        let isDone = try await desk.optOut(id, by: visitor, confirms: form["silent"] == nil)
        guard isDone else { return nil }
        return request.wantsJSON
            ? try console.json(["stopped": true]) : console.redirect("/c/\(id.text)?said=stopped")
    }

    @Sendable private func takeBack(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID, _ form: Form
    ) async throws -> Response? {
        guard let isBack = try await desk.takeBack(id, by: visitor) else { return nil }
        if request.wantsJSON {
            return try console.json(["back": isBack], status: isBack ? .ok : .conflict)
        }
        return console.redirect("/c/\(id.text)?said=\(isBack ? "back" : "late")")
    }

    /// A likely stop, decided by who reads it.
    @Sendable private func review(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID, _ form: Form
    ) async throws -> Response? {
        guard let page = try await desk.page(id, for: visitor), let message = page.review,
            let decision = form["decision"].flatMap(Reviews.Decision.init(rawValue:))
        else { return nil }
        _ = try await console.store.reviews.decide(
            organisation: visitor.organisation, message: message, as: decision, by: visitor.id)
        return console.redirect(decision == .none ? "/c/\(id.text)" : "/inbox?said=done")
    }
}
