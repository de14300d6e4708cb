import Foundation
import Hummingbird
import Store

/// `/k` and `/k/ledger`: the log, searched by what stands in the address.
struct LedgerRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k") { request, context in
            try await console.compliant(request, context) { try await start(request, context, $0) }
        }
        router.get("/k/ledger") { request, context in
            try await console.compliant(request, context) { try await list(request, context, $0) }
        }
        router.post("/k/ledger/export") { request, context in
            try await console.compliant(request, context) { visitor in
                try await export(request, context, visitor)
            }
        }
    }

    private func start(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let ledger = console.store.ledger
        let figures = try await ledger.stopFigures(organisation: visitor.organisation)
        let reviews = try await console.store.reviews.counts(organisation: visitor.organisation)
        let stops = try await ledger.search(
            LedgerFilter(kind: "stop"), organisation: visitor.organisation, limit: 5)
        let cases = try await console.store.cases.requests(
            organisation: visitor.organisation, openOnly: true)
        let late = cases.count { $0.isOverdue() }
        let week = figures.sources.map(\.count).reduce(0, +)
        return console.compliancePage(
            "compliance_start", request, context, title: words("k_start_title"), at: "start",
            [
                "today": words.number(figures.today), "all": words.number(figures.all),
                "waiting": words.number(reviews.waiting),
                "soon": reviews.soon > 0
                    ? words("k_soon", count: reviews.soon) : Optional<String>.none as Any,
                "middle": (figures.middle.map(words.span) ?? "–"),
                "worst": figures.worst.map { words("k_worst", ["span": words.span($0)]) } as Any,
                "sources": figures.sources.map {
                    [
                        "source": words.named("k_source", $0.source),
                        "share": "\($0.count * 100 / max(1, week)) %",
                        "address": "/k/ledger?kind=stop&source=\($0.source)",
                    ]
                },
                "requests": [
                    "open": words.number(cases.count), "late": late > 0,
                    "note": words("k_fig_overdue", count: late),
                ] as [String: Any],
                "lines": stops.map { LedgerView.row($0, words) }, "no_lines": stops.isEmpty,
                "as_of": words.stamp(Date()),
            ])
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let query = LedgerQuery(request.query)
        var rows = try await console.store.ledger.search(
            query.filter, organisation: visitor.organisation, before: query.before,
            limit: LedgerView.pageSize + 1)
        let hasMore = rows.count > LedgerView.pageSize
        if hasMore { rows.removeLast() }
        return console.compliancePage(
            "compliance_ledger", request, context, title: words("k_ledger_title"), at: "ledger",
            [
                "lines": rows.map { LedgerView.row($0, words) }, "no_lines": rows.isEmpty,
                "kinds": LedgerView.choices(LedgerView.kinds, "k_kind", query.filter.kind, words),
                "sources": LedgerView.choices(
                    LedgerView.sources, "k_source", query.filter.source, words),
                "from": query.from, "to": query.to,
                "person": query.filter.contact.map(\.text) as Any,
                "kind": query.filter.kind as Any, "source": query.filter.source as Any,
                "older": hasMore
                    ? rows.last.map { query.address(before: $0.seq) } as Any
                    : Optional<String>.none as Any,
                "newest": query.before == nil
                    ? Optional<String>.none as Any : query.address(before: nil),
            ])
    }

    /// A POST, because it leaves a line: what was taken, by whom, how it was chosen.
    private func export(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        let query = LedgerQuery(form)
        let format = LedgerExport.Format(rawValue: form["format"] ?? "") ?? .csv
        let line = try await console.store.reveals.export(
            "ledger as \(format.rawValue)",
            filter: [
                "kind": query.filter.kind ?? "", "filter_source": query.filter.source ?? "",
                "from": query.from, "to": query.to,
                "person": query.filter.contact?.text ?? "",
            ], for: visitor, network: console.network(request, context))
        return LedgerExport(
            ledger: console.store.ledger, filter: query.filter, format: format,
            organisation: visitor.organisation, upTo: line
        ).response
    }
}

/// The filter as addresses and forms write it.
struct LedgerQuery {
    let filter: LedgerFilter
    let from, to: String
    let before: Int?

    init(_ form: Form) {
        let since = form["from"].flatMap(Self.day)
        let until = form["to"].flatMap(Self.day)
        from = since == nil ? "" : form["from"]!
        to = until == nil ? "" : form["to"]!
        filter = LedgerFilter(
            kind: form["kind"].flatMap { LedgerView.kinds.contains($0) ? $0 : nil },
            source: form["source"].flatMap { LedgerView.sources.contains($0) ? $0 : nil },
            since: since, until: until?.addingTimeInterval(86_400), contact: form.id("person"))
        before = form["before"].flatMap(Int.init)
    }

    /// The same choice, from another line on.
    func address(before: Int?) -> String {
        let parts = [
            ("kind", filter.kind?.replacing(" ", with: "+")), ("source", filter.source),
            ("from", from), ("to", to), ("person", filter.contact?.text),
            ("before", before.map { "\($0)" }),
        ]
        let query = parts.compactMap { name, value in
            value.flatMap { $0.isEmpty ? nil : "\(name)=\($0)" }
        }
        return "/k/ledger" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// Midnight UTC of `2026-11-21`.
    private static func day(_ text: String) -> Date? {
        guard text.utf8.count == 10 else { return nil }
        return try? Date("\(text)T00:00:00Z", strategy: .iso8601)
    }
}

/// Lines of the log as a list shows them.
enum LedgerView {
    static let pageSize = 50
    /// Kinds that can be chosen, the most asked for first.
    static let kinds = [
        "stop", "start", "stop taken back", "undo", "review", "wrong number", "request", "import",
        "export", "reveal", "setting", "hold", "retention", "erasure", "settlement",
    ]
    static let sources = [
        "text", "tap", "provider", "compliance", "timeout", "page", "list", "request", "undo",
    ]

    static func choices(
        _ names: [String], _ prefix: String, _ current: String?, _ words: Words
    ) -> [[String: Any]] {
        names.map {
            ["value": $0, "label": words.named(prefix, $0), "chosen": $0 == current]
        }
    }

    static func row(_ row: LedgerRow, _ words: Words) -> [String: Any] {
        let details = row.details
        let how =
            details["source"].map { words.named("k_source", $0) }
            ?? details["decision"].map { words.named("k_decision", $0) }
            ?? details["setting"] ?? details["what"] ?? details["step"]
        let rule = details["rule"].map { rule in
            details["version"].map { "\(rule), \($0)" } ?? rule
        }
        let honoured =
            details["already_out"] == "true"
            ? words("k_already_out") : row.honouredIn.map { words.span($0 / .seconds(1)) }
        return [
            "seq": "\(row.seq)", "stamp": words.stamp(row.at), "machine": row.at.machine,
            "what": words.named("k_kind", row.kind), "stops": row.kind == "stop",
            "person": row.contact.map(\.text) as Any,
            "masked": row.contact == nil
                ? Optional<String>.none as Any : words.masked(row.ending),
            "how": how as Any, "rule": rule as Any, "by": row.member as Any,
            "reason": details["reason"] as Any, "honoured": honoured as Any,
            "confirmed": row.confirmedAt.map(words.stamp) as Any,
            "hash": String(row.hash.hex.prefix(16)),
        ]
    }
}
