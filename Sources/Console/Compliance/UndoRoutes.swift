import Foundation
import Hummingbird
import Store

/// Taking a stop back: asked for at the person's history, decided at `/k/undo` by somebody else.
struct UndoRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.post("/k/p/:person/undo") { request, context in
            try await console.compliant(request, context) { try await ask(request, context, $0) }
        }
        router.get("/k/undo") { request, context in
            try await console.compliant(request, context) { try await list(request, context, $0) }
        }
        router.post("/k/undo") { request, context in
            try await console.compliant(request, context) { visitor in
                try await decide(request, context, visitor)
            }
        }
    }

    private func ask(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let person = context.person else { return console.notFound(request, context) }
        let asked = try await console.store.undos.ask(
            person, reason: try await request.form()["reason"], by: visitor)
        let said =
            switch asked {
            case .asked, .already: "asked"
            case .notStopped: "not_stopped"
            case .reasonMissing: "reason"
            }
        return console.redirect("/k/undo?said=\(said)")
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let waiting = try await console.store.undos.waiting(organisation: visitor.organisation)
        let said = request.query["said"] ?? ""
        return console.compliancePage(
            "compliance_undo", request, context, title: words("k_undo_title"), at: "undo",
            [
                "waiting": waiting.map { row($0, visitor, words) }, "nobody": waiting.isEmpty,
                "said": Self.sayings.contains(said)
                    ? words("k_undo_said_\(said)") : Optional<String>.none as Any,
            ])
    }

    private static let sayings: Set<String> = [
        "asked", "not_stopped", "reason", "granted", "declined", "needsAnother", "overtaken",
        "gone",
    ]

    private func row(
        _ item: Undos.Waiting, _ visitor: Visitor, _ words: Words
    ) -> [String: Any] {
        [
            "id": item.id.text, "contact": item.contact.text,
            "name": item.name ?? words("nameless"), "masked": words.masked(item.ending),
            "stopped": words(
                "k_undo_stopped",
                [
                    "when": words.stamp(item.stoppedAt), "line": "\(item.stopLine)",
                    "how": words.named("k_source", item.source ?? ""),
                ]),
            "asked": words(
                "k_undo_asked_by", ["who": item.asker, "when": words.stamp(item.askedAt)]),
            "reason": item.reason, "is_mine": item.askedBy == visitor.id,
        ]
    }

    private func decide(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        guard let id = form.id("request") else { return console.notFound(request, context) }
        let decided = try await console.store.undos.decide(
            id, grants: form["grant"] != nil, by: visitor)
        return console.redirect("/k/undo?said=\(decided)")
    }
}
