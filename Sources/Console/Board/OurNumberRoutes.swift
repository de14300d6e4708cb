import Foundation
import Hummingbird
import Store

/// `/o/numbers`: our numbers by pool, and how each has done lately.
struct OurNumberRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/numbers") { request, context in
            try await console.staffed(request, context, Role.leaders) { visitor in
                try await list(request, context, visitor)
            }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        let rows = try await console.store.numberHealth.list(organisation: visitor.organisation)
        let pools = Dictionary(grouping: rows, by: \.sender.pool).sorted { $0.key < $1.key }
        let now = Date()
        return console.page(
            "numbers", request, context, title: words("numbers_title"), here: "campaigns",
            scripts: ["app.js", "board.js"],
            [
                "wide": true, "nobody": rows.isEmpty, "now": words.exactClock(now),
                "now_iso": now.stamp,
                "pools": pools.map { pool, rows in
                    [
                        "pool": pool, "numbers": rows.map { row($0, words, now) },
                        "summary": words("numbers_pool", count: rows.count),
                        "rate": words(
                            "numbers_rate",
                            ["rate": words.number(Int(Self.rate(rows).rounded()))]),
                    ]
                },
            ])
    }

    /// Segments a minute of all numbers that may send.
    private static func rate(_ rows: [NumberRow]) -> Float {
        rows.filter { $0.sender.quarantinedAt == nil }.reduce(0) {
            $0 + $1.sender.segmentsPerSecond * 60
        }
    }

    private func row(_ row: NumberRow, _ words: Words, _ now: Date) -> [String: Any] {
        let cap = row.sender.dailyCap.map(Int.init)
        let expires = row.sender.registrationExpiresAt
        let state =
            row.sender.quarantinedAt != nil
            ? ("number_quarantined", "stop")
            : expires.map { $0 <= now } ?? false
                ? ("number_expired", "stop")
                : row.isHeld ? ("number_ready", "good") : ("number_idle", "warn")
        return [
            "number": row.sender.number, "state": words(state.0), "state_class": state.1,
            "rate": words.number(Int((row.sender.segmentsPerSecond * 60).rounded())),
            "used": cap.map {
                words("number_used", ["n": words.number(row.capUsed), "cap": words.number($0)])
            }
                ?? words.number(row.capUsed),
            "near": cap.map { row.capUsed * 10 >= $0 * 9 } ?? false,
            "waiting": words.number(row.waiting),
            "delivered": row.tried > 0 ? words.percent(row.delivered, of: row.tried) : "–",
            "failed": row.tried > 0 ? words.percent(row.failed, of: row.tried) : "–",
            "stops": words.number(row.stops), "tried": words.number(row.tried),
        ]
    }
}
