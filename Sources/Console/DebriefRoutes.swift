import Foundation
import Hummingbird
import Store

/// `/done`: the end of a shift (screen T6).
struct DebriefRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/done") { request, context in
            try await console.signedIn(request, context) { try await show(request, context, $0) }
        }
        router.post("/done") { request, context in
            try await console.signedIn(request, context) { visitor in
                let form = try await request.form()
                try await console.store.sendDesk.leave(
                    visitor, keepsReplies: form["replies"] == "keep")
                return console.redirect("/done?said=left")
            }
        }
        router.post("/done/fix") { request, context in
            try await console.signedIn(request, context) { try await tell(request, context, $0) }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor,
        fix: String? = nil, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let debrief = try await console.store.desk.debrief(for: visitor)
        let friend = debrief.code.map { "\(console.publicURL)/j/\($0)" }
        return console.page(
            "done", request, context, title: words("done_title", ["name": visitor.name]),
            status: error == nil ? .ok : .unprocessableContent, scripts: ["app.js"],
            [
                "asked": words.number(debrief.asked), "talks": words.number(debrief.talks),
                "answers": debrief.answers.map {
                    ["what": "\($0.question): \($0.value)", "people": words.number($0.people)]
                },
                "open": debrief.open > 0
                    ? words("done_open", count: debrief.open) : Optional<String>.none as Any,
                "team": debrief.teamAsked > 0
                    ? words("done_team", ["n": words.number(debrief.teamAsked)])
                    : Optional<String>.none as Any,
                "has_left": request.query["said"] == "left",
                "friend": friend as Any, "square": friend.flatMap { QRSquare($0)?.values } as Any,
                "campaign": debrief.campaign?.text as Any,
                "told": request.query["said"] == "told",
                "fix_label": debrief.lead.map { words("fix_tell", ["name": $0]) }
                    ?? words("fix_tell_us"),
                "fix_max": Suggestions.lengthMax, "fix": fix ?? "", "fix_error": error as Any,
            ])
    }

    /// One thing to fix, for whoever leads.
    private func tell(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        do {
            try await console.store.suggestions.add(
                form["fix"], to: form.id("campaign"), organisation: visitor.organisation,
                by: visitor.id)
        } catch let wrong as InvalidInput {
            let words = console.words(request, context)
            return try await show(
                request, context, visitor, fix: form["fix"], error: words(wrong.key, wrong.values))
        }
        return console.redirect("/done?said=told#fix")
    }
}
