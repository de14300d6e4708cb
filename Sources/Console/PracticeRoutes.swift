import Foundation
import Hummingbird
import Store

/// `/practice`: scripted people; nothing leaves the server, nothing is stored but that the lesson
/// was done.
///
/// First somebody for each answer of the visitor's campaign, then the ten that everybody meets.
struct PracticeRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/practice") { request, context in
            try await console.signedIn(request, context) { visitor in
                let number = request.query["n"].flatMap { Int($0) } ?? 0
                let room = try await room(visitor)
                return show(request, context, room.scene(number), visitor)
            }
        }
        router.post("/practice") { request, context in
            try await console.signedIn(request, context) { visitor in
                let form = try await request.form()
                let number = form["n"].flatMap { Int($0) } ?? 0
                var scene = try await room(visitor).scene(number)
                scene.choice = form["choice"]
                return try await answer(request, context, visitor, scene)
            }
        }
    }

    /// How many people make the reply lesson.
    static let lessonCount = 3

    /// The people of a visitor's campaign and its answers, as far as they fit on a screen.
    private func room(_ visitor: Visitor) async throws -> Room {
        let campaigns = try await console.store.volunteers.campaigns(
            organisation: visitor.organisation, member: visitor.id)
        var answers: [ReadyAnswer] = []
        if let campaign = campaigns.first?.id {
            answers = try await console.store.desk.readyAnswers(
                campaign, organisation: visitor.organisation)
        }
        let shown = Array(answers.prefix(6))
        return Room(people: PracticePerson.room(shown), answers: shown)
    }

    private struct Room {
        let people: [PracticePerson]
        let answers: [ReadyAnswer]

        func scene(_ number: Int) -> Scene {
            let number = max(0, min(number, people.count - 1))
            return Scene(
                number: number, count: people.count, person: people[number], answers: answers)
        }
    }

    /// One person, and what was chosen for them.
    private struct Scene {
        let number: Int
        let count: Int
        let person: PracticePerson
        let answers: [ReadyAnswer]
        /// A ``PracticePerson/Choice`` or an answer's id.
        var choice: String?

        var isRight: Bool {
            if let answer = person.answer { return choice == answer.text }
            return choice.flatMap(PracticePerson.Choice.init(rawValue:))
                .map(person.right.contains) ?? false
        }
        var isLesson: Bool { isRight && number + 1 == PracticeRoutes.lessonCount }
    }

    private func answer(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ scene: Scene
    ) async throws -> Response {
        if scene.isLesson {
            try await Membership.unlockFreeText(
                organisation: visitor.organisation, member: visitor.id,
                database: console.store.database)
        }
        return show(request, context, scene, visitor)
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, _ scene: Scene, _ visitor: Visitor
    ) -> Response {
        let words = console.words(request, context)
        let person = scene.person
        let isLast = scene.number + 1 == scene.count
        return console.page(
            "practice", request, context, title: words("practice"), scripts: ["app.js"],
            [
                "n": scene.number,
                "place": words(
                    "practice_place",
                    ["n": String(scene.number + 1), "of": String(scene.count)]),
                "person": person.name, "who": words("practice_\(person.id)"),
                "line": person.line, "spoken": person.language,
                "choices": choices(scene, words), "said": said(scene, words, visitor) as Any,
                "right": scene.isRight, "wrong": scene.choice != nil && !scene.isRight,
                "coach": words("practice_coach_\(person.id)"),
                "next": isLast ? Optional<Int>.none as Any : scene.number + 1,
                "unlocked": scene.isLesson,
            ])
    }

    private func choices(_ scene: Scene, _ words: Words) -> [[String: Any]] {
        guard scene.person.answer != nil else {
            return PracticePerson.Choice.allCases.map {
                [
                    "choice": $0.rawValue, "label": words("practice_do_\($0.rawValue)"),
                    "stops": $0 == .stop,
                ]
            }
        }
        return scene.answers.map {
            ["choice": $0.id.text, "label": $0.label, "stops": $0.optsOut]
        }
    }

    /// What the choice would have said.
    private func said(_ scene: Scene, _ words: Words, _ visitor: Visitor) -> String? {
        guard let choice = scene.choice else { return nil }
        if let answer = scene.answers.first(where: { $0.id.text == choice }) {
            let body = answer.filled([
                "name": scene.person.name, "first_name": scene.person.name,
                "texter": visitor.name,
            ])
            return body.isEmpty ? words("practice_said_stop") : body
        }
        return PracticePerson.Choice(rawValue: choice).map {
            words("practice_said_\($0.rawValue)")
        }
    }
}
