import Providers
import Synchronization
import Testing

@testable import Ingress

/// Accounts are read seldom, whoever asks.
@Suite struct HookDirectoryTests {
    final class Counter: Sendable {
        let count = Atomic<Int>(0)
    }

    /// - Parameter pause: long or none at all, so that a busy machine changes no answer.
    func directory(_ counter: Counter, pause: Duration = .seconds(3_600)) -> HookDirectory {
        HookDirectory(pause: pause) {
            counter.count.add(1, ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(50))
            let account = ProviderAccount(
                id: 1, provider: "twilio", apiURL: "",
                credentials: ["account_sid": "AC1", "auth_token": "x"], hook: "known",
                publicURL: "")
            return [
                HookAccount(
                    id: 1, hook: "known", provider: try Providers.make(account), callbackKey: [])
            ]
        }
    }

    @Test func `many who ask at once cause one reading`() async throws {
        let counter = Counter()
        let directory = directory(counter)

        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask {
                    try await directory.find(number % 2 == 0 ? "known" : "guess") != nil
                }
            }
            var found = 0
            for try await isFound in group { found += isFound ? 1 : 0 }
            #expect(found == 25)
        }

        #expect(counter.count.load(ordering: .relaxed) == 1)
    }

    @Test func `a guess right after a reading does not reach the database`() async throws {
        let counter = Counter()
        let directory = directory(counter)
        _ = try await directory.find("known")

        guard case .unknown = directory.known("guess") else {
            Issue.record("a guess was not refused at once")
            return
        }
        guard case .account = directory.known("known") else {
            Issue.record("a known account had to wait")
            return
        }
        #expect(counter.count.load(ordering: .relaxed) == 1)
    }

    @Test func `a guess later on has to wait for a reading`() async throws {
        let counter = Counter()
        let directory = directory(counter, pause: .zero)
        _ = try await directory.find("known")

        guard case .stale = directory.known("guess") else {
            Issue.record("a guess was answered from an old reading")
            return
        }
        #expect(try await directory.find("guess") == nil)
        #expect(counter.count.load(ordering: .relaxed) == 2)
    }
}
