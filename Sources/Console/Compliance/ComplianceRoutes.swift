import Foundation
import Hummingbird
import Store

/// `/k`: what compliance staff see; for everybody else none of it is there.
struct ComplianceRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        NumberRoutes(console: console).add(to: router)
        LedgerRoutes(console: console).add(to: router)
        ReviewRoutes(console: console).add(to: router)
        UndoRoutes(console: console).add(to: router)
        OptOutListRoutes(console: console).add(to: router)
        RequestRoutes(console: console).add(to: router)
        SubjectRoutes(console: console).add(to: router)
        HoldRoutes(console: console).add(to: router)
        DeletionRoutes(console: console).add(to: router)
        ProofRoutes(console: console).add(to: router)
        RuleRoutes(console: console).add(to: router)
    }
}

extension Console {
    /// Runs `body` for compliance staff; for others the page is not there.
    func compliant(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor) async throws -> Response
    ) async throws -> Response {
        try await staffed(request, context, Role.compliers, body)
    }

    /// A page of compliance: wide, with the places of this part above it.
    func compliancePage(
        _ template: String, _ request: Request, _ context: ConsoleContext, title: String,
        at place: String, status: HTTPResponse.Status = .ok, _ values: [String: Any] = [:]
    ) -> Response {
        let words = words(request, context)
        var all = values
        all["wide"] = true
        all["rooms"] = Self.places.map { name in
            [
                "address": name == "start" ? "/k" : "/k/\(name)",
                "label": words("k_place_\(name)"), "is_here": name == place,
            ]
        }
        all["printed"] = words(
            "k_printed",
            [
                "organisation": context.visitor?.organisationName ?? "",
                "by": context.visitor?.name ?? "", "when": words.stamp(Date()),
            ])
        return page(
            template, request, context, title: title, here: "compliance", status: status, all)
    }

    /// Names of the places, as their addresses have them.
    private static let places = [
        "start", "number", "ledger", "review", "undo", "requests", "list", "holds", "rules",
    ]
}
