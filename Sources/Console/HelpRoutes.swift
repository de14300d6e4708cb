import Foundation
import Hummingbird
import Store

/// `/help`: always in the same place; also a member's own choices, and a hand raised to the lead.
struct HelpRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/help") { request, context in try await show(request, context) }
        router.post("/help") { request, context in
            try await console.signedIn(request, context) { try await raise(request, context, $0) }
        }
        router.post("/notices") { request, context in
            try await console.signedIn(request, context) {
                try await chooseNotices(request, context, $0)
            }
        }
    }

    /// How somebody wants to be told that people wait for them.
    private func chooseNotices(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        guard let wish = form["notices"], ["push", "text", "mail", "off"].contains(wish) else {
            return console.redirect("/help#notices")
        }
        try await Membership.set(
            ["notices": wish], organisation: visitor.organisation, member: visitor.id,
            database: console.store.database)
        return console.redirect("/help#notices")
    }

    /// The ways there are for this installation and member; nil where there is none.
    private func notices(_ visitor: Visitor?, _ words: Words) async throws -> [[String: Any]]? {
        guard let visitor, let notifier = console.notifier else { return nil }
        let logins = try await Membership.logins(
            organisation: visitor.organisation, member: visitor.id,
            database: console.store.database)
        var ways = notifier.push == nil ? [] : ["push"]
        if logins.number != nil { ways.append("text") }
        if logins.email != nil, notifier.mailer != nil { ways.append("mail") }
        guard !ways.isEmpty else { return nil }
        let chosen = visitor.settings["notices"] ?? (ways.contains("mail") ? "mail" : "push")
        return (ways + ["off"]).map {
            ["way": $0, "label": words("notices_\($0)"), "chosen": $0 == chosen]
        }
    }

    private func show(_ request: Request, _ context: ConsoleContext) async throws -> Response {
        let words = console.words(request, context)
        var sessions = 0
        if let visitor = context.visitor {
            sessions = try await console.store.signIns.count(
                organisation: visitor.organisation, member: visitor.id)
        }
        let scheme = request.cookie("scheme") ?? "system"
        let hand = request.cookie("hand") ?? "both"
        let notices = try await notices(context.visitor, words)
        return console.page(
            "help", request, context, title: words("nav_help"), here: "help",
            scripts: context.visitor == nil ? ["app.js"] : ["app.js", "live.js", "push.js"],
            [
                "about": request.query.id("about")?.text as Any,
                "raised": request.query["said"] == "raised",
                "languages": languageLinks(words.language), "back_here": "/help",
                "schemes": ["system", "light", "dark"].map {
                    ["scheme_name": $0, "label": words("scheme_\($0)"), "chosen": $0 == scheme]
                },
                "hands": ["both", "left", "right"].map {
                    ["hand_name": $0, "label": words("hand_\($0)"), "chosen": $0 == hand]
                },
                "notices": notices as Any, "has_notices": notices != nil,
                "push_key": console.notifier?.push?.applicationKey as Any,
                "keys_on": context.visitor?.settings["keys"] == "on",
                "key_lists": KeyRoutes.lists(words),
                "sessions": words("sessions", count: sessions), "many": sessions > 1,
                "questions": ["angry", "stop", "wrong", "number", "cost"].map {
                    ["question": words("help_\($0)"), "reply": words("help_\($0)_text")]
                },
                "leads_here": context.visitor?.mayLead ?? false,
            ])
    }

    private func raise(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        guard let id = form.id("about"),
            try await console.store.desk.raiseHand(id, form["note"] ?? "", by: visitor)
        else { return console.notFound(request, context) }
        return console.redirect("/help?said=raised")
    }
}
