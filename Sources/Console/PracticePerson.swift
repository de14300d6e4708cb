import Foundation
import Store

/// Somebody who exists on paper only.
struct PracticePerson: Sendable {
    enum Choice: String, Sendable, CaseIterable { case answer, ask, stop, wrong, hand }

    /// Names the sentences about them; `own` for one of the campaign's.
    let id: String
    let name: String
    /// BCP 47 of what they write.
    let language: String
    let line: String
    let right: Set<Choice>
    /// The campaign's own answer that fits, where there is one: then its answers are the choices.
    var answer: UUID? = nil

    /// The room of a campaign: somebody for each of its first answers, then those everybody meets.
    static func room(_ answers: [ReadyAnswer]) -> [PracticePerson] {
        let names = ["Nia", "Omar", "Elin", "Mateo", "Beth", "Idris"]
        return zip(answers, names).map { answer, name in
            PracticePerson(
                id: "own", name: name, language: "en", line: line(for: answer), right: [],
                answer: answer.id)
        } + all
    }

    /// What somebody might write whom this answer fits.
    private static func line(for answer: ReadyAnswer) -> String {
        if answer.optsOut, answer.value == nil { return "pls stop texting me" }
        guard let value = answer.value else { return answer.label.lowercased() + "?" }
        return switch value.lowercased() {
        case "yes", "sí", "si", "ie", "coming", "dod": "yes count me in!"
        case "no", "na", "not coming": "no thanks, not for me"
        case "maybe", "quizás", "efallai": "hmm maybe, not sure yet"
        default: value.lowercased()
        }
    }

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
