import Foundation
import Logging
import Notices
import Store

/// Tells those who asked at the door to be told: once, when they can begin, by day; then forgets them.
///
/// When that is: the campaign is live, has room for one more and people who are awake; after its end,
/// when the organisation's next one is. Who could have begun at once is left in peace for three hours
/// first (``Volunteers/later``).
package struct ReminderRounds: Rounds {
    private let volunteers: Volunteers
    private let console: Console
    package var logger: Logger { console.logger }

    package static let interval: Duration = .seconds(20)

    /// How long a mail that did not leave waits for its next try.
    private static let pause: TimeInterval = 30 * 60

    /// - Parameter volunteers: over a role that sees all organisations.
    init(_ volunteers: Volunteers, of console: Console) {
        self.volunteers = volunteers
        self.console = console
    }

    package func round(now: Date) async throws {
        try await volunteers.forgetReminders(now: now)
        let due = Dictionary(grouping: try await volunteers.dueReminders(now: now), by: \.campaign)
        for (campaign, reminders) in due {
            let night = try await console.store.sendDesk.night(
                of: campaign, organisation: reminders[0].organisation)
            guard night == nil else { continue }
            var places = max(0, reminders[0].places ?? .max)
            for reminder in reminders where places > 0 {
                guard !isQuiet(for: reminder, now) else { continue }
                do {
                    if try await tell(reminder, now) { places -= 1 }
                } catch {
                    logger.warning(
                        "A reminder failed; the next round tries again.",
                        metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Where they are says their number; who gave a mail address may be written to at any hour.
    private func isQuiet(for reminder: Reminder, _ now: Date) -> Bool {
        !reminder.isEmail && QuietHours(number: reminder.login).contains(now)
    }

    private func tell(_ reminder: Reminder, _ now: Date) async throws -> Bool {
        let words = console.pages.languages[reminder.language]
        let news = words(
            reminder.isNext ? "remind_next" : "remind_open",
            ["campaign": reminder.campaignName, "who": reminder.organisationName]
        ).filter { !"\u{2068}\u{2069}".contains($0) }
        let link = "\(console.publicURL)/j/\(reminder.code)"
        guard reminder.isEmail else {
            return try await console.store.codes.remind(reminder, body: "\(news) \(link)")
        }
        guard let mailer = console.notifier?.mailer,
            let mail = Mail(
                to: reminder.login, subject: news,
                text: "\(news)\n\n\(link)\n\n\(words("remind_why"))\n"),
            try await volunteers.claim(reminder)
        else { return false }
        if await mailer.send(mail) { return true }
        try await volunteers.giveBack(reminder, until: now + Self.pause)
        return false
    }
}

extension Console {
    /// What tells those who asked to be reminded.
    ///
    /// - Parameter volunteers: over a role that sees all organisations.
    package func reminders(_ volunteers: Volunteers) -> ReminderRounds {
        ReminderRounds(volunteers, of: self)
    }
}
