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
        case let error as PostgresError: self.init(of: error)
        case let missing as MissingResource: self = .unavailable(missing.description)
        case is CancellationError: self = .tryLater("Interrupted before it was done.")
        default: self = .badData(String(describing: error))
        }
    }
}

extension CommandFailure {
    /// What a failure of the database means to the person at the command line.
    private init(of error: PostgresError) {
        switch error.kind {
        case .badURL: self = .usage(error.message)
        case .unreachable, .refused: self = .unavailable(error.message)
        case .lost, .lostBeforeSending, .misuse:
            self = .tryLater("The connection to the database broke; run the command again.")
        case .commitUnknown: self = .tryLater(error.message)
        case .value, .migration: self = .badData(error.message)
        case .statement: self.init(sqlState: error.sqlState ?? "", error)
        }
    }

    /// SQLSTATE classes: PostgreSQL manual, appendix A.
    private init(sqlState: String, _ error: PostgresError) {
        switch (sqlState, sqlState.prefix(2)) {
        case ("42P01", _), ("42703", _), ("42883", _):
            self = .unavailable(
                "The database lacks tables of this version; run 'barnstorm migrate'.")
        case ("42501", _):
            self = .unavailable(
                "The database user may not do this (\(error.message)); connect as the owner.")
        case (_, "22"), (_, "23"): self = .badData(error.message)
        case (_, "40"), (_, "53"), (_, "55"), (_, "57"): self = .tryLater(error.message)
        default: self = .unavailable(error.description)
        }
    }
}
