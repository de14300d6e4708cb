import Foundation
import Hummingbird
import Store
import Texting

/// `/k/holds` and `/k/keep`: what must be kept, and how long the rest is.
struct HoldRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k/holds") { request, context in
            try await console.compliant(request, context) { try await list(request, context, $0) }
        }
        router.post("/k/holds") { request, context in
            try await console.compliant(request, context) { try await place(request, context, $0) }
        }
        router.post("/k/holds/release") { request, context in
            try await console.compliant(request, context) { visitor in
                try await release(request, context, visitor)
            }
        }
        router.post("/k/keep") { request, context in
            try await console.compliant(request, context) { try await keep(request, context, $0) }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let house = visitor.organisation
        let holds = try await console.store.holds.list(organisation: house)
        let days = try await console.store.retention.settings(organisation: house)
        let campaigns = try await Campaigns(database: console.store.database)
            .list(organisation: house)
        let names = Dictionary(
            campaigns.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
        return console.compliancePage(
            "compliance_holds", request, context, title: words("k_holds_title"), at: "holds",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "holds": holds.map { row($0, names, words) }, "nobody": holds.isEmpty,
                "campaigns": campaigns.map { ["value": $0.id.text, "label": $0.name] },
                "error": error as Any,
                "law": words(
                    "g_law",
                    count: visitor.countries.map { JurisdictionProfile(country: $0).retentionYears }
                        .max() ?? 5),
                "keeps": RetentionKind.allCases.map {
                    [
                        "value": $0.rawValue, "label": words("k_keep_\($0.rawValue)"),
                        "days": days[$0].map { "\($0)" } ?? "",
                        "now": days[$0].map { words("k_keep_days", count: $0) }
                            ?? words("k_keep_ever"),
                    ]
                },
            ])
    }

    private func row(
        _ hold: LegalHold, _ names: [UUID: String], _ words: Words
    ) -> [String: Any] {
        [
            "id": hold.id.text, "scope": words("k_hold_\(hold.scope.rawValue)"),
            "campaign": hold.campaign.map { names[$0] ?? $0.text } as Any,
            "contact": hold.contact.map(\.text) as Any,
            "reference": (hold.reference.isEmpty ? nil : hold.reference) as Any,
            "reason": hold.reason, "placed": words.stamp(hold.placedAt),
            "stands": hold.isActive(), "until": hold.until.map(words.date) as Any,
            "released": hold.releasedAt.map {
                words("k_hold_released", ["when": words.stamp($0)])
                    + " " + (hold.releaseReason ?? "")
            } as Any,
        ]
    }

    private func place(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        let words = console.words(request, context)
        var target: HoldTarget? = form["scope"] == "organisation" ? .organisation : nil
        if form["scope"] == "campaign" { target = form.id("campaign").map { .campaign($0) } }
        if form["scope"] == "person", let number = form["number"],
            let read = PhoneNumber(number, regions: visitor.countries)
        {
            target = try await console.store.histories.find(
                read.e164, organisation: visitor.organisation
            ).map { .person($0) }
        }
        guard let target, let reason = form["reason"] else {
            return try await list(request, context, visitor, error: words("k_hold_incomplete"))
        }
        _ = try await console.store.holds.add(
            target, reason: reason, reference: form["reference"] ?? "",
            organisation: visitor.organisation, by: visitor.id)
        return console.redirect("/k/holds")
    }

    private func release(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        guard let id = form.id("hold"), let reason = form["reason"] else {
            return try await list(
                request, context, visitor,
                error: console.words(request, context)("k_reason_missing"))
        }
        do {
            _ = try await console.store.holds.release(
                id, reason: reason, organisation: visitor.organisation, by: visitor.id)
        } catch is InvalidInput {
            return console.notFound(request, context)
        }
        return console.redirect("/k/holds")
    }

    private func keep(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        let words = console.words(request, context)
        guard let kind = form["kind"].flatMap(RetentionKind.init(rawValue:)),
            case let days = form["days"].flatMap({ Int($0) }), days != nil || form["days"] == nil
        else {
            return try await list(request, context, visitor, error: words("k_keep_wrong"))
        }
        do {
            try await console.store.retention.set(
                kind, days: days, organisation: visitor.organisation, by: visitor.id)
        } catch is InvalidInput {
            return try await list(request, context, visitor, error: words("k_keep_wrong"))
        }
        return console.redirect("/k/holds")
    }
}
