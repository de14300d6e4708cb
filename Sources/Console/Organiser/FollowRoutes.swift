import Foundation
import Hummingbird
import Providers
import Store
import Texting

/// `/o/c/ID/follow`: a new campaign for people of this one, chosen by what became of their text.
struct FollowRoutes: Sendable {
    let console: Console

    private var store: PageStore { console.store }

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/follow") { request, context in
            try await console.editing(request, context) { visitor, draft in
                guard draft.campaign.state != .draft else {
                    return console.notFound(request, context)
                }
                guard let choice = try await choice(request.query, draft) else {
                    return try await choices(request, context, draft)
                }
                return try await look(request, context, draft, choice)
            }
        }
        router.post("/o/c/{id}/follow") { request, context in
            try await console.editing(request, context) { visitor, draft in
                let fields = try await request.form()
                guard draft.campaign.state != .draft, let choice = try await choice(fields, draft)
                else { return console.notFound(request, context) }
                return try await make(request, context, visitor, draft, choice, fields)
            }
        }
    }

    /// What an address or a form asks for.
    private func choice(_ fields: Form, _ draft: CampaignDraft) async throws -> Selection? {
        switch fields["who"] {
        case "refused":
            .refused(fruitless: Self.fruitless(try await refusals(draft)))
        case "unreached": .unreached
        case "unanswered": .unanswered
        case "answered":
            fields["question"].flatMap { question in
                fields["value"].map { .answered(question: question, value: $0) }
            }
        default: nil
        }
    }

    private func refusals(_ draft: CampaignDraft) async throws -> [RefusedCode] {
        try await store.selections.refusals(
            of: draft.campaign.id, organisation: draft.campaign.organisation)
    }

    /// Refusals that say something about the number, which a next text would meet again.
    private static func fruitless(_ refusals: [RefusedCode]) -> [String] {
        refusals.filter { refusal in
            switch Providers.cause(of: refusal.code, provider: refusal.provider) {
            case .landline, .invalid, .optedOut: true
            case .unreachable, .blocked, .content, .late, .other: false
            }
        }.map(\.code)
    }

    // MARK: All choices

    /// From running totals, so that it opens at once however many people there are.
    private func choices(
        _ request: Request, _ context: ConsoleContext, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let (id, organisation) = (draft.campaign.id, draft.campaign.organisation)
        let base = "/o/c/\(id.text)"
        let totals = try await store.campaigns.totals(of: id, organisation: organisation)
        let answers = try await store.selections.answers(of: id, organisation: organisation)
        func figure(_ key: String, _ count: Int) -> [String: Any] {
            [
                "address": "\(base)/follow?who=\(key)", "name": words("follow_\(key)"),
                "text": words("follow_\(key)_text"), "count": words.number(max(0, count)),
            ]
        }
        let took = (totals[.accepted] ?? 0) + (totals[.settled] ?? 0)
        let unreached = (totals[.expired] ?? 0) + (totals[.cancelled] ?? 0)
        return console.page(
            "organiser_follow", request, context, title: words("follow_title"), here: "campaigns",
            [
                "base": base, "campaign": draft.campaign.name,
                "choices": [
                    figure("unanswered", took - (totals[.repliers] ?? 0)),
                    figure("refused", totals[.rejected] ?? 0),
                    figure("unreached", unreached),
                ],
                "answers": answers.map {
                    [
                        "address": "\(base)/follow?who=answered&question=\(encoded($0.question))"
                            + "&value=\(encoded($0.value))",
                        "name": "\($0.question): \($0.value)", "count": words.number($0.people),
                    ]
                },
                "no_answers": answers.isEmpty,
            ])
    }

    // MARK: One choice

    private func look(
        _ request: Request, _ context: ConsoleContext, _ draft: CampaignDraft,
        _ choice: Selection, name: String? = nil, again: Bool = false, error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let campaign = draft.campaign
        let count = try await store.selections.count(
            choice, of: campaign.id, organisation: campaign.organisation)
        let label = Self.label(choice, words)
        func left(_ key: String, _ people: Int) -> [String: Any]? {
            people > 0 ? ["text": words("follow_left_\(key)", count: people)] : nil
        }
        var fruitless = 0
        if case .refused(let codes) = choice {
            fruitless = try await refusals(draft).filter { codes.contains($0.code) }
                .reduce(0) { $0 + $1.people }
        }
        let lines = [
            left("fruitless", fruitless), left("opted_out", count.optedOut),
            left("wrong", count.wrongNumber), left("listed", count.listed),
        ].compactMap(\.self)
        var values: [String: Any] = [
            "base": "/o/c/\(campaign.id.text)", "campaign": campaign.name, "who": choice.name,
            "text": words("follow_\(choice.name)_text"),
            "found": words("follow_found", count: count.free),
            "may_make": count.free > 0 || (choice.mayRepeat && count.listed > 0),
            "left": lines, "has_left": !lines.isEmpty,
            "may_repeat": choice.mayRepeat && count.listed > 0, "again": again,
            "name": name ?? "\(campaign.name): \(label)".withoutMarks,
            "error": error.map { words($0) } as Any,
            "as_of": words.clock(Date(), zone: .gmt),
        ]
        if case .answered(let question, let value) = choice {
            values["question"] = question
            values["value"] = value
            values["is_answer"] = true
        }
        return console.page(
            "organiser_follow_one", request, context, title: label, here: "campaigns",
            status: error == nil ? .ok : .unprocessableContent, values)
    }

    private static func label(_ choice: Selection, _ words: Words) -> String {
        guard case .answered(let question, let value) = choice else {
            return words("follow_\(choice.name)")
        }
        return words("follow_answered", ["answer": "\(question): \(value)"])
    }

    /// A draft with this campaign's words and plan, and these people on its list.
    private func make(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft,
        _ choice: Selection, _ fields: Form
    ) async throws -> Response {
        let words = console.words(request, context)
        let source = draft.campaign
        let again = fields["again"] != nil
        func refuse(_ key: String) async throws -> Response {
            try await look(
                request, context, draft, choice, name: fields["name"] ?? "", again: again,
                error: key)
        }
        guard let name = fields["name"] else { return try await refuse("campaign_name_missing") }
        let count = try await store.selections.count(
            choice, of: source.id, organisation: source.organisation)
        let includesListed = again && choice.mayRepeat
        guard count.free + (includesListed ? count.listed : 0) > 0 else {
            return try await refuse("follow_nobody")
        }
        let id: UUID
        do {
            id = try await store.launches.copy(
                source.id, name: name, organisation: visitor.organisation, by: visitor.id)
        } catch is InvalidInput {
            return try await refuse("name_taken")
        }
        let label = "\(source.name): \(Self.label(choice, words))".withoutMarks
        var wish = GatherRequest(
            organisation: visitor.organisation, campaign: id, follows: source.id,
            selection: choice, name: label,
            reason: words("follow_reason", ["name": label]).withoutMarks)
        wish.includesListed = includesListed
        wish.createdBy = visitor.id
        let upload = await console.uploads.gather(wish, member: visitor.id)
        return console.redirect("/o/c/\(id.text)/list/\(upload.text)")
    }
}
