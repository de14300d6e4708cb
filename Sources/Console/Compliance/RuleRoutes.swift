import Foundation
import Hummingbird
import Store
import Texting

/// `/k/rules`: whose law applies, and what it asks of texts, with its ground and its day.
struct RuleRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k/rules") { request, context in
            try await console.compliant(request, context) { try await show(request, context, $0) }
        }
        router.post("/k/rules") { request, context in
            try await console.compliant(request, context) { try await set(request, context, $0) }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, given: Form? = nil,
        error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        return console.compliancePage(
            "compliance_rules", request, context, title: words("k_rules_title"), at: "rules",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "countries": given?["countries"] ?? visitor.countries.joined(separator: ", "),
                "reason": given?["reason"] ?? "", "error": error as Any,
                "saved": request.query["said"] == "saved",
                "profiles": visitor.countries.map { country in
                    [
                        "country": country,
                        "rules": JurisdictionProfile(country: country).rules.map { rule in
                            [
                                "name": words.named("k_rule", rule.name), "value": rule.value,
                                "basis": rule.basis, "force": rule.inForce,
                                "reviewed": rule.reviewedOn,
                            ]
                        },
                    ] as [String: Any]
                },
            ])
    }

    private func set(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        let words = console.words(request, context)
        let codes = (form["countries"] ?? "").split { !$0.isLetter }.map(String.init)
        guard let reason = form["reason"] else {
            return try await show(
                request, context, visitor, given: form, error: words("k_reason_missing"))
        }
        do {
            _ = try await Organisations(database: console.store.database).setCountries(
                codes, reason: "\(reason) (\(visitor.name))", organisation: visitor.organisation)
        } catch is InvalidInput {
            return try await show(
                request, context, visitor, given: form, error: words("k_rules_wrong"))
        }
        return console.redirect("/k/rules?said=saved")
    }
}
