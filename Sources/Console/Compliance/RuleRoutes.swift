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
        let house = try await Organisations(database: console.store.database).read(
            visitor.organisation)
        let isStrict = given.map { $0["strict"] != nil } ?? house.isStrictSales
        return console.compliancePage(
            "compliance_rules", request, context, title: words("k_rules_title"), at: "rules",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "countries": given?["countries"] ?? house.countries.joined(separator: ", "),
                "imprint": given.map { $0["imprint"] ?? "" } ?? house.imprint ?? "",
                "strict": isStrict,
                "paced": words(house.pacedAllowed ? "k_rules_paced_yes" : "k_rules_paced_no"),
                "reason": given?["reason"] ?? "", "error": error as Any,
                "saved": request.query["said"] == "saved",
                "profiles": house.countries.map { country in
                    [
                        "country": country,
                        "rules": JurisdictionProfile(country: country).rules.map { rule in
                            [
                                "name": words.named("k_rule", rule.name),
                                "value": words.named("k_value", rule.value),
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
            try await change(
                codes.map { $0.uppercased() }, imprint: form["imprint"] ?? "",
                isStrict: form["strict"] != nil, reason: "\(reason) (\(visitor.name))",
                organisation: visitor.organisation)
        } catch is InvalidInput {
            return try await show(
                request, context, visitor, given: form, error: words("k_rules_wrong"))
        }
        return console.redirect("/k/rules?said=saved")
    }

    /// Only what differs is written, each a line of its own.
    private func change(
        _ countries: [String], imprint: String, isStrict: Bool, reason: String, organisation: Int32
    ) async throws {
        let organisations = Organisations(database: console.store.database)
        let house = try await organisations.read(organisation)
        if countries != house.countries {
            _ = try await organisations.setCountries(
                countries, reason: reason, organisation: organisation)
        }
        if imprint != house.imprint ?? "" {
            _ = try await organisations.setImprint(
                imprint, reason: reason, organisation: organisation)
        }
        if isStrict != house.isStrictSales {
            _ = try await organisations.setStrictSales(
                isStrict, reason: reason, organisation: organisation)
        }
    }
}
