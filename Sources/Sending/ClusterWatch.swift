import Foundation
import Store
import Synchronization

/// What this host saw of the database last: kept in a file, so that a restore is noticed although
/// every worker was restarted with it.
final class ClusterWatch: Sendable {
    private let path: String
    private let last: Mutex<ClusterSighting?>

    init(directory: String) {
        path = directory + "/cluster"
        let words = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ")
        last = Mutex(
            words.flatMap { words in
                guard words.count == 2, let position = Int(words[1]) else { return nil }
                return ClusterSighting(identity: String(words[0]), position: position)
            })
    }

    /// The database whose tries this worker may permit; nothing before the first look.
    var identity: String { last.withLock { $0?.identity } ?? "" }

    /// - Returns: how many numbers came into quarantine, because another database answers than
    ///   before, or an older one.
    func look(_ cluster: Cluster) async throws -> Int {
        let (sighting, quarantined) = try await cluster.look(after: last.withLock { $0 })
        last.withLock { $0 = sighting }
        try Data("\(sighting.identity) \(sighting.position)".utf8)
            .write(to: URL(fileURLWithPath: path), options: .atomic)
        return quarantined
    }
}
