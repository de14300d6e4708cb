import Foundation
import Hummingbird
import Store
import Texting

/// `/k/requests`: what came by mail, phone, post or the person's page, each with its clock.
struct RequestRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k/requests") { request, context in
            try await console.compliant(request, context) { try await list(request, context, $0) }
        }
        router.post("/k/requests") { request, context in
            try await console.compliant(request, context) { try await open(request, context, $0) }
        }
        router.get("/k/requests/:request") { request, context in
            try await console.compliant(request, context) { visitor in
                try await detail(request, context, visitor)
            }
        }
        router.post("/k/requests/:request/:step") { request, context in
            try await console.compliant(request, context) { try await step(request, context, $0) }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, error: String? = nil,
        given: Form? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let all = request.query["all"] != nil
        let cases = try await console.store.cases.requests(
            organisation: visitor.organisation, openOnly: !all, limit: 200)
        let today = String(Date().formatted(.iso8601).prefix(10))
        return console.compliancePage(
            "compliance_requests", request, context, title: words("k_requests_title"),
            at: "requests", status: error == nil ? .ok : .unprocessableContent,
            [
                "cases": cases.map { RequestView($0, words).values }, "nobody": cases.isEmpty,
                "all": all, "error": error as Any, "today": today,
                "received": given?["received"] ?? today, "words": given?["words"] ?? "",
                "name": given?["name"] ?? "", "address": given?["address"] ?? "",
                "kinds": RequestKind.allCases.map {
                    [
                        "value": $0.rawValue, "label": words("k_request_\($0.rawValue)"),
                        "chosen": given?["kind"] == $0.rawValue,
                    ]
                },
                "channels": [RequestChannel.mail, .phone, .post, .other].map {
                    [
                        "value": $0.rawValue, "label": words("k_channel_\($0.rawValue)"),
                        "chosen": given?["channel"] == $0.rawValue,
                    ]
                },
                "said": request.query["said"] == "closed"
                    ? words("k_request_said_closed") : Optional<String>.none as Any,
            ])
    }

    private func open(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        let words = console.words(request, context)
        guard let kind = form["kind"].flatMap(RequestKind.init(rawValue:)),
            let channel = form["channel"].flatMap(RequestChannel.init(rawValue:)),
            let received = form["received"].flatMap(Self.day)
        else {
            return try await list(
                request, context, visitor, error: words("k_request_incomplete"), given: form)
        }
        var contact: UUID?
        if let number = form["number"] {
            guard let read = PhoneNumber(number, regions: visitor.countries) else {
                return try await list(
                    request, context, visitor, error: words("k_number_wrong"), given: form)
            }
            contact = try await console.store.histories.findOrAdd(read, for: visitor)
        }
        if kind.isStop, contact == nil {
            return try await list(
                request, context, visitor, error: words("k_request_needs_number"), given: form)
        }
        let opened = try await console.store.cases.open(
            NewRequest(
                kind, by: channel, receivedAt: min(received, Date()), contact: contact,
                facts: .init(
                    words: form["words"] ?? "", name: form["name"] ?? "",
                    address: form["address"] ?? ""), recordedBy: visitor.id),
            organisation: visitor.organisation)
        return console.redirect("/k/requests/\(opened.id.text)?said=opened")
    }

    /// Opens what the person said: a look at it is a line of the ledger.
    private func detail(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, error: String? = nil,
        facts: NewRequest.Facts? = nil
    ) async throws -> Response {
        guard let id = context.request,
            let found = try await console.store.cases.request(
                id, organisation: visitor.organisation)
        else { return console.notFound(request, context) }
        let words = console.words(request, context)
        var values = RequestView(found, words).values
        values["error"] = error as Any
        values["said"] =
            request.query["said"] == "opened"
            ? words("k_request_said_opened") : Optional<String>.none as Any
        values["facts"] =
            facts.map { facts in
                [
                    "words": facts.words, "name": (facts.name.isEmpty ? nil : facts.name) as Any,
                    "address": (facts.address.isEmpty ? nil : facts.address) as Any,
                ] as [String: Any]
            } as Any
        return console.compliancePage(
            "compliance_request", request, context,
            title: words("k_request_\(found.kind.rawValue)"), at: "requests",
            status: error == nil ? .ok : .unprocessableContent, values)
    }

    private func step(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let id = context.request else { return console.notFound(request, context) }
        let (cases, house) = (console.store.cases, visitor.organisation)
        let form = try await request.form()
        let words = console.words(request, context)
        do {
            switch context.parameters.get("step") {
            case "read":
                let facts = try await cases.facts(of: id, organisation: house)
                _ = try await console.store.reveals.export(
                    "words of a request", filter: ["request": id.text], for: visitor,
                    network: console.network(request, context))
                return try await detail(
                    request, context, visitor,
                    facts: facts ?? .init(words: words("k_request_destroyed")))
            case "acknowledge":
                _ = try await cases.acknowledge(id, organisation: house, by: visitor.id)
            case "close":
                guard let outcome = form["outcome"] else {
                    return try await detail(
                        request, context, visitor, error: words("k_request_outcome_missing"))
                }
                _ = try await cases.close(
                    id, outcome: outcome, organisation: house, by: visitor.id)
                return console.redirect("/k/requests?said=closed")
            default: return console.notFound(request, context)
            }
        } catch is InvalidInput {
            return try await detail(request, context, visitor, error: words("k_request_late"))
        }
        return console.redirect("/k/requests/\(id.text)")
    }

    /// Midnight UTC of `2026-11-21`.
    private static func day(_ text: String) -> Date? {
        try? Date("\(text)T00:00:00Z", strategy: .iso8601)
    }
}

