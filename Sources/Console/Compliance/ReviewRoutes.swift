import Foundation
import Hummingbird
import Store
import Texting

/// `/k/review`: replies that may be a stop, the most urgent first; each opts out by itself in time.
struct ReviewRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k/review") { request, context in
            try await console.compliant(request, context) { try await list(request, context, $0) }
        }
        router.post("/k/review") { request, context in
            try await console.compliant(request, context) { visitor in
                try await decide(request, context, visitor)
            }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, missing: UUID? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let waiting = try await console.store.reviews.waiting(organisation: visitor.organisation)
        let now = Date()
        return console.compliancePage(
            "compliance_review", request, context, title: words("k_review_title"), at: "review",
            status: missing == nil ? .ok : .unprocessableContent,
            [
                "waiting": waiting.map { row($0, missing: missing, words, now: now) },
                "nobody": waiting.isEmpty,
                "count": words("k_review_count", count: waiting.count),
                "said": request.query["said"].flatMap { name in
                    Reviews.Decision(rawValue: name).map { words("k_review_said_\($0.rawValue)") }
                        ?? (name == "late" ? words("k_review_late") : nil)
                } as Any,
            ])
    }

    private func row(
        _ item: Reviews.Waiting, missing: UUID?, _ words: Words, now: Date
    ) -> [String: Any] {
        let left = item.dueAt.timeIntervalSince(now)
        return [
            "message": item.message.text, "contact": item.contact.text,
            "name": item.name ?? words("nameless"), "masked": words.masked(item.ending),
            "body": item.body, "last_sent": item.lastSent as Any,
            "campaign": item.campaign as Any, "stamp": words.stamp(item.receivedAt),
            "machine": item.receivedAt.machine,
            "clock": left <= 0
                ? words("k_review_now") : words("k_review_in", ["span": words.span(left)]),
            "urgent": left < 4 * 3_600,
            "read_as": words.named("k_meaning", item.meaning), "rule": item.rule,
            "version": item.version, "why": why(item) as Any, "missing": item.message == missing,
        ]
    }

    /// Why the rules read the reply so, with the words that decided; nil if other rules judged it.
    private func why(_ item: Reviews.Waiting) -> String? {
        let reply = Reply(item.body, lastSent: item.lastSent.map { [$0] } ?? [])
        let isSame = item.version == Reply.version && item.rule == reply.rule
        return isSame ? reply.explanation : nil
    }

    private func decide(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        guard let message = form.id("message"),
            let decision = form["decision"].flatMap(Reviews.Decision.init(rawValue:))
        else { return console.notFound(request, context) }
        // The rules took it for a stop: whoever overrules them says why.
        let reason = form["reason"]?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
        if decision == .none, reason.isEmpty {
            return try await list(request, context, visitor, missing: message)
        }
        let holds = try await console.store.reviews.decide(
            organisation: visitor.organisation, message: message, as: decision, by: visitor.id,
            reason: form["reason"])
        return console.redirect("/k/review?said=\(holds ? decision.rawValue : "late")")
    }
}
