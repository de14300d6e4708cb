import Foundation
import Logging
import Notices
import Store

/// Tells volunteers who have no page open that people wait for them.
///
/// A browser that asked for it by Web Push; else a text through the gateway, where somebody asked for
/// that; else a mail. What arrived since the last round is told together: "3 people wait", with the
/// first name if it is one person and never their words. Whoever may not be told yet, for the hour or
/// because the last notice was a moment ago, stays due.
package struct NoticeRounds: Rounds {
    private let subscriptions: Subscriptions
    private let codes: SignInCodes
    private let notifier: Notifier
    private let languages: Languages
    private let publicURL: String
    package let logger: Logger

    package static let interval: Duration = .seconds(5)

    /// - Parameter subscriptions: over a role that sees all organisations.
    init(_ subscriptions: Subscriptions, _ notifier: Notifier, of console: Console) {
        self.subscriptions = subscriptions
        self.notifier = notifier
        codes = console.store.codes
        languages = console.pages.languages
        publicURL = console.publicURL
        logger = console.logger
    }

    /// Tells everybody who is due; one who cannot be told keeps nobody else waiting.
    package func round(now: Date) async throws {
        for absentee in try await subscriptions.due() {
            guard let channel = NoticeChannel(for: absentee, by: notifier, now: now),
                try await subscriptions.claim(absentee, by: channel.rawValue, now: now)
            else { continue }
            do {
                try await tell(absentee, by: channel)
            } catch {
                logger.warning(
                    "A notice failed; the next reply brings another.",
                    metadata: ["channel": "\(channel)", "error": "\(error)"])
            }
        }
    }

    private func tell(_ absentee: Absentee, by channel: NoticeChannel) async throws {
        let words = languages[absentee.language]
        let title = Self.plain(
            absentee.person.map { words("push_one", ["name": $0]) }
                ?? words("push_some", count: absentee.waiting))
        switch channel {
        case .push:
            var isTold = false
            for browser in absentee.browsers {
                isTold = await push(title, to: browser, absentee, words) || isTold
            }
            if !isTold, absentee.email != nil { _ = await mail(title, absentee, words) }
        case .text:
            guard let number = absentee.number else { return }
            _ = try await codes.notify(
                organisation: absentee.organisation, number: number,
                body: "\(title). \(publicURL)/inbox")
        case .mail: _ = await mail(title, absentee, words)
        }
    }

    /// Mail and texts need no marks of direction.
    private static func plain(_ text: String) -> String {
        text.filter { !"\u{2068}\u{2069}".contains($0) }
    }

    private func mail(_ title: String, _ absentee: Absentee, _ words: Words) async -> Bool {
        guard let mailer = notifier.mailer, let email = absentee.email,
            let mail = Mail(
                to: email, subject: title,
                text: "\(title)\n\n\(publicURL)/inbox\n\n\(Self.plain(words("mail_why")))\n")
        else { return false }
        return await mailer.send(mail)
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

/// How somebody is told now.
enum NoticeChannel: String, Sendable {
    case push, text, mail

    /// The least seconds between two notices of a kind: pushes replace each other, texts cost.
    private var pause: TimeInterval {
        switch self {
        case .push: 30
        case .mail: 15 * 60
        case .text: 60 * 60
        }
    }

    /// nil for nobody to be told now: it is their night, the last notice was a moment ago, or there
    /// is no way to them.
    init?(for absentee: Absentee, by notifier: Notifier, now: Date) {
        guard !QuietHours(of: absentee).contains(now) else { return nil }
        let wish = absentee.settings["notices"].flatMap(NoticeChannel.init(rawValue:))
        let ways: [NoticeChannel?] = [
            notifier.push != nil && !absentee.browsers.isEmpty && wish != .mail ? .push : nil,
            wish == .text && absentee.number != nil ? .text : nil,
            notifier.mailer != nil && absentee.email != nil ? .mail : nil,
        ]
        let preferred = wish == .text ? ways[1] ?? ways[0] : ways[0]
        guard let channel = preferred ?? ways.compactMap(\.self).first else { return nil }
        let last = absentee.settings["\(channel.rawValue)_at"].flatMap { Double($0) }
        if let last, now.timeIntervalSince1970 - last < channel.pause { return nil }
        self = channel
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
