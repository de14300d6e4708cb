import Foundation
import Hummingbird
import Store

/// `/o/c/ID/answer`: replies that texters send by one press, and what each records.
struct AnswerStep: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/answer") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await show(request, context, visitor, draft)
            }
        }
        router.post("/o/c/{id}/answer") { request, context in
            try await console.editing(request, context) { visitor, draft in
                try await save(request, context, visitor, draft)
            }
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft,
        wrong: (Form, String)? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let answers = try await console.store.campaigns.answers(
            of: draft.campaign.id, organisation: visitor.organisation)
        let ordered = Self.ordered(answers)
        func parents(_ own: UUID?, _ chosen: UUID?) -> [[String: Any]] {
            let below = own.map { Self.descendants(of: $0, answers) } ?? []
            return ordered.filter { !below.contains($0.0.id) }.map {
                ["id": $0.0.id.text, "label": $0.0.label, "chosen": $0.0.id == chosen]
            }
        }
        let edition = draft.edition(of: .answer)
        var empty: [String: Any] = [
            "id": UUID.v7().text, "parents": parents(nil, nil), "position": answers.count,
            "edition": edition, "base": "/o/c/\(draft.campaign.id.text)",
        ]
        if let (form, _) = wrong {
            for key in ["label", "body", "question", "value", "tag"] {
                empty[key] = form[key] as Any
            }
            empty["opts_out"] = form["opts_out"] != nil
        }
        return console.step(
            "organiser_answer", request, context, draft, here: "answer", error: wrong?.1,
            [
                "answers": ordered.map { answer, depth -> [String: Any] in
                    [
                        "id": answer.id.text, "label": answer.label, "body": answer.body,
                        "question": answer.question ?? "", "value": answer.value ?? "",
                        "tag": answer.tag ?? "", "opts_out": answer.optsOut,
                        "position": answer.position, "depth": depth, "is_branch": depth > 0,
                        "saves": Self.saves(answer, words),
                        "has_saves": !Self.saves(answer, words).isEmpty,
                        "edition": edition,
                        "base": "/o/c/\(draft.campaign.id.text)",
                        "parents": parents(answer.id, answer.parent),
                    ]
                },
                "none": answers.isEmpty, "empty": empty, "open": wrong != nil || answers.isEmpty,
            ])
    }

    /// Every answer below the one it follows.
    private static func ordered(_ answers: [Answer]) -> [(Answer, Int)] {
        let children = Dictionary(grouping: answers, by: \.parent)
        let known = Set(answers.map(\.id))
        func below(_ parent: UUID?, _ depth: Int) -> [(Answer, Int)] {
            (children[parent] ?? []).flatMap { [($0, depth)] + below($0.id, depth + 1) }
        }
        let lost = answers.filter { $0.parent.map { !known.contains($0) } ?? false }
        return below(nil, 0) + lost.map { ($0, 0) }
    }

    private static func descendants(of id: UUID, _ answers: [Answer]) -> Set<UUID> {
        var found: Set<UUID> = [id]
        var grew = true
        while grew {
            let more = answers.filter { $0.parent.map(found.contains) ?? false }.map(\.id)
            grew = !Set(more).isSubset(of: found)
            found.formUnion(more)
        }
        return found
    }

    static func saves(_ answer: Answer, _ words: Words) -> String {
        var parts: [String] = []
        if let question = answer.question { parts.append("\(question) = \(answer.value ?? "")") }
        if let tag = answer.tag { parts.append("#\(tag)") }
        if answer.optsOut { parts.append(words("answer_stops")) }
        return parts.joined(separator: ", ")
    }

    private func save(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ draft: CampaignDraft
    ) async throws -> Response {
        let words = console.words(request, context)
        let fields = try await request.form()
        let answer = Answer(
            id: fields.id("answer") ?? .v7(), parent: fields.id("parent"),
            position: fields["position"].flatMap { Int16($0) } ?? 0, label: fields["label"] ?? "",
            body: (fields["body"] ?? "").replacing("\r\n", with: "\n"),
            question: fields["question"],
            value: fields["question"] == nil ? nil : fields["value"] ?? fields["label"],
            tag: fields["tag"], optsOut: fields["opts_out"] != nil)
        do {
            try await console.store.drafts.save(
                answer, retires: fields["retire"] != nil, of: draft.campaign.id,
                organisation: visitor.organisation,
                edition: fields["edition"].flatMap { Int($0) } ?? -1, by: visitor.id)
        } catch let conflict as EditConflict {
            let now = try await console.store.campaigns.answers(
                of: draft.campaign.id, organisation: visitor.organisation
            ).first { $0.id == answer.id }
            return console.conflict(
                request, context, draft, here: .answer, conflict,
                pairs: [
                    (words("answer_label"), now?.label ?? "", answer.label),
                    (words("answer_body"), now?.body ?? "", answer.body),
                    (
                        words("answer_saves"), now.map { Self.saves($0, words) } ?? "",
                        Self.saves(answer, words)
                    ),
                ],
                fields: [
                    "answer": answer.id.text, "parent": answer.parent?.text ?? "",
                    "position": String(answer.position), "label": answer.label,
                    "body": answer.body, "question": answer.question ?? "",
                    "value": answer.value ?? "", "tag": answer.tag ?? "",
                    "opts_out": answer.optsOut ? "1" : "",
                    "retire": fields["retire"] ?? "",
                ])
        } catch is InvalidInput {
            return try await show(
                request, context, visitor, draft, wrong: (fields, words("answer_wrong")))
        }
        return console.redirect("/o/c/\(draft.campaign.id.text)/answer")
    }
}
