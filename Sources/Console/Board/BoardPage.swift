import Foundation
import Store
import Texting

/// The values of the board's template, beside those that its events carry.
struct BoardPage {
    let facts: BoardFacts
    let words: Words
    let visitor: Visitor
    private let view: BoardView

    init(_ facts: BoardFacts, _ words: Words, _ visitor: Visitor) {
        self.facts = facts
        self.words = words
        self.visitor = visitor
        view = BoardView(facts, words)
    }

    func values(said: String?) -> [String: Any] {
        let state = facts.campaign.state
        var all: [String: Any] = [
            "wide": true, "id": facts.campaign.id.text, "f": view.figures, "d": view.drawings,
            "shape": view.shape, "iso": facts.at.stamp,
            "state": words(
                facts.trying != nil && state == .live ? "state_trying" : "state_\(state)"),
            "state_class": Self.colour(state), "is_live": state == .live,
            "may_pause": state == .live, "may_steer": visitor.maySteer,
            "is_draft": state == .draft,
            "steps": steps, "answers": rows("answers"), "causes": rows("causes"),
            "has_causes": !rows("causes").isEmpty, "has_answers": !rows("answers").isEmpty,
            "has_doubt": facts.inDoubt > 0, "has_late": facts.waiting.late > 0,
            "hands": hands, "has_hands": !facts.hands.isEmpty,
        ]
        all["said"] = said.flatMap {
            ["resumed", "limits"].contains($0) ? words("said_\($0)") : nil
        }
        all.merge(stopped) { _, new in new }
        all.merge(charts) { _, new in new }
        let rule = facts.rule
        all["limits"] = [
            ("hold_opt_out_percent", rule.optOutPercent),
            ("hold_failed_percent", rule.failedPercent),
            ("hold_blocked_percent", rule.blockedPercent),
        ].map { ["name": $0.0, "label": words($0.0), "value": Self.plain($0.1)] }
        return all
    }

    /// A number as a number field wants it, in any language.
    private static func plain(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }

    private static func colour(_ state: CampaignState) -> String {
        switch state {
        case .live: "good"
        case .paused: "warn"
        case .held: "stop"
        case .draft, .finished, .ended: ""
        }
    }

    private var steps: [[String: Any]] {
        BoardView.steps(facts).map { step in
            [
                "key": step.key, "label": words("step_\(step.key)"),
                "number": view.figures[step.key] ?? "", "width": view.drawings[step.key] ?? "0",
                "share": view.figures["\(step.key)_share"] ?? "",
            ]
        }
    }

    private func rows(_ list: String) -> [[String: Any]] {
        (view.lists[list] ?? []).map { ["label": $0[0], "number": $0[1], "share": $0[2]] }
    }

    private var hands: [[String: Any]] {
        facts.hands.map {
            [
                "conversation": $0.conversation.text, "texter": $0.texter ?? words("nameless"),
                "note": $0.note, "age": words.age($0.at, now: facts.at),
            ]
        }
    }

    /// Why nothing leaves, and what could not be stopped.
    private var stopped: [String: Any] {
        let state = facts.campaign.state
        guard state == .paused || state == .held, let at = facts.pausedAt else {
            guard state == .live, let trying = facts.trying else { return [:] }
            return ["trying": words("board_trying", count: trying)]
        }
        var all: [String: Any] = [
            "stopped": true, "stopped_iso": at.stamp, "stopped_at": words.exactClock(at),
        ]
        if state == .held, let reason = facts.campaign.stateReason.flatMap(HoldReason.init) {
            all["held_why"] = words.hold(reason)
        } else if let reason = facts.campaign.stateReason, !reason.isEmpty {
            all["paused_why"] = reason
        }
        return all
    }

    private var charts: [String: Any] {
        let (sent, stops) = BoardView.charts(facts)
        let series = facts.series
        var (texts, optOuts) = (0, 0)
        let table = series.accepted.indices.map { place -> [String: Any] in
            let at = series.start.addingTimeInterval(Double(place * series.width * 60))
            texts += series.accepted[place]
            optOuts += series.optOuts[place]
            return [
                "iso": at.stamp, "time": words.clock(at, zone: .gmt),
                "sent": words.number(series.accepted[place]),
                "stops": words.number(series.optOuts[place]),
                "rate": words.percent(optOuts, of: texts),
            ]
        }
        let last = series.start.addingTimeInterval(
            Double(max(0, series.accepted.count - 1) * series.width * 60))
        return [
            "table": table, "has_series": texts > 0,
            "series_from": words.clock(series.start, zone: .gmt),
            "series_from_iso": series.start.stamp,
            "series_to": words.clock(last, zone: .gmt), "series_to_iso": last.stamp,
            "x_first": sent.ends.first, "x_last": sent.ends.last,
            "sent_ticks": ticks(sent, "sent"), "stops_ticks": ticks(stops, "stops"),
            "stretch": words("board_stretch", count: series.width),
        ]
    }

    private func ticks(_ chart: Chart, _ name: String) -> [[String: Any]] {
        chart.ticks.enumerated().map { place, tick in
            [
                "y": tick.y, "key": "\(name)_tick_\(place)",
                "label": view.figures["\(name)_tick_\(place)"] ?? "",
            ]
        }
    }
}

extension Words {
    /// Why the rule held a campaign, as a sentence.
    func hold(_ reason: HoldReason) -> String {
        self(
            "held_\(reason.kind.rawValue)",
            [
                "rate": percent(Double(reason.permille) / 10),
                "limit": percent(Double(reason.limitPermille) / 10), "texts": number(reason.texts),
            ])
    }
}
