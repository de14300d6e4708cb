import Dispatch
import Synchronization

/// Hashes passwords on a thread of its own, one at a time.
///
/// Each hash takes 0.7 s and 128 MiB, so whoever may ask for hashes may exhaust the machine: the
/// queue is bounded and the answer beyond it is "later".
package final class PasswordHasher: Sendable {
    /// Too many wait; answer 503 with Retry-After.
    package struct Busy: Error, CustomStringConvertible {
        package var description: String { "Many people are signing in; try again in a minute." }
    }

    private let waiting = Mutex(0)
    private let limit: Int
    private let queue = DispatchQueue(label: "secrets.scrypt")
    private let cost: Int

    /// - Parameters:
    ///   - limit: how many may wait or run.
    ///   - cost: log2 of scrypt's N; only tests use less than the default.
    package init(limit: Int = 20, cost: Int = Scrypt.defaultCost) {
        self.limit = limit
        self.cost = cost
    }

    /// ``Scrypt/hash(_:cost:)``, in turn.
    ///
    /// - Throws: ``Busy``.
    package func hash(_ password: String) async throws -> String {
        try await inTurn { [cost] in Scrypt.hash(password, cost: cost) }
    }

    /// ``Scrypt/verify(_:against:)``, in turn.
    ///
    /// - Throws: ``Busy``, ``SecretsError/badHash``.
    package func verify(_ password: String, against stored: String) async throws -> Bool {
        try await inTurn { try Scrypt.verify(password, against: stored) }
    }

    private func inTurn<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try waiting.withLock { count in
            guard count < limit else { throw Busy() }
            count += 1
        }
        defer { waiting.withLock { $0 -= 1 } }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result(catching: body)) }
        }
    }
}
