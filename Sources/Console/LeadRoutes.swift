import Foundation
import Hummingbird
import Store

/// `/o/joins`: who asks to join, for those who lead.
struct LeadRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/joins") { request, context in
            try await led(request, context) { try await list(request, context, $0) }
        }
        router.post("/o/joins") { request, context in
            try await led(request, context) { visitor in
                let form = try await request.form()
                guard let id = form.id("request") else { return console.notFound(request, context) }
                try await console.store.volunteers.decide(
                    organisation: visitor.organisation, request: id, by: visitor.id,
                    approved: form["yes"] != nil)
                return console.redirect("/o/joins")
            }
        }
    }

    /// For texters this page is not there at all.
    private func led(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor) async throws -> Response
    ) async throws -> Response {
        try await console.signedIn(request, context) { visitor in
            guard visitor.mayLead else { return console.notFound(request, context) }
            return try await body(visitor)
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let asking = try await console.store.volunteers.requests(
            organisation: visitor.organisation)
        let now = Date()
        return console.page(
            "joins", request, context, title: words("joins_title"), scripts: ["app.js"],
            [
                "asking": asking.map {
                    [
                        "request": $0.id.text, "person": $0.name, "campaign": $0.campaignName,
                        "age": words.age($0.createdAt, now: now),
                    ]
                },
                "nobody": asking.isEmpty,
            ])
    }
}
