import Foundation
import Postgres

/// What `doctor` asks about the log: whether its heads leave the house, and whether what was begun to
/// be taken away is done.
struct LedgerChecks: Sendable {
    let database: Database
    let settings: Settings

    /// A day, and another for a night that failed.
    static let hoursMax = 48

    func findings() async throws -> [Diagnosis] {
        [try await anchors(), try await deletions()]
    }

    /// A log whose heads lie nowhere else can be written anew by whoever has all rights.
    private func anchors() async throws -> Diagnosis {
        guard settings.value("ANCHOR_DIR") != nil || settings.value("ANCHOR_MAIL") != nil else {
            return .fine(
                "anchors",
                "Heads of the log stay in the house; BARNSTORM_ANCHOR_DIR or _ANCHOR_MAIL takes "
                    + "them out.")
        }
        let late =
            try await database.first(
                """
                SELECT count(*) FROM organisation o
                WHERE o.created_at < now() - \(Self.hoursMax) * interval '1 hour'
                  AND NOT EXISTS (SELECT FROM tree_head h WHERE h.organisation_id = o.id
                    AND h.anchored <> '[]'
                    AND h.signed_at > now() - \(Self.hoursMax) * interval '1 hour')
                """
            ) { try $0.value(0) as Int } ?? 0
        return late == 0
            ? .fine("anchors", "Every log's head was taken out of the house lately.")
            : .wrong(
                "anchors", "\(late) log(s) had no head taken out for \(Self.hoursMax) hours.",
                cure: "Look for 'A head could not be anchored' in the worker's log, correct the "
                    + "folder or mail server, and run 'barnstorm audit anchor'.")
    }

    private func deletions() async throws -> Diagnosis {
        let open =
            try await database.first(
                """
                SELECT count(*) FROM deletion WHERE finished_at IS NULL
                  AND started_at < now() - \(Self.hoursMax) * interval '1 hour'
                """
            ) { try $0.value(0) as Int } ?? 0
        return open == 0
            ? .fine("retention", "No round was left unfinished.")
            : .wrong(
                "retention", "\(open) rounds were interrupted and not taken up again.",
                cure: "Start a worker, or run 'barnstorm retention run'.")
    }
}
