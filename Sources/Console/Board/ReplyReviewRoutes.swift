import Foundation
import Hummingbird
import Store

/// `/o/replies`: conversations of all texters; filters stand in the address, acts are forms (O6).
struct ReplyReviewRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/replies") { request, context in
            try await console.staffed(request, context, Role.leaders) { visitor in
                try await list(request, context, visitor)
            }
        }
        router.post("/o/replies") { request, context in
            try await console.staffed(request, context, Role.leaders) { visitor in
                try await act(request, context, visitor)
            }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let words = console.words(request, context)
        var filter = Self.filter(request.query)
        let reviews = console.store.replyReviews
        var choices = try await reviews.choices(
            campaign: filter.campaign, organisation: visitor.organisation)
        // All of everything has no index to come by: the newest campaign is meant.
        if filter.bucket == .all, filter.campaign == nil, filter.texter == nil {
            filter.campaign = choices.campaigns.first?.id
            choices = try await reviews.choices(
                campaign: filter.campaign, organisation: visitor.organisation)
        }
        let (rows, isMore) = try await reviews.list(filter, organisation: visitor.organisation)
        let now = Date()
        return console.page(
            "replies", request, context, title: words("replies_title"), here: "replies",
            scripts: ["app.js", "board.js"],
            Self.fields(filter, choices, words).merging([
                "wide": true, "now": words.exactClock(now), "now_iso": now.stamp,
                "rows": rows.map { row($0, words, now) }, "nobody": rows.isEmpty,
                "here": Self.address(filter),
                "next": isMore
                    ? Self.address(filter, offset: filter.offset + ReplyReviews.pageRows)
                    : Optional<String>.none as Any,
                "before": filter.offset > 0
                    ? Self.address(filter, offset: max(0, filter.offset - ReplyReviews.pageRows))
                    : Optional<String>.none as Any,
                "done": request.query["done"].flatMap(Int.init).map {
                    words("replies_done", count: $0)
                } as Any,
            ]) { _, new in new })
    }

    private func row(_ row: ReplyRow, _ words: Words, _ now: Date) -> [String: Any] {
        let isHidden = AbuseShield.hides(row.snippet)
        return [
            "id": row.id.text, "person": row.name ?? words("nameless"),
            "snippet": isHidden ? words("hidden_snippet") : row.snippet,
            "age": words.age(row.needsReplySince ?? row.lastAt, now: now),
            "late": row.needsReplySince.map { now.timeIntervalSince($0) > 20 * 60 } ?? false,
            "waits": row.needsReplySince != nil,
            "flag": row.flag.map { words(Self.flagWord($0)) } as Any,
            "texter": row.texter ?? row.team ?? words("replies_nobody"),
            "campaign": row.campaign as Any,
            "marks": row.answers.sorted { $0.key < $1.key }.filter { !$0.value.isEmpty }
                .map { "\($0.key): \($0.value)" } + row.tags,
        ]
    }

    private static func flagWord(_ flag: String) -> String {
        switch flag {
        case "likely_stop": "flag_stop"
        case "wrong_number": "flag_wrong"
        default: "flag_help"
        }
    }

    /// One act on all that were ticked; the page comes back as it was filtered.
    private func act(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let form = try await request.form()
        let ticked = form.names.compactMap { name in
            name.hasPrefix("t-") ? UUID(uuidString: String(name.dropFirst(2))) : nil
        }
        let words = console.words(request, context)
        let reason = form["reason"] ?? words("replies_by_lead")
        let desk = console.store.desk
        var done = 0
        for id in ticked.prefix(ReplyReviews.pageRows) {
            let isDone: Bool? =
                switch form["act"] {
                case "back": try await desk.giveBack(id, by: visitor)
                case "hand":
                    try await form.id("person").asyncMap {
                        try await desk.hand(id, to: $0, reason: reason, by: visitor)
                    }
                case "team":
                    try await form.id("team").asyncMap {
                        try await desk.hand(id, toTeam: $0, reason: reason, by: visitor)
                    }
                case "lead": try await desk.escalate(id, reason, by: visitor)
                case "stop": try await desk.optOut(id, by: visitor, confirms: true)
                case "fix": try await fix(id, form["answer"], visitor)
                case "tag":
                    try await form["tag"].asyncMap { try await desk.tag(id, $0, by: visitor) }
                case "untag":
                    try await form["tag"].asyncMap { try await desk.untag(id, $0, by: visitor) }
                case "coach":
                    try await form["note"].asyncMap { try await desk.coach(id, $0, by: visitor) }
                default: nil
                }
            if isDone == true { done += 1 }
        }
        let filter = Self.filter(Form(encoded: form["here"] ?? ""))
        let address = Self.address(filter)
        return console.redirect(address + (address.contains("?") ? "&" : "?") + "done=\(done)")
    }

    private func fix(_ id: UUID, _ answer: String?, _ visitor: Visitor) async throws -> Bool? {
        var filter = ReplyFilter()
        filter.answer = answer
        guard let (question, value) = filter.recorded, !question.isEmpty else { return nil }
        return try await console.store.desk.fixAnswer(
            id, question: question, value: value, by: visitor)
    }

    /// `team:` and an id, where a member's id stands else.
    static func team(_ text: String) -> UUID? {
        text.hasPrefix("team:") ? UUID(uuidString: String(text.dropFirst(5))) : nil
    }

    /// What an address asks for; what it does not know is left out.
    static func filter(_ query: Form) -> ReplyFilter {
        var filter = ReplyFilter()
        filter.bucket =
            query["show"].flatMap(ReplyFilter.Bucket.init(rawValue:)) ?? .unanswered
        filter.campaign = query.id("campaign")
        filter.isInPool = query["texter"] == "pool"
        filter.texter = query.id("texter")
        filter.team = query["texter"].flatMap(Self.team)
        filter.answer = query["answer"]
        filter.tag = query["tag"]
        filter.search = query["find"].map { String($0.prefix(80)) }
        filter.offset = min(5_000, max(0, query["from"].flatMap { Int($0) } ?? 0))
        return filter
    }

    /// The address of a filter, the same for the same filter.
    static func address(_ filter: ReplyFilter, offset: Int? = nil) -> String {
        var parts: [(String, String)] = []
        if filter.bucket != .unanswered { parts.append(("show", filter.bucket.rawValue)) }
        if let campaign = filter.campaign { parts.append(("campaign", campaign.text)) }
        if filter.isInPool { parts.append(("texter", "pool")) }
        if let texter = filter.texter { parts.append(("texter", texter.text)) }
        if let team = filter.team { parts.append(("texter", "team:\(team.text)")) }
        if let answer = filter.answer { parts.append(("answer", answer)) }
        if let tag = filter.tag { parts.append(("tag", tag)) }
        if let search = filter.search { parts.append(("find", search)) }
        let from = offset ?? filter.offset
        if from > 0 { parts.append(("from", String(from))) }
        guard !parts.isEmpty else { return "/o/replies" }
        return "/o/replies?"
            + parts.map { name, value in
                let safe = value.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
                return "\(name)=\(safe ?? "")"
            }.joined(separator: "&")
    }

    /// The fields of the filter and of the acts, with what is chosen.
    private static func fields(
        _ filter: ReplyFilter, _ choices: ReplyChoices, _ words: Words
    ) -> [String: Any] {
        var people: [[String: Any]] = choices.people.map {
            ["value": $0.id.text, "label": $0.name, "chosen": $0.id == filter.texter]
        }
        let hands = people
        people.insert(
            ["value": "pool", "label": words("replies_pool"), "chosen": filter.isInPool], at: 0)
        let teams: [[String: Any]] = choices.teams.map {
            [
                "value": $0.id.text, "label": $0.name, "chosen": $0.id == filter.team,
            ]
        }
        let answers = choices.answers.map { one -> [String: Any] in
            let value = "\(one.question)=\(one.value)"
            return [
                "value": value, "label": "\(one.question): \(one.value)",
                "chosen": value == filter.answer,
            ]
        }
        return [
            "tabs": ReplyFilter.Bucket.allCases.map { bucket in
                var other = filter
                other.bucket = bucket
                other.offset = 0
                return [
                    "address": address(other), "label": words("replies_\(bucket.rawValue)"),
                    "is_current": bucket == filter.bucket,
                ]
            },
            "show": filter.bucket.rawValue,
            "campaigns": choices.campaigns.map {
                ["value": $0.id.text, "label": $0.name, "chosen": $0.id == filter.campaign]
            },
            "people": people, "hands": hands, "answers": answers, "teams": teams,
            "has_teams": !teams.isEmpty, "known_tags": choices.tags,
            "has_answers": !answers.isEmpty, "tag": filter.tag ?? "", "find": filter.search ?? "",
        ]
    }
}

extension Optional {
    /// `map` for work that waits.
    fileprivate func asyncMap<Value>(
        _ body: (Wrapped) async throws -> Value
    ) async rethrows -> Value? {
        guard let self else { return nil }
        return try await body(self)
    }
}
