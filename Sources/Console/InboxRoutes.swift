import Foundation
import Hummingbird
import Store

/// `/inbox`: who waits for whom (screen T4).
struct InboxRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/inbox") { request, context in
            try await console.signedIn(request, context) { try await list(request, context, $0) }
        }
        router.post("/inbox/take") { request, context in
            try await console.signedIn(request, context) { visitor in
                let team = try await request.form().id("team")
                _ = try await console.store.desk.take(5, for: visitor, team: team)
                return console.redirect("/inbox")
            }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let query = request.query
        let bucket = query["bucket"].flatMap(Bucket.init(rawValue:)) ?? .needs
        let words = console.words(request, context)
        let desk = console.store.desk
        let isQuiet = try await console.store.volunteers.seen(visitor)
        let counts = try await desk.counts(for: visitor)
        let rows = try await desk.list(
            bucket, for: visitor, search: query["find"], limit: InboxFilters.rowsRead)
        let filters = InboxFilters(rows, bucket: bucket, chosen: query["only"])
        let shown = filters.shown.prefix(Self.rowsShown)
        let teams = try await console.store.teams.list(
            of: visitor.id, organisation: visitor.organisation)
        let now = Date()
        // What to expect, for who waits: the campaign's own measure.
        let rate =
            rows.isEmpty && bucket == .needs ? try await desk.oneAnswersIn(for: visitor) : nil
        return console.page(
            "inbox", request, context, title: words("inbox_title"), here: "inbox",
            scripts: ["app.js", "live.js", "inbox.js"],
            [
                "tabs": Bucket.allCases.map { tab(for: $0, bucket, counts, words) },
                "people": shown.map { personRow($0, words, now: now) },
                "is_empty": shown.isEmpty, "find": query["find"] ?? "", "bucket": bucket.rawValue,
                "searched": query["find"] != nil,
                "filters": query["find"] == nil ? filters.links(words) : [],
                "has_filters": query["find"] == nil && !filters.isIdle,
                "filtered": filters.values(words) as Any,
                "all": InboxFilters.address(bucket),
                "empty_title": words("empty_\(bucket.rawValue)_title"),
                "empty_text": words("empty_\(bucket.rawValue)_text"),
                "promise": bucket == .needs && !rows.isEmpty
                    ? promise(rows, words, now: now) : Optional<String>.none as Any,
                "rate": rate.map { words("empty_needs_rate", count: $0) } as Any,
                "pool": counts.pool > 0
                    ? words("inbox_pool", count: counts.pool) : Optional<String>.none as Any,
                "queues": teams.filter { $0.waiting > 0 }.map {
                    [
                        "team": $0.id.text,
                        "words": words("inbox_team", count: $0.waiting, ["team": $0.name]),
                    ]
                },
                "said": query["said"].flatMap {
                    ["handed", "done", "wrong"].contains($0) ? words("said_\($0)") : nil
                } as Any,
                "quiet": isQuiet, "needs": counts.needs, "in_needs": bucket == .needs,
                "push_key": console.notifier?.push?.applicationKey as Any,
                "may_be_told": console.notifier != nil,
                "as_of": words.clock(now, zone: .gmt),
            ])
    }

    /// People on one page; the oldest of them first, so that nobody is missed for long.
    private static let rowsShown = 200

    /// What the team promises to people who write: an answer within twenty minutes.
    private static let promised: TimeInterval = 20 * 60

    private func promise(_ rows: [PersonRow], _ words: Words, now: Date) -> String {
        let late = rows.count { row in
            row.needsReplySince.map { now.timeIntervalSince($0) > Self.promised } ?? false
        }
        return late == 0 ? words("promise_kept") : words("promise_late", count: late)
    }

    private func tab(
        for bucket: Bucket, _ current: Bucket, _ counts: BucketCounts, _ words: Words
    ) -> [String: Any] {
        [
            "address": InboxFilters.address(bucket),
            "label": words("bucket_\(bucket.rawValue)"), "amount": counts[bucket],
            "is_current": bucket == current, "urgent": bucket == .needs && counts.needs > 0,
            "key": bucket.rawValue, "place": 1 + (Bucket.allCases.firstIndex(of: bucket) ?? 0),
        ]
    }

    private func personRow(_ row: PersonRow, _ words: Words, now: Date) -> [String: Any] {
        let waits = row.needsReplySince
        let isHidden = AbuseShield.hides(row.snippet)
        return [
            "id": row.id.text, "person": row.name ?? words("nameless"),
            "snippet": isHidden ? words("hidden_snippet") : row.snippet,
            "age": words.age(waits ?? row.lastAt, now: now),
            "late": waits.map { now.timeIntervalSince($0) > Self.promised } ?? false,
            "unread": waits != nil, "stop_flag": row.flag == "likely_stop",
            "wrong_flag": row.flag == "wrong_number", "flagged": row.flag == "likely_stop",
            "since": String(Int((waits ?? row.lastAt).timeIntervalSince1970)),
        ]
    }
}

extension Console {
    /// Runs `body` for who is signed in; others are sent to sign in, or told so if script asks.
    func signedIn(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor) async throws -> Response
    ) async throws -> Response {
        guard let visitor = context.visitor else {
            return request.wantsJSON ? Response(status: .unauthorized) : redirect("/")
        }
        return try await body(visitor)
    }
}

extension Volunteers {
    /// Notes that somebody is here, in whatever campaign they use last; true after a quiet while.
    @discardableResult
    func seen(_ visitor: Visitor) async throws -> Bool {
        guard
            let campaign = try await campaigns(
                organisation: visitor.organisation, member: visitor.id
            ).first
        else { return false }
        return try await seen(
            organisation: visitor.organisation, member: visitor.id, campaign: campaign.id)
    }
}
