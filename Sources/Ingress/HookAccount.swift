import Providers
import Synchronization

/// An account as webhooks need it.
package struct HookAccount: Sendable {
    package var id: Int32
    /// The unguessable part of its addresses.
    package var hook: String
    package var provider: any Provider
    /// Binds an attempt to this account.
    package var callbackKey: [UInt8]

    package init(id: Int32, hook: String, provider: any Provider, callbackKey: [UInt8]) {
        self.id = id
        self.hook = hook
        self.provider = provider
        self.callbackKey = callbackKey
    }
}

/// Accounts by the unguessable part of their addresses, kept for a while.
///
/// An unknown name makes it read anew, at most once a second, so that a fresh account works at once
/// and a stranger who guesses does not reach the database.
final class HookDirectory: Sendable {
    private struct State {
        var accounts: [String: HookAccount] = [:]
        var readAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let load: @Sendable () async throws -> [HookAccount]
    private static let age = Duration.seconds(30)
    private static let pause = Duration.seconds(1)

    init(load: @escaping @Sendable () async throws -> [HookAccount]) { self.load = load }

    enum Answer: Sendable {
        case account(HookAccount)
        case unknown
        /// Ask ``find(_:)``: the list is too old to say.
        case stale
    }

    /// What is known without waiting.
    func known(_ hook: String) -> Answer {
        state.withLock { state in
            guard let readAt = state.readAt else { return .stale }
            let age = ContinuousClock.now - readAt
            if let account = state.accounts[hook] {
                return age < Self.age ? .account(account) : .stale
            }
            return age < Self.pause ? .unknown : .stale
        }
    }

    /// Reads the accounts anew; when that fails, what was known before goes on holding.
    func find(_ hook: String) async throws -> HookAccount? {
        do {
            let accounts = Dictionary(
                try await load().map { ($0.hook, $0) }, uniquingKeysWith: { first, _ in first })
            state.withLock { state in
                state.accounts = accounts
                state.readAt = .now
            }
            return accounts[hook]
        } catch {
            guard let account = state.withLock({ $0.accounts[hook] }) else { throw error }
            return account
        }
    }
}
