import Foundation
import Hummingbird
import Store
import Texting

/// A room of scripted people: who is in it, and for whom it stands open.
struct PracticeRoom: Sendable {
    let people: [PracticePerson]
    /// The campaign's own, as choices for the people they fit.
    let answers: [ReadyAnswer]
    /// The campaign's first text, which these people answer; nil where it has none yet.
    let opening: Script?
    /// Whose name stands in our texts.
    let texter: String
    /// The room's address.
    let path: String
    /// Where the door out of it leads, and the key of what stands on it.
    let way: (path: String, key: String)
    /// Whether the first people are the lesson that unlocks words of one's own.
    let isLesson: Bool

    /// How many people make the reply lesson.
    static let lessonCount = 3

    func scene(_ number: Int, choice: String? = nil) -> Scene {
        let number = max(0, min(number, people.count - 1))
        return Scene(
            number: number, count: people.count, person: people[number], answers: answers,
            choice: choice, isLessonRoom: isLesson)
    }

    /// One person, and what was chosen for them.
    struct Scene: Sendable {
        let number: Int
        let count: Int
        let person: PracticePerson
        let answers: [ReadyAnswer]
        /// A ``PracticePerson/Choice`` or an answer's id.
        let choice: String?
        fileprivate let isLessonRoom: Bool

        var isRight: Bool {
            if let answer = person.answer { return choice == answer.text }
            return choice.flatMap(PracticePerson.Choice.init(rawValue:))
                .map(person.right.contains) ?? false
        }
        var isLast: Bool { number + 1 == count }
        /// Whether the right answer to this person ends the lesson.
        var isLesson: Bool {
            isLessonRoom && isRight && number + 1 == PracticeRoom.lessonCount
        }
    }

    /// The first text as this person got it.
    func opened(_ person: PracticePerson) -> String? {
        guard let opening, let template = try? Template(opening.body) else { return nil }
        return template.render(values(person))
    }

    /// What the choice would have said.
    func said(_ scene: Scene, _ words: Words) -> String? {
        guard let choice = scene.choice else { return nil }
        if let answer = scene.answers.first(where: { $0.id.text == choice }) {
            let body = answer.filled(values(scene.person))
            return body.isEmpty ? words("practice_said_stop") : body
        }
        return PracticePerson.Choice(rawValue: choice).map {
            words("practice_said_\($0.rawValue)")
        }
    }

    private func values(_ person: PracticePerson) -> [String: String] {
        ["name": person.name, "first_name": person.name, "texter": texter]
    }
}

extension Console {
    /// A scene of the room, before and after a choice.
    func practice(
        _ request: Request, _ context: ConsoleContext, _ room: PracticeRoom,
        _ scene: PracticeRoom.Scene
    ) -> Response {
        let words = words(request, context)
        let person = scene.person
        return page(
            "practice", request, context, title: words("practice"), scripts: ["app.js"],
            [
                "path": room.path, "n": scene.number,
                "place": words(
                    "practice_place",
                    ["n": String(scene.number + 1), "of": String(scene.count)]),
                "person": person.name, "who": words("practice_\(person.id)"),
                "opened": room.opened(person) as Any,
                "opened_language": room.opening?.language ?? words.language,
                "line": person.line, "spoken": person.language,
                "choices": choices(scene, words), "said": room.said(scene, words) as Any,
                "right": scene.isRight, "wrong": scene.choice != nil && !scene.isRight,
                "coach": words("practice_coach_\(person.id)"),
                "next": scene.isLast ? Optional<Int>.none as Any : scene.number + 1,
                "last": scene.isLast, "unlocked": scene.isLesson,
                "way": room.way.path, "way_label": words(room.way.key),
            ])
    }

    private func choices(_ scene: PracticeRoom.Scene, _ words: Words) -> [[String: Any]] {
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
}
