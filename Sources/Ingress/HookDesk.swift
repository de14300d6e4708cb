import Foundation
import Logging
import Metrics
import Postgres
import Providers
import Store

/// Takes provider webhooks in: verify on the raw bytes, apply and commit, then answer.
///
/// It does no remote call. ``IngressService`` must run, else nothing is applied.
package final class HookDesk: Sendable {
    /// The most a webhook's body may have: 64 KiB.
    package static let bodyBytesMax = 65_536
    /// What all addresses begin with.
    package static let prefix = "/hooks/"

    let directory: HookDirectory
    let statuses: Lane<StatusEntry>
    let texts: Lane<TextEntry>
    let notifier: InboxNotifier
    let losses = Losses()
    private let webhooks: Webhooks
    private let log: Logger

    /// - Parameters:
    ///   - accounts: reads all accounts; called now and then and for names not known yet.
    ///   - reception: applies inbound texts.
    package init(
        database: Database, reception: Reception, log: Logger,
        accounts: @escaping @Sendable () async throws -> [HookAccount]
    ) {
        let webhooks = Webhooks(database: database)
        let receipts = Receipts(database: database)
        let notifier = InboxNotifier(database: database, log: log)
        directory = HookDirectory(load: accounts)
        statuses = Lane(log: log) { batch in
            try await receipts.apply(batch.flatMap(\.receipts))
        } keep: { entry, reason in
            try await webhooks.keep(entry.raw.noted(reason))
        }
        texts = Lane(log: log) { batch in
            notifier.tell(try await reception.receive(batch.flatMap(\.arrivals)))
        } keep: { entry, reason in
            try await webhooks.keep(entry.raw.noted(reason))
        }
        self.notifier = notifier
        self.webhooks = webhooks
        self.log = log
    }

    /// Answers one webhook; `answer` runs once, on any thread.
    package func receive(_ webhook: Webhook, answer: @escaping @Sendable (HookAnswer) -> Void) {
        let isInbound = webhook.target.prefix { $0 != "?" }.hasSuffix("/inbound")
        let answer: @Sendable (HookAnswer) -> Void = { [losses] given in
            given.counter.increment()
            if isInbound, case .unavailable = given { losses.note() }
            answer(given)
        }
        guard let hook = Self.hook(in: webhook.target) else { return answer(.notFound) }
        switch directory.known(hook) {
        case .account(let account): process(webhook, for: account, answer: answer)
        case .unknown: answer(.notFound)
        case .stale: lookUp(hook, webhook, answer: answer)
        }
    }

    /// The account's part of `/hooks/{provider}/{account}/inbound` or `…/status`.
    static func hook(in target: String) -> String? {
        let path = target.prefix { $0 != "?" }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "hooks",
            parts[4] == "inbound" || parts[4] == "status"
        else { return nil }
        return String(parts[3])
    }

    private func lookUp(
        _ hook: String, _ webhook: Webhook, answer: @escaping @Sendable (HookAnswer) -> Void
    ) {
        Task {
            do {
                guard let account = try await directory.find(hook) else { return answer(.notFound) }
                process(webhook, for: account, answer: answer)
            } catch {
                log.error("Accounts could not be read.", metadata: ["error": "\(error)"])
                answer(.unavailable)
            }
        }
    }

    private func process(
        _ webhook: Webhook, for account: HookAccount,
        answer: @escaping @Sendable (HookAnswer) -> Void
    ) {
        guard account.provider.isGenuine(webhook) else {
            log.notice("A webhook's signature is wrong.", metadata: ["account": "\(account.id)"])
            return answer(.forged)
        }
        let done = HookAnswer.done(account.provider.webhookAnswer)
        do {
            submit(
                try account.provider.events(in: webhook), of: webhook, for: account, done: done,
                answer: answer)
        } catch {
            Task {
                let raw = RawWebhook(webhook, account: account.id)
                try? await webhooks.keep(raw.noted("\(error)"))
                answer(.unreadable)
            }
        }
    }

    /// Statuses and texts have lanes of their own: a flood of receipts never delays a stop.
    private func submit(
        _ events: [ProviderEvent], of webhook: Webhook, for account: HookAccount,
        done: HookAnswer, answer: @escaping @Sendable (HookAnswer) -> Void
    ) {
        let raw = RawWebhook(webhook, account: account.id)
        var status = StatusEntry(receipts: [], raw: raw)
        var text = TextEntry(arrivals: [], raw: raw)
        var strange: [String] = []
        for event in events {
            switch event {
            case .inbound(let inbound): text.arrivals.append(Arrival(inbound, account, raw))
            case .status(let report):
                if let receipt = NewReceipt(
                    report, key: account.callbackKey, provider: account.provider)
                {
                    status.receipts.append(receipt)
                } else {
                    strange.append(report.providerID)
                }
            }
        }
        // An array that holds both waits for the texts, which also carry the webhook's raw form.
        let both = [status.receipts.isEmpty, text.arrivals.isEmpty]
        let gate = AnswerGate(count: both.count { !$0 } + (strange.isEmpty ? 0 : 1)) { isDone in
            answer(isDone ? done : .unavailable)
        }
        if both == [true, true], strange.isEmpty { return answer(done) }
        if !status.receipts.isEmpty {
            let isTaken = statuses.submit(status) { gate.finish($0 == .done) }
            if !isTaken { gate.finish(false) }
        }
        if !text.arrivals.isEmpty {
            let isTaken = texts.submit(text) { gate.finish($0 == .done) }
            if !isTaken { gate.finish(false) }
        }
        if !strange.isEmpty { keepStrange(raw, gate) }
    }

    /// A status of a text that carries no token of ours: sent by other means, or long ago.
    private func keepStrange(_ raw: RawWebhook, _ gate: AnswerGate) {
        Task {
            do {
                try await webhooks.keep(raw.noted("No attempt of ours is named in it."))
                gate.finish(true)
            } catch {
                gate.finish(false)
            }
        }
    }
}
