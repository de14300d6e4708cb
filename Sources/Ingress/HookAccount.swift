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
/// An unknown name makes it read anew, at most once a second and once at a time, so that a fresh
/// account works at once and a stranger who guesses does not reach the database. A known account
/// never waits: it is refreshed behind its webhooks, and holds while that fails.
final class HookDirectory: Sendable {
    private typealias Accounts = [String: HookAccount]

    private struct State {
        var accounts: Accounts = [:]
        var triedAt: ContinuousClock.Instant?
        var isRead = false
        var reading: Task<Accounts, any Error>?
    }

    private let state = Mutex(State())
    private let load: @Sendable () async throws -> [HookAccount]
    private static let age = Duration.seconds(30)
    /// How long after a reading an unknown name is refused unread.
    private let pause: Duration

    init(
        pause: Duration = .seconds(1), load: @escaping @Sendable () async throws -> [HookAccount]
    ) {
        self.pause = pause
        self.load = load
    }

    enum Answer: Sendable {
        case account(HookAccount)
        case unknown
        /// Ask ``find(_:)``: the list is too old to say.
        case stale
    }

    /// What is known without waiting.
    func known(_ hook: String) -> Answer {
        state.withLock { state in
            let age = state.triedAt.map { ContinuousClock.now - $0 } ?? .seconds(3_600)
            if let account = state.accounts[hook] {
                if age >= Self.age { _ = read(&state) }
                return .account(account)
            }
            return state.isRead && age < pause ? .unknown : .stale
        }
    }

    /// Reads the accounts anew, or waits for a reading that has begun.
    func find(_ hook: String) async throws -> HookAccount? {
        try await state.withLock { read(&$0) }.value[hook]
    }

    private func read(_ state: inout State) -> Task<Accounts, any Error> {
        if let reading = state.reading { return reading }
        state.triedAt = .now
        let task = Task {
            defer { self.state.withLock { $0.reading = nil } }
            let accounts = Dictionary(
                try await load().map { ($0.hook, $0) }, uniquingKeysWith: { first, _ in first })
            self.state.withLock { state in
                state.accounts = accounts
                state.isRead = true
            }
            return accounts
        }
        state.reading = task
        return task
    }
}
