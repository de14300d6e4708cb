import Foundation
import Hummingbird
import Store
import Texting

/// `/o`: all campaigns, with their health, from running totals.
struct CampaignListRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o") { request, context in
            try await console.staffed(request, context, Role.leaders) {
                try await list(request, context, $0)
            }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let store = console.store.campaignRows
        let counts = try await store.counts(organisation: visitor.organisation)
        var choice = Self.choice(request.query)
        // With nothing live, drafts are what somebody comes for.
        if request.query["shelf"] == nil, counts[.live] == 0, counts[.drafts] ?? 0 > 0 {
            choice.shelf = .drafts
        }
        let rows = try await store.list(choice, organisation: visitor.organisation)
        let size = CampaignRows.pageSize
        let now = Date()
        let total = counts.values.reduce(0, +)
        return console.page(
            "organiser_campaigns", request, context, title: words("campaigns_title"),
            here: "campaigns",
            [
                "find": choice.search ?? "", "shelf": choice.shelf.rawValue,
                "may_make": Role.organisers.contains(visitor.staffRole),
                "shelves": CampaignChoice.Shelf.allCases.map { shelf in
                    [
                        "address": Self.address(choice) { $0.shelf = shelf },
                        "name": words("shelf_\(shelf.rawValue)"),
                        "count": words.number(counts[shelf] ?? 0), "here": shelf == choice.shelf,
                    ]
                },
                "heads": Self.heads(choice, words),
                "rows": rows.prefix(size).map { Self.row($0, words, now) },
                "nothing": rows.isEmpty, "nothing_yet": total == 0,
                "before": choice.page > 1
                    ? Self.address(choice) { $0.page -= 1 } as Any : nil as String? as Any,
                "after": rows.count > size
                    ? Self.address(choice) { $0.page += 1 } as Any : nil as String? as Any,
            ])
    }

    static func choice(_ query: Form) -> CampaignChoice {
        var choice = CampaignChoice()
        choice.shelf = query["shelf"].flatMap(CampaignChoice.Shelf.init(rawValue:)) ?? .live
        choice.order = query["by"].flatMap(CampaignChoice.Order.init(rawValue:)) ?? .newest
        choice.search = query["find"].map { String($0.prefix(100)) }
        choice.page = min(10_000, max(1, query["page"].flatMap { Int($0) } ?? 1))
        return choice
    }

    /// The same list under another choice; what is usual stands in no address.
    private static func address(
        _ choice: CampaignChoice, _ change: (inout CampaignChoice) -> Void
    ) -> String {
        var other = choice
        change(&other)
        if other.shelf != choice.shelf || other.order != choice.order { other.page = 1 }
        var parts = ["shelf=\(other.shelf.rawValue)"]
        if other.order != .newest { parts.append("by=\(other.order.rawValue)") }
        if let search = other.search { parts.append("find=\(encoded(search))") }
        if other.page > 1 { parts.append("page=\(other.page)") }
        return "/o?" + parts.joined(separator: "&")
    }

    private static func heads(_ choice: CampaignChoice, _ words: Words) -> [[String: Any]] {
        let columns: [(String, CampaignChoice.Order?)] = [
            ("name", .name), ("health", nil), ("sent", .sent), ("reply", .replies),
            ("stops", .stops), ("waiting", .waiting), ("as_of", nil),
        ]
        return columns.map { key, order in
            [
                "name": words("column_\(key)"),
                "address": order.map { order in address(choice) { $0.order = order } } as Any,
                "sorted": order == choice.order,
            ]
        }
    }

    private static func row(_ row: CampaignRow, _ words: Words, _ now: Date) -> [String: Any] {
        let isDraft = row.state == .draft
        let health = health(row, now)
        return [
            "address": isDraft ? "/o/c/\(row.id.text)/who" : "/o/c/\(row.id.text)",
            "name": row.name, "health": words("health_\(health.key)"), "tone": health.tone,
            "sent": "\(words.number(row.sent))/\(words.number(row.people))",
            "reply": share(row.replies, of: row.sent), "stops": share(row.optOuts, of: row.sent),
            "waiting": row.waiting == 0
                ? "–"
                : words.number(row.waiting)
                    + (row.waitsSince.map { " (\(words.age($0, now: now)))" } ?? ""),
            "as_of": row.asOf.map { words.age($0, now: now) } ?? "–",
            "reason": row.state == .held || row.state == .paused
                // What the rule wrote is figures; what a person wrote is their own words.
                ? row.reason.map { HoldReason($0).map(words.hold) ?? $0 } as Any : "" as Any,
            "has_reason": (row.state == .held || row.state == .paused)
                && row.reason?.isEmpty == false,
        ]
    }

    /// A word and its colour; people who wait over twenty minutes are the first thing to look at.
    private static func health(_ row: CampaignRow, _ now: Date) -> (key: String, tone: String) {
        switch row.state {
        case .draft: return row.launchAt == nil ? ("draft", "") : ("soon", "warn")
        case .held: return ("held", "stop")
        case .paused: return ("paused", "warn")
        case .finished: return ("finished", "")
        case .ended: return ("ended", "")
        case .live:
            let waits = row.waitsSince.map { now.timeIntervalSince($0) } ?? 0
            return waits > 20 * 60 ? ("slow", "warn") : ("ok", "good")
        }
    }

    /// In per cent with one decimal, as the language of numbers needs no more here.
    private static func share(_ part: Int, of whole: Int) -> String {
        guard whole > 0 else { return "–" }
        let tenths = (part * 1_000 + whole / 2) / whole
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