extension ConsoleContext {
    fileprivate var request: UUID? { parameters.get("request").flatMap(UUID.init(uuidString:)) }
}

/// A request with its clock, in words.
struct RequestView {
    let request: CaseRequest
    let words: Words

    init(_ request: CaseRequest, _ words: Words) {
        self.request = request
        self.words = words
    }

    var values: [String: Any] {
        let now = Date()
        let isOver = request.isOverdue(at: now)
        return [
            "id": request.id.text, "kind": words("k_request_\(request.kind.rawValue)"),
            "channel": words("k_channel_\(request.channel.rawValue)"),
            "contact": request.contact.map(\.text) as Any,
            "received": words.date(request.receivedAt),
            "due": words.date(request.dueAt.addingTimeInterval(-1)),
            "clock": clock(now), "late": isOver, "is_open": request.closedAt == nil,
            "may_acknowledge": request.kind == .complaint && request.acknowledgedAt == nil
                && request.closedAt == nil,
            "acknowledged": request.acknowledgedAt.map(words.stamp) as Any,
            "closed": request.closedAt.map(words.stamp) as Any,
            "outcome": request.outcome as Any,
            "reference": String(request.id.text.prefix(13)),
            "may_export": request.kind == .access && request.contact != nil,
            "may_erase": request.kind == .erasure && request.contact != nil,
        ]
    }

    /// Business days for stops, calendar days for the rest.
    private func clock(_ now: Date) -> String {
        if let met = request.metAt {
            return words(
                request.isOverdue(at: now) ? "k_clock_met_late" : "k_clock_met",
                ["when": words.date(met)])
        }
        if case .businessDays = request.kind.clock {
            let left = RequestClock.businessDaysLeft(until: request.dueAt, now: now)
            return left < 0 || now >= request.dueAt
                ? words("k_clock_over_business", count: max(1, -left))
                : words("k_clock_business", count: left)
        }
        let days = Int((request.dueAt.timeIntervalSince(now) / 86_400).rounded(.down))
        return days < 0
            ? words("k_clock_over", count: -days) : words("k_clock_days", count: days)
    }
}
