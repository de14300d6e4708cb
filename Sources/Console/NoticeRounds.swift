import Foundation
import Logging
import Notices
import ServiceLifecycle
import Store

/// Tells volunteers who have no page open that people wait for them.
///
/// A browser that asked for it by Web Push; else, at most every 15 minutes, a mail. What arrived
/// since the last round is told together: "3 replies", with the first name if it is one person and
/// never their words.
package struct NoticeRounds: Service {
    private let subscriptions: Subscriptions
    private let notifier: Notifier
    private let languages: Languages
    private let live: LiveHub
    private let publicURL: String
    private let logger: Logger

    /// Time between rounds.
    static let interval: Duration = .seconds(5)
    /// The least time between two mails to one person.
    static let mailPause: TimeInterval = 15 * 60

    /// - Parameter subscriptions: over a role that sees all organisations.
    init(_ subscriptions: Subscriptions, _ notifier: Notifier, of console: Console) {
        self.subscriptions = subscriptions
        self.notifier = notifier
        languages = console.pages.languages
        live = console.live
        publicURL = console.publicURL
        logger = console.logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    for absentee in try await subscriptions.takeDue() { await tell(absentee) }
                } catch {
                    logger.warning(
                        "A round of notices failed; the next one tries again.",
                        metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    private func tell(_ absentee: Absentee) async {
        guard await !live.isWatching(absentee.member, organisation: absentee.organisation) else {
            return
        }
        let words = languages[absentee.language]
        let title =
            absentee.person.map { words("push_one", ["name": $0]) }
            ?? words("push_some", count: absentee.waiting)
        var isTold = false
        for browser in absentee.browsers {
            isTold = await push(title, to: browser, absentee, words) || isTold
        }
        guard !isTold, let mailer = notifier.mailer, let email = absentee.email,
            absentee.mayBeMailed(now: Date()),
            let mail = Mail(
                to: email, subject: title,
                text: "\(title)\n\n\(publicURL)/inbox\n\n\(words("mail_why"))\n")
        else { return }
        if await mailer.send(mail) {
            try? await subscriptions.noteMail(
                member: absentee.member, organisation: absentee.organisation)
        }
    }

    private func push(
        _ title: String, to browser: PushBrowser, _ absentee: Absentee, _ words: Words
    ) async -> Bool {
        guard let push = notifier.push,
            let news = try? JSONEncoder().encode([
                "title": title, "to": "/inbox", "lang": words.language,
            ])
        else { return false }
        let result = await push.send(
            Array(news),
            to: PushSubscription(
                endpoint: browser.endpoint, publicKey: browser.publicKey, secret: browser.secret),
            topic: "replies")
        if result == .gone {
            try? await subscriptions.forget(
                endpoint: browser.endpoint, organisation: absentee.organisation)
        }
        return result == .told
    }
}

extension Absentee {
    fileprivate func mayBeMailed(now: Date) -> Bool {
        guard let last = settings["mailed_at"].flatMap({ Double($0) }) else { return true }
        return now.timeIntervalSince1970 - last > NoticeRounds.mailPause
    }
}

extension Console {
    /// What tells absent volunteers; nil where neither mail nor push is configured.
    ///
    /// - Parameter subscriptions: over a role that sees all organisations.
    package func notices(_ subscriptions: Subscriptions) -> NoticeRounds? {
        notifier.map { NoticeRounds(subscriptions, $0, of: self) }
    }
}
