import Logging
import Postgres
import ServiceLifecycle
import Store

/// Takes away what is over its time, once a night, for as long as the worker runs; then signs the
/// heads of the ledgers, so that each certificate stands under one.
struct RetentionService: Service {
    let deletions: Deletions
    let heads: LedgerHeads
    let logger = Logger(label: "barnstorm.retention")
    /// How often it is asked whether it is night; also how soon a failed night is tried again.
    static let interval = Duration.seconds(600)

    init(database: Database, seed: [UInt8]) throws {
        deletions = Deletions(database: database)
        heads = try LedgerHeads(database: database, seed: seed)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isUnfinished = false
            while !Task.isCancelled {
                do {
                    if try await deletions.takeTurn() || isUnfinished {
                        isUnfinished = true
                        try await night()
                        isUnfinished = false
                    }
                } catch {
                    logger.warning(
                        "What is over its time could not be taken away; the next round goes on.",
                        metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    private func night() async throws {
        let ended = try await deletions.run()
        for deletion in ended {
            logger.info(
                "What was over its time is gone.",
                metadata: [
                    "organisation": "\(deletion.organisation)", "kind": "\(deletion.kind.rawValue)",
                    "rows": "\(deletion.total)", "line": "\(deletion.line ?? 0)",
                ])
        }
        for organisation in Set(ended.map(\.organisation)).sorted() {
            _ = try await heads.sign(organisation)
        }
    }
}
