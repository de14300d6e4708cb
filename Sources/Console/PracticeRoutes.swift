import Foundation
import Hummingbird
import Store

/// `/practice`, and `/j/CODE/practice` for who has not joined: scripted people; nothing leaves the
/// server, nothing is stored but that a member did the lesson.
///
/// A member meets somebody for each answer of their campaign first, then those whom everybody meets;
/// at the door there are these alone. All answer the campaign's own first text.
struct PracticeRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/practice") { request, context in
            try await console.signedIn(request, context) { visitor in
                let room = try await room(of: visitor)
                return console.practice(request, context, room, room.scene(number(request.query)))
            }
        }
        router.post("/practice") { request, context in
            try await console.signedIn(request, context) { visitor in
                let form = try await request.form()
                let room = try await room(of: visitor)
                let scene = room.scene(number(form), choice: form["choice"])
                if scene.isLesson {
                    try await Membership.unlockFreeText(
                        organisation: visitor.organisation, member: visitor.id,
                        database: console.store.database)
                }
                return console.practice(request, context, room, scene)
            }
        }
        router.get("/j/:code/practice") { request, context in
            try await atDoor(request, context, request.query)
        }
        router.post("/j/:code/practice") { request, context in
            try await atDoor(request, context, try await request.form())
        }
    }

    private func number(_ fields: Form) -> Int { fields["n"].flatMap { Int($0) } ?? 0 }

    /// The people of a visitor's campaign and its answers, as far as they fit on a screen.
    private func room(of visitor: Visitor) async throws -> PracticeRoom {
        let campaigns = try await console.store.volunteers.campaigns(
            organisation: visitor.organisation, member: visitor.id)
        var answers: [ReadyAnswer] = []
        var opening: Script?
        if let campaign = campaigns.first?.id {
            answers = try await console.store.desk.readyAnswers(
                campaign, organisation: visitor.organisation)
            opening = try await console.store.campaigns.scripts(
                of: campaign, organisation: visitor.organisation
            ).first
        }
        let shown = Array(answers.prefix(6))
        return PracticeRoom(
            people: PracticePerson.room(shown), answers: shown, opening: opening,
            texter: visitor.name, path: "/practice", way: ("/send", "practice_leave"),
            isLesson: true)
    }

    /// For who holds a link and wants to try first: no name is asked, no cookie set, nothing kept.
    private func atDoor(
        _ request: Request, _ context: ConsoleContext, _ fields: Form
    ) async throws -> Response {
        guard let campaign = try await console.joinable(context) else {
            return try await console.unknownCode(request, context)
        }
        let words = console.words(request, context)
        let door = "/j/\(context.parameters.get("code") ?? "")"
        let room = PracticeRoom(
            people: PracticePerson.all, answers: [],
            opening: try await console.store.campaigns.scripts(
                of: campaign.id, organisation: campaign.organisation
            ).first,
            texter: words("practice_your_name"), path: "\(door)/practice",
            way: (door, "practice_to_join"), isLesson: false)
        return console.practice(
            request, context, room, room.scene(number(fields), choice: fields["choice"]))
    }
}
