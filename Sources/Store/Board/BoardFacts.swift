import Foundation
import Postgres
import Texting

/// Everything that a campaign's board shows, true at ``at``.
package struct BoardFacts: Sendable, Equatable {
    package var at: Date
    package var campaign: Campaign
    /// Raw values of `campaign.settings`.
    package var settings: [String: String]
    package var pausedAt: Date?
    package var people: Int
    /// People of the first slice, while the campaign waits for its figures; nil beyond it.
    package var trying: Int?
    package var totals: [TallyKind: Int]
    /// Texts that the carrier took in the last five whole minutes, and how many minutes those were.
    package var recent: Int
    package var recentMinutes: Int
    package var series: BoardSeries
    package var answers: [AnswerTotal]
    package var waiting: WaitingPeople
    /// Texters seen in the last ten minutes.
    package var texting: Int
    package var hands: [RaisedHand]
    /// Suggestions of volunteers that nobody has seen yet.
    package var fixes: Int

    package subscript(kind: TallyKind) -> Int { totals[kind] ?? 0 }

    /// Settled doubts count as accepted: nearly all are settled by a delivery report.
    package var accepted: Int { self[.accepted] + self[.settled] }
    package var inDoubt: Int { max(0, self[.inDoubt] - self[.settled]) }
    package var failed: Int { self[.rejected] + self[.undelivered] }
    package var closed: Int {
        accepted + inDoubt + self[.rejected] + self[.suppressed] + self[.expired]
            + self[.cancelled]
    }
    package var queued: Int { max(0, self[.drawn] - closed) }
    /// People for whom no text has been made.
    package var left: Int { max(0, people - self[.drawn]) }
    /// Texts a minute, over the last five whole minutes.
    package var rate: Double {
        recentMinutes > 0 ? Double(recent) / Double(recentMinutes) : 0
    }
    /// Until everybody has been asked at this rate; nil while nothing leaves.
    package var remaining: Duration? {
        let open = left + queued
        guard rate > 0, open > 0 else { return nil }
        return .seconds(Double(open) / rate * 60)
    }
    package var rule: HoldRule { HoldRule(settings: settings) }
    /// Texts that were with the carrier already when somebody paused.
    package var afterPause: Int? {
        settings["paused_accepted"].flatMap { Int($0) }.map { max(0, self[.accepted] - $0) }
    }
}

/// People who wait for a reply: counted up to a bound, so that a flood stays cheap.
package struct WaitingPeople: Sendable, Equatable {
    package static let bound = 5_000

    package var count = 0
    package var oldest: Date?
    /// Those who have waited for more than twenty minutes.
    package var late = 0
    package var isMore: Bool { count > Self.bound }
}

/// A texter who asks for help with a conversation.
package struct RaisedHand: Sendable, Equatable {
    package var conversation: UUID
    package var texter: String?
    package var note: String
    package var at: Date
}

/// Amounts by stretch of time, for charts: at most sixty of equal width.
package struct BoardSeries: Sendable, Equatable {
    package var start: Date
    /// Minutes of one stretch.
    package var width: Int
    package var accepted: [Int]
    package var optOuts: [Int]

    /// Widths that people read easily: a minute to a week.
    static let widths = [1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440, 10_080]
    package static let most = 60

    static func width(from first: Date, to last: Date) -> Int {
        let minutes = Int(last.timeIntervalSince(first) / 60) + 1
        return widths.first { minutes <= $0 * (most - 1) } ?? max(10_080, minutes / (most - 1) + 1)
    }
}
