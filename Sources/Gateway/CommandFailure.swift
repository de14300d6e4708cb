import Foundation
import Postgres
import Texting

/// The exit codes of `barnstorm` (those above 1 from sysexits.h).
enum ExitStatus: Int32 {
    case done = 0
    /// A check that was asked for failed.
    case checkFailed = 1
    case wrongUsage = 64
    case badData = 65
    /// A service it needs is missing.
    case unavailable = 69
    /// A later try may work.
    case tryLater = 75
}

/// Why a command ends before it is done: an exit code, and one sentence that says what to do.
struct CommandFailure: Error, CustomStringConvertible {
    var status: ExitStatus
    /// Nil where the command has already printed its findings.
    var sentence: String?

    var description: String { sentence ?? "The command ended with code \(status.rawValue)." }

    static func usage(_ sentence: String) -> Self { Self(status: .wrongUsage, sentence: sentence) }
    static func badData(_ sentence: String) -> Self { Self(status: .badData, sentence: sentence) }
    static func unavailable(_ sentence: String) -> Self {
        Self(status: .unavailable, sentence: sentence)
    }
    static func tryLater(_ sentence: String) -> Self { Self(status: .tryLater, sentence: sentence) }
    static func checkFailed(_ sentence: String? = nil) -> Self {
        Self(status: .checkFailed, sentence: sentence)
    }
}

extension CommandFailure {
    /// Maps an error of another room. What names itself in a sentence is about the data it was given;
    /// a command that knows better throws a ``CommandFailure``.
    init(of error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let missing as MissingResource: self = .unavailable(missing.description)
        case is CancellationError: self = .tryLater("Interrupted before it was done.")
        default: self = .badData(String(describing: error))
        }
    }
}
