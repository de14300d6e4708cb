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
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let debrief = try await console.store.desk.debrief(for: visitor)
        let friend = debrief.code.map { "\(console.publicURL)/j/\($0)" }
        return console.page(
            "done", request, context, title: words("done_title", ["name": visitor.name]),
            scripts: ["app.js"],
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
            ])
    }
}
