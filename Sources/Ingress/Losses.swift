import Foundation
import Synchronization

/// When people's texts may last have been lost on their way to us: refused while the database was
/// out of reach, or sent while this process was not there.
final class Losses: Sendable {
    private let last = Mutex<Double?>(Date().timeIntervalSince1970)

    /// A webhook that carries a text was answered "try again", which its provider may not do.
    func note(at moment: Double = Date().timeIntervalSince1970) { last.withLock { $0 = moment } }

    /// Whether there are losses, the latest of them `age` seconds old at least.
    func areRipe(_ age: Double, at moment: Double) -> Bool {
        last.withLock { last in last.map { moment - $0 >= age } ?? false }
    }

    /// All that was lost before an instant has been looked for.
    func forget(before moment: Double) {
        last.withLock { last in if let known = last, known <= moment { last = nil } }
    }
}
