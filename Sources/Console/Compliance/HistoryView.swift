import Foundation
import Store

/// A person's history in words: one sentence, then every event with its evidence.
struct HistoryView {
    let history: PersonHistory
    let words: Words

    init(_ history: PersonHistory, _ words: Words) {
        self.history = history
        self.words = words
    }

    /// What the template shows.
    var values: [String: Any] {
        let person = history.person
        return [
            "name": person.name ?? words("nameless"), "masked": words.masked(person.ending),
            "has_number": person.ending != nil, "answer": answer,
            "events": events, "nothing": events.isEmpty,
            "violations": history.violations.isEmpty
                ? Optional<String>.none as Any
                : words("k_violations", count: history.violations.count),
            "may_stop": person.optedOutAt == nil && person.erasedAt == nil,
            "may_undo": person.optedOutAt != nil && person.erasedAt == nil,
            "may_ask": person.erasedAt == nil,
            "where": person.zones.isEmpty
                ? words("k_zone_unknown")
                : words(
                    "k_zone",
                    [
                        "zones": person.zones.joined(separator: ", "),
                        "source": words.named("k_zone_source", person.zoneSource),
                    ]),
            "head": history.head.map {
                words("k_head", ["line": "\($0.seq)", "hash": $0.hash.hex])
            } as Any,
        ]
    }

    /// Why this person was texted, and what followed, in a few plain sentences.
    private var answer: String {
        ([texted, reason].compactMap(\.self) + standing).joined(separator: " ")
    }

    /// Texts of ours that left or may have left, confirmations and the like apart.
    private var sent: [(text: PersonHistory.Text, at: Date)] {
        history.texts.compactMap { text in
            guard text.kind == .first || text.kind == .reply,
                let go = text.tries.first(where: { $0.isLetGo && $0.result != 3 })
            else { return nil }
            return (text, go.slotAt ?? text.at)
        }
    }

    private var texted: String {
        guard let first = sent.min(by: { $0.at < $1.at }) else { return words("k_why_never") }
        var when = words.stamp(first.at)
        if let there = words.there(first.at, zones: history.person.zones) { when += " (\(there))" }
        let who = first.text.author ?? words("k_by_system")
        return words("k_why_texted", count: sent.count, ["when": when, "who": who])
    }

    private var reason: String? {
        guard let consent = history.consents.first else {
            return sent.isEmpty ? nil : words("k_why_no_record")
        }
        return words(
            "k_why_because",
            [
                "file": consent.file ?? words("k_a_list"), "row": "\(consent.row)",
                "source": consent.source,
            ])
    }

    private var standing: [String] {
        let person = history.person
        var sentences: [String] = []
        if let at = person.optedOutAt {
            sentences.append(words("k_why_stopped", ["when": words.stamp(at)]))
            let refused = history.texts.count { text in
                text.tries.contains { $0.verdict == 2 }
            }
            sentences.append(
                history.violations.isEmpty
                    ? words("k_why_nothing_since")
                    : words("k_violations", count: history.violations.count))
            if refused > 0 { sentences.append(words("k_why_refused", count: refused)) }
        }
        if let at = person.wrongNumberAt {
            sentences.append(words("k_why_wrong_number", ["when": words.stamp(at)]))
        }
        if let at = person.erasedAt {
            sentences.append(words("k_why_erased", ["when": words.stamp(at)]))
        }
        return sentences
    }

    private var events: [[String: Any]] {
        let all =
            history.consents.map(event) + history.launches.map(event)
            + history.texts.map(event) + history.lines.map(event)
            + history.reviews.filter { $0.decidedAt == nil }.map(event)
        return all.enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map { $0.element.values }
    }
}

/// One entry of a timeline.
struct HistoryEvent {
    /// A label's key without its prefix, and what is to be said; nil says nothing.
    typealias Fact = (label: String, value: String?)

    let at: Date
    let values: [String: Any]

    /// - Parameters:
    ///   - mark: `ours`, `theirs`, `stop` or `record`; a shape and a colour.
    ///   - facts: evidence; empty values are left out.
    init(
        _ at: Date, mark: String, _ what: String, body: String? = nil, there: String? = nil,
        _ words: Words, facts: [Fact]
    ) {
        self.at = at
        values = [
            "mark": mark, "what": what, "machine": at.machine, "stamp": words.stamp(at),
            "there": there as Any, "body": (body?.isEmpty == false ? body : nil) as Any,
            "facts": facts.compactMap { fact in
                fact.value.map { ["label": words("k_fact_\(fact.label)"), "value": $0] }
            },
        ]
    }
}
