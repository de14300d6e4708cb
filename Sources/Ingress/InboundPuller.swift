import Curl
import Foundation
import Logging
import Providers
import Store
import Synchronization

/// Looks for texts that no webhook brought: an outage of ours must not lose a stop.
///
/// Every few minutes, and soon after a webhook with a text could not be applied, it lists what people
/// wrote to each number and hands all of it to the same lane as webhooks; what came before is known
/// by its key and changes nothing.
package final class InboundPuller: Sendable {
    /// How often each number is asked about when nothing is amiss.
    package static let pause = Duration.seconds(300)
    /// How often it looks whether there is reason to ask.
    private static let glance = Duration.seconds(10)
    /// Younger texts are left to their webhooks, which tell more (the provider's marks).
    private static let ageMin = 60.0
    /// How far back the first round looks: longer than any outage that nobody noticed.
    private static let reach = 24 * 3_600.0
    /// Rounds overlap by this, for clocks that differ and texts that are listed late.
    private static let overlap = 900.0

    private let desk: HookDesk
    private let webhooks: Webhooks
    private let engine: CurlEngine
    private let log: Logger
    private let accounts: @Sendable () async throws -> [HookAccount]
    private let pulledAt = Mutex<[String: Double]>([:])

    package init(
        desk: HookDesk, webhooks: Webhooks, engine: CurlEngine, log: Logger,
        accounts: @escaping @Sendable () async throws -> [HookAccount]
    ) {
        self.desk = desk
        self.webhooks = webhooks
        self.engine = engine
        self.log = log
        self.accounts = accounts
    }

    /// The chore that ``IngressService`` runs.
    package var chore: Chore {
        Chore("look for lost texts", every: Self.glance, log: log) { try await self.pull() }
    }

    /// One round over all accounts whose turn no other process took; over all of them where this
    /// process has losses to make up for, once those are old enough to be listed.
    package func pull(now: Date = Date()) async throws {
        let moment = now.timeIntervalSince1970
        let turn = Int(moment / Double(Self.pause.components.seconds))
        let hasLosses = desk.losses.areRipe(Self.ageMin, at: moment)
        var isWhole = true
        for account in try await accounts() {
            let isOurs = try await webhooks.takeTurn(account: account.id, "pull:\(turn)")
            guard isOurs || hasLosses else { continue }
            for number in try await webhooks.numbers(account: account.id) {
                isWhole = try await pull(number, account, now: moment) && isWhole
            }
        }
        if hasLosses, isWhole { desk.losses.forget(before: moment - Self.ageMin) }
    }

    /// - Returns: whether the list could be read to its end.
    private func pull(
        _ number: String, _ account: HookAccount, now: Double
    ) async throws -> Bool {
        let place = "\(account.id) \(number)"
        let last = pulledAt.withLock { $0[place] } ?? now - Self.reach
        let since = last - Self.overlap
        let texts = await ProviderList(account: account, engine: engine).texts(
            of: number, inbound: true, since: since, until: now)
        for text in texts ?? [] where text.createdAt <= now - Self.ageMin {
            try await take(text, account)
        }
        guard texts != nil else {
            log.notice(
                "The list of texts could not be read.", metadata: ["account": "\(account.id)"])
            return false
        }
        pulledAt.withLock { $0[place] = now - Self.ageMin }
        return true
    }

    private func take(_ text: ListedText, _ account: HookAccount) async throws {
        guard let arrival = Arrival(found: text, account) else { return }
        let outcome = await withCheckedContinuation { continuation in
            let isTaken = desk.texts.submit(TextEntry(arrivals: [arrival], raw: arrival.raw)) {
                continuation.resume(returning: $0)
            }
            if !isTaken { continuation.resume(returning: .failed) }
        }
        if outcome == .failed { throw PullFailure() }
    }
}

/// A found text could not be committed; the next round finds it again.
private struct PullFailure: Error, CustomStringConvertible {
    var description: String { "A text found in the provider's list could not be committed." }
}
