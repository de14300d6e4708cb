import Foundation
import Logging
import Store

/// Settles what dead incarnations of this host left: with the proof of their permit files.
struct Inheritance: Sendable {
    let store: SendStore
    let logger: Logger

    /// A try without outcome that is not in the file is proven unsent and goes back to the outbox; one
    /// that is in it is in doubt.
    func settle(_ directory: String) async throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        for remains in PermitFile.remains(in: directory) {
            let open = try await store.outcomes.open(of: remains.incarnation)
            let closings = open.map { closing in
                var closing = closing
                let isSpent = remains.spent.contains(closing.key)
                closing.result = isSpent ? .unknown : .unsent
                closing.code =
                    isSpent ? "worker died after the gate" : "worker died before the gate"
                return closing
            }
            for start in stride(from: 0, to: closings.count, by: Recorder.rowsMax) {
                let end = min(start + Recorder.rowsMax, closings.count)
                try await store.outcomes.record(Array(closings[start..<end]))
            }
            try await store.giveBackShares(of: remains.incarnation)
            // Its file could be locked, so it is dead: nobody waits for its leases to run out.
            try await store.leases.abandon(by: remains.incarnation)
            try await store.workers.stop(remains.incarnation)
            remains.remove()
            logger.notice(
                "A dead worker's tries are settled.",
                metadata: [
                    "incarnation": "\(remains.incarnation.text)", "texts": "\(open.count)",
                    "in_doubt": "\(closings.count { $0.result == .unknown })",
                ])
        }
    }
}
