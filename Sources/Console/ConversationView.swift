import Foundation
import Store
import Texting

/// A conversation as its template wants it.
struct ConversationView {
    let page: ConversationPage
    let visitor: Visitor
    let words: Words
    let now: Date

    var name: String { page.name ?? words("nameless") }

    var values: [String: Any] {
        let zone = page.zone
        let here = page.sayings.filter { !$0.isEarlier }
        let earlier = page.sayings.filter(\.isEarlier)
        let isMine = page.assignee == visitor.id
        return [
            "id": page.id.text, "id_of_page": page.id.text, "person": name,
            "place": zone.map { words("clock_there", ["time": words.clock(now, zone: $0)]) } as Any,
            "campaign": page.campaignName as Any,
            "sayings": here.map(saying), "earlier": earlier.map(saying),
            "has_earlier": !earlier.isEmpty,
            "notes": page.notes.map(note), "has_notes": !page.notes.isEmpty,
            "in_team": page.team.map { words("held_by_team", ["team": $0]) } as Any,
            "tags": page.tags, "chips": chips(page.answers.prefix(readyLine == nil ? 6 : 5)),
            "all_chips": chips(page.answers[...]), "has_chips": !page.answers.isEmpty,
            "has_more_chips": page.answers.count > 4,
            "opted_out": page.isOptedOut, "wrong_number": page.isWrongNumber,
            "may_answer": mayAnswer,
            "may_claim": !isMine && page.needsReplySince != nil,
            "held_by": isMine ? Optional<String>.none as Any : page.assigneeName as Any,
            "last_waiting": page.lastWaiting.map(LiveState.stamp) ?? "",
            "is_done": page.isDone, "likely_stop": page.flag == "likely_stop" && page.review != nil,
            "likely_wrong": page.flag == "wrong_number" && page.review != nil,
            "likely_why": decisiveWords.map { words("likely_why", ["words": $0]) } as Any,
            "handed_reason": page.handedReason.flatMap { $0.isEmpty ? nil : $0 } as Any,
            "ready_line": readyLine as Any,
            "seen": page.newest?.text ?? "", "may_write": mayWrite,
            "first_reply": visitor.settings["replied"] == nil,
            "reply_lang": page.language ?? page.scriptLanguage ?? "en",
        ]
    }

    private var mayAnswer: Bool {
        !page.isOptedOut && !page.isWrongNumber && page.assignee == visitor.id
    }

    /// The words by which the rules took a reply for a likely stop or wrong number; nil where today's
    /// rules find none, or where they are hidden.
    private var decisiveWords: String? {
        guard let place = page.sayings.firstIndex(where: { $0.id == page.review }),
            case let reply = page.sayings[place].body, !AbuseShield.hides(reply)
        else { return nil }
        let ours = page.sayings[..<place].reversed().filter { !$0.isTheirs }.map(\.body)
        let reading = Reply(reply, lastSent: Array(ours.prefix(6)))
        guard !reading.words.isEmpty else { return nil }
        // A keyword is known by its letters alone; the person's own spelling reads better.
        return reply.lowercased().contains(reading.words.lowercased()) || reply.count > 60
            ? reading.words : reply
    }

    /// New texters send ready answers until they have read the reply lesson.
    private var mayWrite: Bool { visitor.mayWriteFreely || visitor.role != "texter" }

    /// How somebody introduces themselves to a person who was handed to them.
    var readyLine: String? {
        guard page.handedReason?.isEmpty == false, page.assignee == visitor.id, mayWrite,
            let who = page.notes.last(where: { $0.kind == "handed" })?.author
        else { return nil }
        return words("ready_line", ["name": visitor.name, "who": who])
            .filter { !"\u{2068}\u{2069}".contains($0) }
    }

    func chosen(_ id: UUID?) -> ReadyAnswer? {
        guard let id, var answer = page.answers.first(where: { $0.id == id }) else { return nil }
        answer.body = filled(answer.body)
        return answer
    }

    /// `saves: Coming = Yes, tag: lift needed`; nil if it records nothing.
    func saves(_ answer: ReadyAnswer) -> String? {
        var parts: [String] = []
        if let question = answer.question, let value = answer.value {
            parts.append("\(question) = \(value)")
        }
        if let tag = answer.tag { parts.append(words("chip_tag", ["tag": tag])) }
        if answer.optsOut { parts.append(words("chip_opts_out")) }
        return parts.isEmpty ? nil : words("chip_saves", ["what": parts.joined(separator: ", ")])
    }

    private func chips(_ answers: ArraySlice<ReadyAnswer>) -> [[String: Any]] {
        // The line of introduction stands before them.
        let first = readyLine == nil ? 1 : 2
        let usable = answers.filter { !$0.needsPractice || mayWrite }
        return usable.enumerated().map { place, answer in
            [
                "place": first + place, "id": answer.id.text, "label": answer.label,
                "text": filled(answer.body),
                "effect": saves(answer) as Any, "stops": answer.optsOut,
            ]
        }
    }

    private func filled(_ body: String) -> String {
        var values = page.fields
        values["name"] = values["name"] ?? page.name ?? ""
        values["first_name"] = values["first_name"] ?? page.name ?? ""
        values["texter"] = visitor.name
        return ReadyAnswer.filled(body, values)
    }

    private func saying(_ saying: ConversationPage.Saying) -> [String: Any] {
        let zone = page.zone ?? .gmt
        let about = [
            saying.isTheirs
                ? nil
                : saying.isAutomatic
                    ? words("automatic")
                    : saying.authorID == visitor.id ? words("by_you") : saying.author,
            words.clock(saying.at, zone: zone),
            saying.isTheirs ? nil : words("state_\(saying.state.rawValue)"),
        ].compactMap(\.self).joined(separator: " · ")
        return [
            "id": saying.id.text, "ours": !saying.isTheirs, "words": saying.body, "about": about,
            "failed": [.failed, .refused].contains(saying.state),
            "veiled": saying.isTheirs && AbuseShield.hides(saying.body),
            "may_pass": !saying.isEarlier && mayAnswer,
            "pictures": (0..<saying.mediaCount).map { "/media/\(saying.id.text)/\($0)" },
            "spoken":
                (saying.isTheirs ? page.language : saying.isAutomatic ? nil : page.scriptLanguage)
                as Any,
        ]
    }

    private func note(_ note: ConversationPage.Note) -> [String: Any] {
        [
            "what": words(
                note.kind == "handed" ? "note_handed" : "note_by",
                ["name": note.author ?? words("nameless")]),
            "body": note.body,
        ]
    }
}

extension ReadyAnswer {
    /// The words with a person's fields put in; as they stand where they are no template.
    func filled(_ values: [String: String]) -> String { Self.filled(body, values) }

    static func filled(_ body: String, _ values: [String: String]) -> String {
        (try? Template(body))?.render(values) ?? body
    }
}

extension ConversationPage {
    /// The person's zone where it is certain enough for a clock.
    var zone: TimeZone? { zones.first.flatMap(TimeZone.init(identifier:)) }
}
