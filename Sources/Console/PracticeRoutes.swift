import Foundation
import Hummingbird
import Store

/// `/practice`: scripted people; nothing leaves the server, nothing is stored but that the lesson
/// was done.
struct PracticeRoutes: Sendable {
    let console: Console

    func add(to router: RouterGroup<ConsoleContext>) {
        router.get("/practice") { request, context in
            try await console.signedIn(request, context) { _ in
                show(request, context, number: request.query["n"].flatMap { Int($0) } ?? 0)
            }
        }
        router.post("/practice") { request, context in
            try await console.signedIn(request, context) { visitor in
                let form = try await request.form()
                let number = form["n"].flatMap { Int($0) } ?? 0
                let choice = form["choice"].flatMap(PracticePerson.Choice.init(rawValue:))
                return try await answer(request, context, visitor, number, choice)
            }
        }
    }

    /// How many people make the reply lesson.
    static let lessonCount = 3

    private func answer(
        _ request: Request, _ context: ConsoleContext, _ visitor: Visitor, _ number: Int,
        _ choice: PracticePerson.Choice?
    ) async throws -> Response {
        let person = PracticePerson.at(number)
        let isRight = choice.map(person.right.contains) ?? false
        if isRight, number + 1 == Self.lessonCount {
            try await Membership.unlockFreeText(
                organisation: visitor.organisation, member: visitor.id,
                database: console.store.database)
        }
        return show(request, context, number: number, choice: choice, isRight: isRight)
    }

    private func show(
        _ request: Request, _ context: ConsoleContext, number: Int,
        choice: PracticePerson.Choice? = nil, isRight: Bool = false
    ) -> Response {
        let words = console.words(request, context)
        let number = max(0, min(number, PracticePerson.all.count - 1))
        let person = PracticePerson.at(number)
        let isLast = number + 1 == PracticePerson.all.count
        return console.page(
            "practice", request, context, title: words("practice"), scripts: ["app.js"],
            [
                "n": number,
                "place": words(
                    "practice_place",
                    ["n": String(number + 1), "of": String(PracticePerson.all.count)]),
                "person": person.name, "who": words("practice_\(person.id)"),
                "line": person.line, "spoken": person.language,
                "choices": PracticePerson.Choice.allCases.map {
                    [
                        "choice": $0.rawValue, "label": words("practice_do_\($0.rawValue)"),
                        "stops": $0 == .stop,
                    ]
                },
                "said": choice.map { words("practice_said_\($0.rawValue)") } as Any,
                "right": isRight, "wrong": choice != nil && !isRight,
                "coach": words("practice_coach_\(person.id)"),
                "next": isLast ? Optional<Int>.none as Any : number + 1,
                "unlocked": isRight && number + 1 == Self.lessonCount,
            ])
    }
}

/// Somebody who exists on paper only.
struct PracticePerson: Sendable {
    enum Choice: String, Sendable, CaseIterable { case answer, ask, stop, wrong, hand }

    let id: String
    let name: String
    /// BCP 47 of what they write.
    let language: String
    let line: String
    let right: Set<Choice>

    static func at(_ number: Int) -> PracticePerson { all[max(0, min(number, all.count - 1))] }

    /// The ten that everybody meets, easy ones first.
    static let all: [PracticePerson] = [
        .init(
            id: "eager", name: "Aisha", language: "en", line: "Yes! what time?",
            right: [.answer]),
        .init(
            id: "stop", name: "Tom", language: "en", line: "please take me off this list",
            right: [.stop]),
        .init(
            id: "undecided", name: "Gareth", language: "en", line: "why should i bother",
            right: [.ask]),
        .init(
            id: "busy", name: "Priya", language: "en", line: "at work, maybe later?",
            right: [.answer, .ask]),
        .init(
            id: "wrong", name: "Jo", language: "en", line: "I'm not Jo, got this number last week",
            right: [.wrong]),
        .init(
            id: "spanish", name: "Lucía", language: "es", line: "no más por favor", right: [.stop]),
        .init(
            id: "welsh", name: "Rhys", language: "cy", line: "Peidiwch â thecstio fi",
            right: [.stop]),
        .init(
            id: "grieving", name: "Ruth", language: "en",
            line: "He died in March. Please do not write to him again.", right: [.stop]),
        .init(
            id: "angry", name: "Dave", language: "en", line: "you lot never listen. waste of time",
            right: [.ask, .hand]),
        .init(
            id: "journalist", name: "Kim", language: "en",
            line: "I'm a reporter. Who pays for these texts?", right: [.hand]),
        .init(
            id: "child", name: "Mia", language: "en", line: "im 12 this is my ipad",
            right: [.stop, .hand]),
    ]
}
