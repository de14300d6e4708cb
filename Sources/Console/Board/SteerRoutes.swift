import Foundation
import Hummingbird
import Store

/// Stopping a campaign, letting it go on, and the limits at which it stops by itself.
struct SteerRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.post("/o/c/{id}/pause") { request, context in
            try await console.watched(request, context) { visitor, id in
                try await change(request, context, visitor, id) {
                    _ = try await console.store.campaigns.pause(
                        id, organisation: visitor.organisation, by: visitor.id)
                    return "/o/c/\(id.text)"
                }
            }
        }
        router.get("/o/c/{id}/resume") { request, context in
            try await console.steered(request, context) { visitor, id in
                try await prove(request, context, visitor, id)
            }
        }
        router.post("/o/c/{id}/resume") { request, context in
            try await console.steered(request, context) { visitor, id in
                try await change(request, context, visitor, id) {
                    _ = try await console.store.campaigns.resume(
                        id, organisation: visitor.organisation, by: visitor.id)
                    return "/o/c/\(id.text)?said=resumed"
                }
            }
        }
        router.post("/o/c/{id}/limits") { request, context in
            try await console.steered(request, context) { visitor, id in
                let form = try await request.form()
                return try await change(request, context, visitor, id) {
                    try await console.store.campaigns.setHoldLimits(
                        Campaigns.holdLimits.reduce(into: [:]) { $0[$1] = form[$1] }, of: id,
                        organisation: visitor.organisation, by: visitor.id)
                    return "/o/c/\(id.text)?said=limits"
                }
            }
        }
    }

    /// Makes a change and shows the board anew; what cannot be done is told in a sentence.
    private func change(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID,
        _ body: () async throws -> String
    ) async throws -> Response {
        let key = BoardHub.Key(organisation: visitor.organisation, campaign: id)
        guard try await console.boards.facts(key) != nil else {
            return console.notFound(request, context)
        }
        do {
            let address = try await body()
            await console.boards.forget(key)
            return console.redirect(address)
        } catch let problem as InvalidInput {
            await console.boards.forget(key)
            let words = console.words(request, context)
            return console.page(
                "steer_refused", request, context, title: words("steer_refused"),
                here: "campaigns", status: .unprocessableContent, scripts: ["app.js"],
                ["sentence": Self.sentence(problem, words), "back": "/o/c/\(id.text)"])
        }
    }

    private static func sentence(_ problem: InvalidInput, _ words: Words) -> String {
        guard !problem.key.isEmpty else { return problem.description }
        var values = problem.values
        values["state"] = values["state"].map { words("state_\($0)") }
        return words("steer_refused_\(problem.key)", values)
    }

    /// Who gets a text when this goes on, and that none of them had one.
    private func prove(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let key = BoardHub.Key(organisation: visitor.organisation, campaign: id)
        guard let facts = try await console.boards.facts(key) else {
            return console.notFound(request, context)
        }
        let proof = try await console.store.boards.resumeProof(
            of: id, organisation: visitor.organisation)
        let words = console.words(request, context)
        let page = BoardPage(facts, words, visitor).values(said: nil)
        return console.page(
            "resume", request, context, title: words("resume_title"), here: "campaigns",
            scripts: ["app.js"],
            page.merging([
                "campaign": facts.campaign.name, "query": proof.query,
                "waiting": words("resume_waiting", count: proof.waiting),
                "second": words("resume_second", count: proof.second),
                "is_safe": proof.second == 0, "now_iso": Date().stamp,
                "now": words.exactClock(Date()),
                "may_resume": facts.campaign.state == .paused || facts.campaign.state == .held,
            ]) { _, new in new })
    }
}
