import Foundation
import Hummingbird
import Store

/// Five steps from a name to a launch, one address each: the frame that they share, and how a
/// campaign begins.
struct WizardRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/new") { request, context in
            try await console.staffed(request, context, Role.organisers) {
                try await blank(request, context, $0)
            }
        }
        router.post("/o/new") { request, context in
            try await console.staffed(request, context, Role.organisers) {
                try await make(request, context, $0)
            }
        }
        router.post("/o/c/{id}/copy") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await copy(request, context, visitor, draft)
            }
        }
    }

    private func blank(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, fields: Form? = nil,
        error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let past = try await console.store.campaigns.list(organisation: visitor.organisation)
        let chosen = fields?["from"] ?? request.query["from"]
        return console.page(
            "organiser_new", request, context, title: words("new_title"), here: "campaigns",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "name": fields?["name"] ?? "", "error": error.map { words($0) } as Any,
                "paced_allowed": try await pacedAllowed(visitor),
                "paced": fields?["mode"] == "paced",
                "past": past.prefix(50).map {
                    ["id": $0.id.text, "name": $0.name, "chosen": $0.id.text == chosen]
                }, "has_past": !past.isEmpty,
            ])
    }

    private func pacedAllowed(_ visitor: Visitor) async throws -> Bool {
        try await console.store.members.pacedAllowed(visitor.organisation)
    }

    private func make(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let fields = try await request.form()
        guard let name = fields["name"] else {
            return try await blank(
                request, context, visitor, fields: fields, error: "campaign_name_missing")
        }
        do {
            if let source = fields.id("from") {
                let id = try await console.store.launches.copy(
                    source, name: name, organisation: visitor.organisation, by: visitor.id)
                return console.redirect("/o/c/\(id.text)/who")
            }
            var new = NewCampaign(name: name)
            new.mode = fields["mode"] == "paced" ? .paced : .hand
            new.canary = 500
            new.createdBy = visitor.id
            let made = try await console.store.campaigns.create(
                new, organisation: visitor.organisation)
            return console.redirect("/o/c/\(made.id.text)/who")
        } catch is InvalidInput {
            return try await blank(request, context, visitor, fields: fields, error: "name_taken")
        }
    }

    private func copy(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let base = words("copy_name", ["name": draft.campaign.name]).withoutMarks
        for number in 1...20 {
            let name = number == 1 ? base : "\(base) \(number)"
            if let id = try? await console.store.launches.copy(
                draft.campaign.id, name: name, organisation: visitor.organisation, by: visitor.id)
            {
                return console.redirect("/o/c/\(id.text)/who")
            }
        }
        return console.redirect("/o/new?from=\(draft.campaign.id.text)")
    }
}

extension Console {
    /// Runs `body` for who may edit the campaign of the address.
    func editing(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor, CampaignDraft) async throws -> Response
    ) async throws -> Response {
        try await staffed(request, context, Role.organisers) { visitor in
            guard let id = context.parameters.get("id").flatMap(UUID.init(uuidString:)),
                let draft = try await store.drafts.find(id, organisation: visitor.organisation)
            else { return notFound(request, context) }
            return try await body(visitor, draft)
        }
    }

    /// A step's page in the frame of all five.
    func step(
        _ template: String, _ request: Request, _ context: ConsoleContext, _ draft: CampaignDraft,
        here: String, error: String? = nil, status: HTTPResponse.Status? = nil,
        _ values: [String: Any]
    ) -> Response {
        let words = words(request, context)
        let campaign = draft.campaign
        var all = values
        let base = "/o/c/\(campaign.id.text)"
        all["base"] = base
        all["campaign"] = campaign.name
        all["health"] = words("health_\(campaign.state == .live ? "ok" : campaign.state.rawValue)")
        all["is_draft"] = campaign.state == .draft
        all["error"] = error as Any
        all["steps"] = ["who", "say", "answer", "when", "check"].enumerated().map { place, key in
            [
                "address": "\(base)/\(key)", "name": words("step_\(key)"), "number": place + 1,
                "here": key == here, "done": isDone(key, draft),
            ]
        }
        if let name = draft.editorName, let at = draft.editedAt {
            all["edited"] = words(
                "edited_by", ["name": name, "age": words.age(at, now: Date())])
        }
        if let step = CampaignStep(rawValue: here) { all["edition"] = draft.edition(of: step) }
        return page(
            template, request, context, title: "\(words("step_\(here)")): \(campaign.name)",
            here: "campaigns", status: status ?? (error == nil ? .ok : .unprocessableContent),
            scripts: ["organiser.js"], all)
    }

    private func isDone(_ key: String, _ draft: CampaignDraft) -> Bool {
        switch key {
        case "who": draft.people > 0
        case "say": draft.script != nil
        case "answer": draft.edition(of: .answer) > 0
        case "when": draft.edition(of: .when) > 0
        default: draft.campaign.state != .draft
        }
    }

    /// Shows both versions of a step that two people saved, and loses neither.
    ///
    /// - Parameters:
    ///   - pairs: what the step holds now, and what was just typed, by the label of each field.
    ///   - fields: the form as it was sent, to be sent again on purpose.
    func conflict(
        _ request: Request, _ context: ConsoleContext, _ draft: CampaignDraft, here: CampaignStep,
        _ conflict: EditConflict, pairs: [(label: String, theirs: String, ours: String)],
        fields: [String: String]
    ) -> Response {
        let words = words(request, context)
        return step(
            "organiser_conflict", request, context, draft, here: here.rawValue, status: .conflict,
            [
                "who": words(
                    "conflict_text",
                    [
                        "name": conflict.editor ?? "–",
                        "age": conflict.at.map { words.age($0, now: Date()) } ?? "",
                    ]),
                "action": request.uri.path,
                "pairs": pairs.map {
                    [
                        "label": $0.label, "theirs": $0.theirs, "ours": $0.ours,
                        "differs": $0.theirs != $0.ours,
                    ]
                },
                "fields": fields.sorted { $0.key < $1.key }.filter { $0.key != "edition" }.map {
                    ["name": $0.key, "value": $0.value]
                },
            ])
    }
}
