import Foundation

/// Where it is about noon now, so that no test hangs on the time of day at which it runs.
package enum Noon {
    /// A zone of whole hours. The sign is POSIX's: Etc/GMT-3 lies three hours ahead.
    package static var zone: String {
        let hour =
            Calendar(identifier: .gregorian).dateComponents(in: .gmt, from: Date()).hour ?? 12
        let ahead = 12 - hour
        return ahead == 0 ? "Etc/GMT" : "Etc/GMT\(ahead > 0 ? "-" : "+")\(abs(ahead))"
    }
}
