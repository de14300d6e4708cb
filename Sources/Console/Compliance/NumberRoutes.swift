import Foundation
import Hummingbird
import Store
import Texting

/// `/k/number` and `/k/p/ID`: why was this person texted?
///
/// A number is asked for by POST and never stands in an address, a log or a browser's history.
struct NumberRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k/number") { request, context in
            try await console.compliant(request, context) { _ in search(request, context) }
        }
        router.post("/k/number") { request, context in
            try await console.compliant(request, context) { try await find(request, context, $0) }
        }
        router.get("/k/p/:person") { request, context in
            try await console.compliant(request, context) { visitor in
                try await history(request, context, visitor)
            }
        }
        router.post("/k/p/:person/reveal") { request, context in
            try await console.compliant(request, context) { visitor in
                try await reveal(request, context, visitor)
            }
        }
        router.post("/k/p/:person/stop") { request, context in
            try await console.compliant(request, context) { try await stop(request, context, $0) }
        }
    }

    private func search(
        _ request: Request, _ context: ConsoleContext, number: String? = nil, error: String? = nil
    ) -> Response {
        let words = console.words(request, context)
        return console.compliancePage(
            "compliance_number", request, context, title: words("k_number_title"), at: "number",
            status: error == nil ? .ok : .unprocessableContent,
            ["number": number ?? "", "error": error.map { words($0) } as Any])
    }

    private func find(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let given = try await request.form()["number"] ?? ""
        guard let number = PhoneNumber(given, regions: visitor.countries) else {
            return search(request, context, number: given, error: "k_number_wrong")
        }
        let person = try await console.store.histories.find(
            number.e164, organisation: visitor.organisation)
        guard let person else {
            return search(request, context, number: given, error: "k_number_unknown")
        }
        return console.redirect("/k/p/\(person.text)")
    }

    private func history(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor,
        revealed: Reveals.Revealed? = nil
    ) async throws -> Response {
        guard let id = context.person,
            let history = try await console.store.histories.read(
                id, organisation: visitor.organisation)
        else { return console.notFound(request, context) }
        let words = console.words(request, context)
        var values = HistoryView(history, words).values
        values["person"] = id.text
        values["revealed"] = revealed?.number as Any
        values["revealed_note"] =
            revealed.map {
                words("k_revealed", ["when": words.stamp(Date()), "line": "\($0.line)"])
            } as Any
        values["stopped"] = request.query["said"] == "stopped"
        return console.compliancePage(
            "compliance_history", request, context, title: words("k_history_title"), at: "number",
            values)
    }

    /// Shown in the answer to the press alone: reading the page again hides it again.
    private func reveal(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let id = context.person,
            let revealed = try await console.store.reveals.number(
                of: id, for: visitor, network: console.network(request, context))
        else { return console.notFound(request, context) }
        return try await history(request, context, visitor, revealed: revealed)
    }

    private func stop(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let reason = try await request.form()["reason"]
        guard let id = context.person,
            try await console.store.histories.stop(id, reason: reason, by: visitor)
        else { return console.notFound(request, context) }
        return console.redirect("/k/p/\(id.text)?said=stopped")
    }
}

extension ConsoleContext {
    /// The person whom the address names.
    var person: UUID? { parameters.get("person").flatMap(UUID.init(uuidString:)) }
}
