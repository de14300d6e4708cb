import Foundation
import Hummingbird
import Store

/// `/o/teams`: teams to whom conversations are handed, and who is in them.
struct TeamRoutes: Sendable {
    let console: Console

    private var teams: Teams { console.store.teams }

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/o/teams") { request, context in
            try await console.staffed(request, context, Role.leaders) {
                try await list(request, context, $0)
            }
        }
        router.post("/o/teams") { request, context in
            try await console.staffed(request, context, Role.leaders) {
                try await make(request, context, $0)
            }
        }
        router.get("/o/teams/:team") { request, context in
            try await of(request, context) { try await show(request, context, $0, $1) }
        }
        router.post("/o/teams/:team") { request, context in
            try await of(request, context) { try await change(request, context, $0, $1) }
        }
    }

    private func of(
        _ request: Request, _ context: ConsoleContext,
        _ body: (Visitor, Team) async throws -> Response
    ) async throws -> Response {
        try await console.staffed(request, context, Role.leaders) { visitor in
            let id = context.parameters.get("team").flatMap(UUID.init(uuidString:))
            let all = try await teams.list(organisation: visitor.organisation)
            guard let team = all.first(where: { $0.id == id }) else {
                return console.notFound(request, context)
            }
            return try await body(visitor, team)
        }
    }

    private func list(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, name: String = "",
        error: String? = nil
    ) async throws -> Response {
        let words = console.words(request, context)
        let all = try await teams.list(organisation: visitor.organisation)
        return console.page(
            "teams", request, context, title: words("teams_title"), here: "replies",
            status: error == nil ? .ok : .unprocessableContent,
            [
                "teams": all.map {
                    [
                        "id": $0.id.text, "name": $0.name,
                        "people": words("team_people", count: $0.people),
                        "waiting": words("team_waiting", count: $0.waiting),
                        "waits": $0.waiting > 0,
                    ]
                },
                "none": all.isEmpty, "name": name, "error": error.map { words($0) } as Any,
            ])
    }

    private func make(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor
    ) async throws -> Response {
        let name = try await request.form()["name"] ?? ""
        do {
            let id = try await teams.add(
                name, organisation: visitor.organisation, by: visitor.id)
            return console.redirect("/o/teams/\(id.text)")
        } catch let wrong as InvalidInput {
            let key = wrong.description == "team_taken" ? "team_taken" : "team_no_name"
            return try await list(request, context, visitor, name: name, error: key)
        }
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ team: Team
    ) async throws -> Response {
        let words = console.words(request, context)
        let people = try await teams.people(of: team.id, organisation: visitor.organisation)
        return console.page(
            "team", request, context, title: team.name, here: "replies",
            [
                "id": team.id.text, "nobody": people.isEmpty,
                "waiting": words("team_waiting", count: team.waiting),
                "saved": request.query["saved"] != nil,
                "people": people.map {
                    [
                        "id": $0.id.text, "name": $0.name, "role": words("role_\($0.role)"),
                        "in": $0.isIn,
                    ]
                },
            ])
    }

    /// Who is ticked is in; who was shown and is not ticked is out; others stay as they are.
    private func change(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ team: Team
    ) async throws -> Response {
        let form = try await request.form()
        if form["retire"] != nil {
            try await teams.retire(team.id, organisation: visitor.organisation)
            return console.redirect("/o/teams")
        }
        let people = try await teams.people(of: team.id, organisation: visitor.organisation)
        for person in people where form["shown-\(person.id.text)"] != nil {
            let isTicked = form["in-\(person.id.text)"] != nil
            guard isTicked != person.isIn else { continue }
            try await teams.set(
                person.id, in: team.id, isTicked, organisation: visitor.organisation,
                by: visitor.id)
        }
        return console.redirect("/o/teams/\(team.id.text)?saved=1")
    }
}
