import Foundation
import Store
import Texting

/// A board in one language: what the page is drawn from, and what its events carry.
struct BoardView: Encodable, Sendable {
    /// Sentences and numbers by the name under which they stand in the page.
    var figures: [String: String]
    /// Rows of three: label, number, share.
    var lists: [String: [[String]]]
    /// Attributes of drawings by name: bars' widths, paths.
    var drawings: [String: String]
    /// Changes when the page has to be drawn anew: state, script, who asks for help, suggestions.
    var shape: String
    /// Of everything above.
    var at: String

    init(_ facts: BoardFacts, _ words: Words) {
        at = facts.at.stamp
        shape = [
            facts.campaign.state.rawValue, facts.trying == nil ? "" : "trying",
            facts.hands.map(\.conversation.text).joined(separator: ","), String(facts.fixes),
        ].joined(separator: ":")
        figures = Self.figures(facts, words)
        lists = [
            "answers": Self.answers(facts, words), "causes": Self.causes(facts, words),
        ]
        drawings = [:]
        for step in Self.steps(facts) {
            drawings[step.key] = String(
                format: "%.1f", Double(step.people) * 100 / Double(max(1, facts.people)))
        }
        let (sent, stops) = Self.charts(facts)
        drawings["sent_line"] = sent.path
        drawings["sent_area"] = sent.area
        drawings["stops_line"] = stops.path
        drawings["stops_limit"] = stops.limitY
        for (place, tick) in sent.ticks.enumerated() {
            figures["sent_tick_\(place)"] = words.number(Int(tick.value.rounded()))
        }
        for (place, tick) in stops.ticks.enumerated() {
            figures["stops_tick_\(place)"] = words.percent(tick.value)
        }
    }

    /// The way of a campaign's people, widest first.
    static func steps(_ facts: BoardFacts) -> [(key: String, people: Int)] {
        [
            ("people", facts.people), ("queued", facts.queued), ("accepted", facts.accepted),
            ("delivered", facts[.delivered]), ("failed", facts.failed),
            ("replied", facts[.repliers]), ("opted_out", facts[.optOuts]),
        ]
    }

    private static func figures(_ facts: BoardFacts, _ words: Words) -> [String: String] {
        let asked = facts[.drawn]
        var all = [
            "clock": words.exactClock(facts.at),
            "asked": words(
                "board_asked", ["n": words.number(asked), "people": words.number(facts.people)]),
            "pace": pace(facts, words),
            "progress": String(asked), "progress_max": String(max(1, facts.people)),
            "waiting": words.number(min(facts.waiting.count, WaitingPeople.bound))
                + (facts.waiting.isMore ? "+" : ""),
            "longest": facts.waiting.oldest.map { words.age($0, now: facts.at) } ?? "–",
            "late": words.number(facts.waiting.late),
            "texting": words.number(facts.texting),
            "stop_rate": words.percent(facts[.optOuts], of: facts.accepted),
            "stop_limit": words(
                "board_limit", ["limit": words.percent(facts.rule.optOutPercent)]),
            "doubt": words("board_doubt", count: facts.inDoubt),
            "after_pause": words("board_after_pause", count: facts.afterPause ?? 0),
        ]
        for step in steps(facts) {
            all[step.key] = words.number(step.people)
            let whole = step.key == "queued" ? facts.people : max(facts.accepted, 1)
            all[step.key + "_share"] =
                step.key == "people" ? "" : words.percent(step.people, of: whole)
        }
        all["accepted_share"] = words.percent(facts.accepted, of: facts.people)
        all["failed_share"] = words.percent(
            facts.failed, of: facts.accepted + facts[.rejected])
        return all
    }

    private static func pace(_ facts: BoardFacts, _ words: Words) -> String {
        let rate = words.number(Int(facts.rate.rounded()))
        if facts.left + facts.queued == 0 { return words("board_all_asked") }
        guard facts.campaign.state == .live else { return words("board_stands") }
        guard let remaining = facts.remaining else { return words("board_no_pace") }
        return words("board_pace", ["rate": rate, "time": words.span(remaining)])
    }

    private static func answers(_ facts: BoardFacts, _ words: Words) -> [[String]] {
        facts.answers.prefix(12).map {
            [
                "\($0.question): \($0.value)", words.number($0.people),
                words.percent($0.people, of: facts.accepted),
            ]
        }
    }

    /// Why texts did not arrive, the most frequent first.
    private static func causes(_ facts: BoardFacts, _ words: Words) -> [[String]] {
        FailureCause.allCases.map { ($0, facts[TallyKind($0)]) }.filter { $0.1 > 0 }
            .sorted { $0.1 > $1.1 }.map { cause, texts in
                [
                    words("cause_\(cause)"), words.number(texts),
                    words.percent(texts, of: facts.accepted + facts[.rejected]),
                ]
            }
    }

    /// Texts a minute, and stops in a hundred texts so far.
    static func charts(_ facts: BoardFacts) -> (sent: Chart, stops: Chart) {
        let series = facts.series
        var (texts, stops) = (0, 0)
        let rates = zip(series.accepted, series.optOuts).map { accepted, optOuts in
            texts += accepted
            stops += optOuts
            return texts > 0 ? Double(stops) * 100 / Double(texts) : 0
        }
        return (
            Chart(series.accepted.map { Double($0) / Double(series.width) }),
            Chart(rates, limit: facts.rule.optOutPercent)
        )
    }
}
