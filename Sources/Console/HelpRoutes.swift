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
        router.post("/keys") { request, context in
            try await console.signedIn(request, context) { visitor in
                let form = try await request.form()
                try await Membership.set(
                    ["keys": form["keys"] == "on" ? "on" : "off"],
                    organisation: visitor.organisation, member: visitor.id,
                    database: console.store.database)
                return console.redirect("/help#keys")
            }
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
        return console.page(
            "help", request, context, title: words("nav_help"), here: "help",
            scripts: context.visitor == nil ? ["app.js"] : ["app.js", "live.js"],
            [
                "about": request.query.id("about")?.text as Any,
                "raised": request.query["said"] == "raised",
                "languages": languageLinks(words.language), "back_here": "/help",
                "schemes": ["system", "light", "dark"].map {
                    ["scheme_name": $0, "label": words("scheme_\($0)"), "chosen": $0 == scheme]
                },
                "keys_on": context.visitor?.settings["keys"] == "on",
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
