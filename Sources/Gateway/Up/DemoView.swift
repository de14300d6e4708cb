import Foundation
import Postgres
import Store

/// A calm view of a running campaign: counts that refresh in place on a terminal, a line now and
/// then elsewhere, and what people say as they say it.
struct DemoView: Sendable {
    let campaign: Campaign
    let organisation: Organisation
    let database: Database
    let output: Output

    /// Shows until nothing has happened for a while and everybody who may be texted now has been,
    /// or until it is cancelled; then sums up.
    func show() async {
        var last = DemoCounts()
        var quietSince = ContinuousClock.now
        var seen = Date()
        var printedAt = ContinuousClock.now - .seconds(60)
        while !Task.isCancelled {
            guard let counts = try? await read() else { break }
            let said = (try? await words(since: &seen)) ?? []
            for line in said.prefix(3) { say(line) }
            let now = ContinuousClock.now
            if counts != last { quietSince = now }
            let isDue = StandardOutput.isTerminal || now - printedAt >= .seconds(2)
            if isDue && (counts != last || StandardOutput.isTerminal) {
                draw(counts)
                printedAt = now
            }
            last = counts
            if counts.queued == 0 && counts.accepted > 0 && now - quietSince > .seconds(12) {
                break
            }
            try? await Task.sleep(for: .milliseconds(500))
        }
        if StandardOutput.isTerminal { StandardOutput.write("\r\u{1B}[K") }
        sumUp(last)
    }

    private func read() async throws -> DemoCounts {
        try await DemoCounts.read(campaign, organisation.id, in: database)
    }

    private func draw(_ counts: DemoCounts) {
        guard !output.isJSON else {
            try? output.json(counts)
            return
        }
        if StandardOutput.isTerminal {
            StandardOutput.write("\r\u{1B}[K" + counts.line)
        } else {
            output.line(counts.line)
        }
    }

    private func say(_ text: String) {
        if StandardOutput.isTerminal { StandardOutput.write("\r\u{1B}[K") }
        output.line("    “\(text)”")
    }

    private func sumUp(_ counts: DemoCounts) {
        let asleep = counts.recipients - counts.drawn
        output.line(
            """

            \(counts.accepted) texts accepted, \(counts.delivered) delivered, \
            \(counts.undelivered) could not be delivered.
            \(counts.replies) people's replies, \(counts.optOuts) opted out and were confirmed once.
            """)
        if asleep > 0 {
            output.line(
                "\(asleep) people are outside texting hours; their texts leave when their "
                    + "day begins, if this is still running.")
        }
    }

    /// What fictional people wrote since the last look. Real people's words never get here: this
    /// view belongs to the demo.
    private func words(since: inout Date) async throws -> [String] {
        let from = since
        let rows = try await database.rows(
            """
            SELECT created_at, left(body, 60) FROM message
            WHERE organisation_id = \(organisation.id) AND kind = 6 AND created_at > \(from)
                AND id >= uuid_at(\(from) - interval '1 minute')
            ORDER BY created_at LIMIT 50
            """
        ) { row in (try row.value(0) as Date, try row.value(1) as String) }
        if let last = rows.last { since = last.0 }
        return rows.map { String($0.1.map { $0.isNewline ? " " : $0 }) }
    }
}

/// The figures of the view.
struct DemoCounts: Equatable, Sendable, Encodable {
    var recipients = 0
    var drawn = 0
    var queued = 0
    var accepted = 0
    var delivered = 0
    var undelivered = 0
    var replies = 0
    var optOuts = 0

    var line: String {
        """
        \(accepted) sent  ·  \(delivered) delivered  ·  \(undelivered) not  ·  \
        \(replies) replies  ·  \(optOuts) opted out  ·  \(queued) waiting
        """
    }

    static func read(
        _ campaign: Campaign, _ organisation: Int32, in database: Database
    ) async throws -> DemoCounts {
        let status = try await Campaigns(database: database).status(
            of: campaign.id, organisation: organisation)
        return DemoCounts(
            recipients: status.recipients, drawn: status.drawn, queued: status.queued,
            accepted: status.accepted, delivered: status.delivered,
            undelivered: status.undelivered, replies: status.replies, optOuts: status.optOuts)
    }
}
