import Foundation
import Hummingbird
import Store

/// `/o/c/ID/texters`: who texts, who asks for help, and suspending somebody in one act.
struct CrewRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/c/{id}/texters") { request, context in
            try await console.watched(request, context) { visitor, id in
                try await list(request, context, visitor, id)
            }
        }
        router.post("/o/c/{id}/texters") { request, context in
            try await console.watched(request, context) { visitor, id in
                try await change(request, context, visitor, id)
            }
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let key = BoardHub.Key(organisation: visitor.organisation, campaign: id)
        guard let facts = try await console.boards.facts(key) else {
            return console.notFound(request, context)
        }
        let words = console.words(request, context)
        let crew = try await console.store.crews.list(
            of: id, organisation: visitor.organisation)
        let now = Date()
        let gone = request.query.id("gone").flatMap { gone in crew.first { $0.member == gone } }
        return console.page(
            "texters", request, context, title: words("texters_title"), here: "campaigns",
            scripts: ["app.js"],
            [
                "wide": true, "id": id.text, "campaign": facts.campaign.name,
                "nobody": crew.isEmpty, "code": facts.campaign.code as Any,
                "crew": crew.map { row($0, visitor, words, now) },
                "gone": gone.map { ["name": $0.name, "member": $0.member.text] } as Any,
            ])
    }

    private func row(
        _ row: CrewRow, _ visitor: Visitor, _ words: Words, _ now: Date
    ) -> [String: Any] {
        [
            "member": row.member.text, "name": row.name, "seen": words.age(row.seenAt, now: now),
            "sent": words.number(row.sent), "holds": words.number(row.holds),
            "waiting": words.number(row.waiting), "asks": row.asks > 0,
            "suspended": row.isSuspended,
            "may_suspend": !row.isSuspended && Self.maySuspend(row, visitor),
            "may_return": row.isSuspended && Self.maySuspend(row, visitor),
        ]
    }

    /// Leads suspend texters; others whom they may make; nobody themselves.
    private static func maySuspend(_ row: CrewRow, _ visitor: Visitor) -> Bool {
        let role = Role(rawValue: row.role) ?? .owner
        return row.member != visitor.id
            && (role == .texter || visitor.staffRole.mayGrant.contains(role))
    }

    /// Everything of theirs returns with the same press: leases, conversations, sign-ins.
    private func change(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ id: UUID
    ) async throws -> Response {
        let form = try await request.form()
        let (leaving, returning) = (form.id("suspend"), form.id("return"))
        let crew = try await console.store.crews.list(
            of: id, organisation: visitor.organisation)
        guard
            let row = crew.first(where: { $0.member == leaving ?? returning }),
            Self.maySuspend(row, visitor)
        else { return console.notFound(request, context) }
        let members = console.store.members
        if leaving != nil {
            try await members.deactivate(
                row.member, organisation: visitor.organisation, by: visitor.id)
            return console.redirect("/o/c/\(id.text)/texters?gone=\(row.member.text)")
        }
        try await members.reactivate(
            row.member, organisation: visitor.organisation, by: visitor.id)
        return console.redirect("/o/c/\(id.text)/texters")
    }
}
