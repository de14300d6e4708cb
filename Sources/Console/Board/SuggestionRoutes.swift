import Foundation
import Hummingbird
import Store

/// `/o/c/ID/fixes`: what volunteers told those who lead; all of it, for as long as words are kept.
struct SuggestionRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/fixes") { request, context in
            try await console.watched(request, context) { visitor, id in
                try await list(request, context, visitor, id)
            }
        }
        router.post("/o/c/{id}/fixes") { request, context in
            try await console.watched(request, context) { visitor, id in
                let form = try await request.form()
                guard let seen = form.id("seen") else { return console.notFound(request, context) }
                try await console.store.suggestions.see(
                    seen, of: id, organisation: visitor.organisation, by: visitor.id)
                let isBoard = form["from"] == "board"
                return console.redirect("/o/c/\(id.text)\(isBoard ? "#b-fixes" : "/fixes")")
            }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let key = BoardHub.Key(organisation: visitor.organisation, campaign: id)
        guard let campaign = try await console.boards.facts(key)?.campaign else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        let all = try await console.store.suggestions.all(
            of: id, organisation: visitor.organisation, before: request.query.id("before"))
        return console.page(
            "fixes", request, context, title: words("fixes_title"), here: "campaigns",
            [
                "id": id.text, "campaign": campaign.name, "fixes": console.rows(all, words),
                "none": all.isEmpty && request.query.id("before") == nil,
                "older": all.count == Suggestions.most ? all.last?.id.text as Any : "",
                "has_older": all.count == Suggestions.most,
            ])
    }
}

extension Console {
    /// Suggestions as the board and their own page draw them.
    func rows(_ suggestions: [Suggestion], _ words: Words) -> [[String: Any]] {
        let now = Date()
        return suggestions.map { one in
            [
                "fix": one.id.text, "author": one.author.isEmpty ? words("nameless") : one.author,
                "words": one.words.isEmpty ? words("fixes_gone") : one.words,
                "gone": one.words.isEmpty, "age": words.age(one.createdAt, now: now),
                "iso": one.createdAt.stamp, "is_new": one.seenAt == nil && !one.words.isEmpty,
                "seen": one.seenAt == nil
                    ? Optional<String>.none as Any
                    : words("fixes_seen_by", ["name": one.seenBy ?? words("nameless")]),
            ]
        }
    }
}
