import Foundation
import Providers
import Store
import Synchronization

/// The receipts of one webhook.
struct StatusEntry: Sendable {
    var receipts: [NewReceipt]
    var raw: RawWebhook
}

/// The texts of one webhook.
struct TextEntry: Sendable {
    var arrivals: [Arrival]
    var raw: RawWebhook
}

extension RawWebhook {
    init(_ webhook: Webhook, account: Int32) {
        let path = webhook.target.prefix { $0 != "?" }
        self.init(
            account: account, isInbound: path.hasSuffix("/inbound"),
            contentType: webhook.header("Content-Type"), target: webhook.target, body: webhook.body)
    }

    /// The same with the reason why it could not be applied.
    func noted(_ reason: String) -> RawWebhook {
        var copy = self
        copy.note = reason
        return copy
    }
}

extension NewReceipt {
    /// Nil if the report names no attempt that this account minted.
    init?(_ report: StatusReport, key: [UInt8], provider: any Provider) {
        guard let token = report.token, let attempt = AttemptToken.open(token, key: key) else {
            return nil
        }
        self.init(
            organisation: attempt.organisation, message: attempt.message, n: attempt.n,
            status: report.status.rawValue, code: report.code, providerID: report.providerID,
            optedOut: report.optedOut,
            cause: report.code.map(provider.cause(of:)) ?? .other)
    }
}

extension Arrival {
    init(_ text: InboundText, _ account: HookAccount, _ raw: RawWebhook) {
        var raw = raw
        raw.isInbound = true
        self.init(
            account: account.id, key: text.key, providerID: text.providerID, from: text.from,
            to: text.to, body: text.body, media: text.media.map(\.url), mark: text.mark,
            providerAnswered: text.providerAnswered, receivedAt: Date(), raw: raw)
    }
}

/// Calls once, when several parts of a webhook are all done.
final class AnswerGate: Sendable {
    private let state: Mutex<(left: Int, isDone: Bool)>
    private let answer: @Sendable (Bool) -> Void

    init(count: Int, answer: @escaping @Sendable (Bool) -> Void) {
        state = Mutex((count, true))
        self.answer = answer
    }

    func finish(_ isDone: Bool) {
        let result = state.withLock { state -> Bool? in
            state.left -= 1
            state.isDone = state.isDone && isDone
            return state.left == 0 ? state.isDone : nil
        }
        if let result { answer(result) }
    }
}
