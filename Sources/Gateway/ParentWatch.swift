import Foundation
import Glibc

/// Ends a helper process when the one that started it is gone, however that ended.
///
/// A measurement that is killed would otherwise leave its carrier and its web behind.
enum ParentWatch {
    static let variable = Settings.prefix + "PARENT_PID"

    /// What a child needs to be told.
    static var environment: [String: String] { [variable: "\(getpid())"] }

    /// Follows the parent that the environment names; does nothing without one.
    static func begin() {
        guard let text = ProcessInfo.processInfo.environment[variable], let parent = Int32(text)
        else { return }
        Thread.detachNewThread {
            // prctl(PR_SET_PDEATHSIG) would follow the thread that started us, not its process.
            while getppid() == parent { usleep(500_000) }
            kill(getpid(), SIGTERM)
        }
    }
}
