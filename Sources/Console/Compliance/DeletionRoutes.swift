import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Store
import Texting

/// `/k/deletions`: what goes tonight by the limits set, and certificates of what went.
struct DeletionRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/k/deletions") { request, context in
            try await console.compliant(request, context) { try await show(request, context, $0) }
        }
        router.get("/k/deletions/:round") { request, context in
            try await console.compliant(request, context) {
                try await certificate(request, context, $0)
            }
        }
        router.post("/k/deletions/:round/proof") { request, context in
            try await console.compliant(request, context) { try await prove(request, context, $0) }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let house = visitor.organisation
        let previews = try await console.store.retention.preview(organisation: house)
        let rounds = try await console.store.deletions.list(organisation: house)
        let due = previews.reduce(0) { $0 + $1.due }
        return console.compliancePage(
            "compliance_deletions", request, context, title: words("g_title"), at: "holds",
            [
                "tonight": due == 0
                    ? words("g_tonight_nothing") : words("g_tonight", count: due),
                "held": previews.reduce(0) { $0 + $1.held } == 0
                    ? Optional<String>.none as Any
                    : words("g_held", count: previews.reduce(0) { $0 + $1.held }),
                "no_limits": previews.allSatisfy { $0.days == nil },
                "kinds": previews.filter { $0.days != nil }.map { kind($0, words) },
                "rounds": rounds.map { round($0, words) }, "no_rounds": rounds.isEmpty,
            ])
    }

    private func kind(_ preview: RetentionPreview, _ words: Words) -> [String: Any] {
        [
            "value": preview.kind.rawValue,
            "label": words("k_keep_\(preview.kind.rawValue)"),
            "limit": words("k_keep_days", count: preview.days ?? 0),
            "before": preview.before.map { words("g_before", ["date": words.date($0)]) } as Any,
            "nothing": preview.parts.isEmpty,
            "parts": preview.parts.map { part in
                [
                    "what": words("g_\(part.source)"), "month": part.month,
                    "due": words.number(part.due), "held": words.number(part.held),
                ]
            },
        ]
    }

    private func round(_ round: Deletion, _ words: Words) -> [String: Any] {
        [
            "id": round.id.text, "what": words("k_keep_\(round.kind.rawValue)"),
            "when": round.finishedAt.map { words.stamp($0) } ?? words("g_open"),
            "rows": words.number(round.total), "held": words.number(round.held),
            "line": round.line.map { "\($0)" } as Any,
        ]
    }

    private func certificate(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let (round, line) = try await ended(context, visitor) else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        let row = try await console.store.ledger.line(line, organisation: visitor.organisation)
        let head = try await heads().covering(line, organisation: visitor.organisation)
        var facts: [(String, String)] = [
            ("g_fact_rule", words("k_keep_\(round.kind.rawValue)")),
            ("g_fact_limit", words("g_fact_limit_days", count: round.days)),
            ("g_fact_before", words.stamp(round.before)),
            ("g_fact_ran", words.stamp(round.startedAt)),
            ("g_fact_ended", round.finishedAt.map { words.stamp($0) } ?? ""),
            ("g_fact_held", words.number(round.held)),
            ("g_fact_digest", round.digest), ("k_fact_line", "\(line)"),
        ]
        if let row { facts.append(("k_fact_line_hash", row.hash.hex)) }
        if let head {
            facts += [
                ("g_fact_head", words("g_fact_head_of", count: head.size)),
                ("g_fact_signed", head.signedAt), ("g_fact_root", head.root),
                ("g_fact_key", head.keyID), ("g_fact_signature", head.signature),
            ]
        }
        return console.compliancePage(
            "compliance_certificate", request, context, title: words("g_certificate"), at: "holds",
            [
                "id": round.id.text, "total": words("g_went", count: round.total),
                "parts": round.removed.filter { $0.value > 0 }.sorted { $0.key < $1.key }
                    .map { ["what": words("g_\($0.key)"), "rows": words.number($0.value)] },
                "facts": facts.map { ["label": words($0.0), "value": $0.1] },
                "unsigned": head == nil,
            ])
    }

    private func ended(
        _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> (round: Deletion, line: Int)? {
        guard let id = context.parameters.get("round").flatMap(UUID.init(uuidString:)),
            let round = try await console.store.deletions.find(
                id, organisation: visitor.organisation), let line = round.line
        else { return nil }
        return (round, line)
    }

    private func heads() throws -> LedgerHeads {
        try LedgerHeads(
            database: console.store.database, seed: console.store.secret.key(.signing))
    }

    /// The certificate's line with its path to a head that is signed now.
    private func prove(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        guard let (round, line) = try await ended(context, visitor) else {
            return console.notFound(request, context)
        }
        let bundle = try await heads().prove([line], organisation: visitor.organisation)
        return ProofRoutes.file(
            "deletion-\(round.id.text.prefix(8)).json", try ProofRoutes.encode(bundle))
    }
}
