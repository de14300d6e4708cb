import Foundation
import Store

/// Each kind of fact as an entry of the timeline.
extension HistoryView {
    func event(_ consent: PersonHistory.Consent) -> HistoryEvent {
        HistoryEvent(
            consent.recordedAt, mark: "record",
            words(
                "k_ev_loaded",
                ["file": consent.file ?? words("k_a_list"), "row": "\(consent.row)"]),
            body: consent.wording, words,
            facts: [
                ("source", consent.source), ("given", consent.givenAt.map(words.date)),
                ("by", consent.loadedBy), ("campaign", consent.campaign),
                ("file_hash", consent.fileSHA256.map(\.hex)),
            ])
    }

    func event(_ launch: PersonHistory.Launch) -> HistoryEvent {
        let accepted = (launch.accepted ?? "").replacing(",", with: ", ")
        return HistoryEvent(
            launch.at, mark: "record", words("k_ev_launched", ["campaign": launch.campaign]), words,
            facts: [
                ("by", launch.by), ("script", launch.scriptVersion),
                ("accepted", accepted.isEmpty ? words("k_none") : accepted),
                ("line", "\(launch.line)"),
            ])
    }

    func event(_ text: PersonHistory.Text) -> HistoryEvent {
        if text.kind == .inbound { return reply(text) }
        let isRefused = !text.tries.isEmpty && text.tries.allSatisfy { !$0.isLetGo }
        let at = text.tries.first(where: \.isLetGo)?.slotAt ?? text.at
        let kind = words("k_ev_kind_\(text.kind)")
        var facts: [HistoryEvent.Fact] = [
            ("campaign", text.campaign), ("script", text.scriptVersion.map { "\($0)" }),
            ("pressed_by", text.author), ("press", text.act?.text), ("from", text.ours),
            ("segments", "\(text.segments)"),
        ]
        for attempt in text.tries { facts.append(("try", line(attempt))) }
        for receipt in text.receipts { facts.append(("report", line(receipt))) }
        facts.append(("text_id", text.id.text))
        return HistoryEvent(
            at, mark: isRefused ? "stop" : "ours",
            isRefused ? words("k_ev_refused", ["kind": kind]) : kind, body: text.body,
            there: words.there(at, zones: history.person.zones), words, facts: facts)
    }

    private func reply(_ text: PersonHistory.Text) -> HistoryEvent {
        HistoryEvent(
            text.at, mark: "theirs", words("k_ev_reply"), body: text.body,
            there: words.there(text.at, zones: history.person.zones), words,
            facts: [
                ("to", text.ours), ("read_as", text.meaning.map { words.named("k_meaning", $0) }),
                ("rule", text.rule), ("version", text.version), ("text_id", text.id.text),
            ])
    }

    /// `1: let go; accepted by the carrier, 18:02:06 UTC, SM123`.
    private func line(_ attempt: PersonHistory.Try) -> String {
        var parts = [
            "\(attempt.n): " + words("k_verdict_\(Self.verdicts[Int(attempt.verdict) - 1])")
        ]
        if let reason = attempt.reason { parts.append(reason) }
        if let result = attempt.result {
            parts.append(words("k_result_\(Self.results[Int(result) - 1])"))
        } else if attempt.isLetGo {
            parts.append(words("k_result_open"))
        }
        parts += [attempt.code.map { words("k_code", ["code": $0]) }, attempt.providerID]
            .compactMap(\.self)
        if let at = attempt.closedAt { parts.append(words.stamp(at)) }
        if let settled = attempt.settled, let at = attempt.settledAt {
            parts.append(
                words("k_settled", ["result": words("k_result_\(Self.results[Int(settled) - 1])")])
                    + " " + words.stamp(at))
        }
        return parts.joined(separator: "; ")
    }

    private func line(_ receipt: PersonHistory.Receipt) -> String {
        let status = Self.statuses[Int(receipt.status) - 1]
        return [
            words("k_status_\(status)"), receipt.code.map { words("k_code", ["code": $0]) },
            words.stamp(receipt.at),
        ].compactMap(\.self).joined(separator: "; ")
    }

    func event(_ line: PersonHistory.Line) -> HistoryEvent {
        let details = line.details
        let facts: [HistoryEvent.Fact] = [
            ("how", details["source"].map { words.named("k_source", $0) }),
            ("decision", details["decision"].map { words.named("k_decision", $0) }),
            ("rule", details["rule"]), ("version", details["version"]),
            ("reason", details["reason"]), ("by", line.member), ("code", details["code"]),
            ("honoured", honoured(line)), ("line", "\(line.seq)"), ("line_hash", line.hash.hex),
        ]
        return HistoryEvent(
            line.at, mark: line.kind == "stop" ? "stop" : "record",
            words.named("k_kind", line.kind), words, facts: facts)
    }

    /// From the person's words until the stop held.
    private func honoured(_ line: PersonHistory.Line) -> String? {
        guard line.kind == "stop", let effective = line.details["effective_at"].flatMap(Double.init)
        else { return nil }
        if line.details["already_out"] == "true" { return words("k_already_out") }
        return line.details["received_at"].flatMap(Double.init).map {
            words.span(max(0, effective - $0))
        }
    }

    func event(_ review: PersonHistory.Review) -> HistoryEvent {
        HistoryEvent(
            review.dueAt, mark: "record", words("k_ev_review_waits"), words,
            facts: [
                ("read_as", words.named("k_meaning", review.meaning)), ("rule", review.rule),
                ("version", review.version),
            ])
    }

    private static let verdicts = ["go", "suppressed", "expired", "cancelled"]
    private static let results = ["accepted", "rejected", "unsent", "unknown"]
    private static let statuses = [
        "queued", "sending", "sent", "delivered", "undelivered", "failed", "canceled",
    ]
}
