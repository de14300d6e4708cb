import ArgumentParser
import Foundation
import Glibc

/// Parses the command line, runs the command, and turns whatever it throws into one sentence on
/// standard error and an exit code that scripts may rely on.
@main enum EntryPoint {
    static func main() async {
        // A reader that went away is an error of `write`, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        ParentWatch.begin()
        do {
            var command = try Barnstorm.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(ExitStatus.done.rawValue)
        } catch {
            let end = ending(of: error)
            if let text = end.standardOutput { StandardOutput.write(text + "\n") }
            if let text = end.standardError { StandardError.write(text + "\n") }
            exit(end.status)
        }
    }

    /// How the process ends for an error; apart from ``main()`` so that tests can ask.
    static func ending(of error: any Error) -> Ending {
        if let failure = error as? CommandFailure {
            return Ending(
                status: failure.status.rawValue,
                standardError: failure.sentence.map { "barnstorm: \($0)" })
        }
        // Help, version and wrong usage are the argument parser's own errors.
        let code = Barnstorm.exitCode(for: error)
        if code == .success {
            return Ending(status: 0, standardOutput: Barnstorm.message(for: error))
        }
        if code == .validationFailure {
            return Ending(status: code.rawValue, standardError: usage(error))
        }
        if let plain = error as? ExitCode { return Ending(status: plain.rawValue) }
        let failure = CommandFailure(of: error)
        return Ending(
            status: failure.status.rawValue,
            standardError: failure.sentence.map { "barnstorm: \($0)" })
    }

    /// One sentence about wrong usage, and where the right one is explained.
    private static func usage(_ error: any Error) -> String {
        let text = Barnstorm.message(for: error)
        let sentence = text.split(separator: "\n").joined(separator: " ")
        let full = Barnstorm.fullMessage(for: error)
        let help = full.firstMatch(of: /See '(barnstorm.*--help)'/)?.1 ?? "barnstorm --help"
        let ending = sentence.hasSuffix(".") || sentence.hasSuffix("?") ? "" : "."
        return "barnstorm: \(sentence)\(ending) See '\(help)'."
    }

    struct Ending: Equatable {
        var status: Int32
        var standardOutput: String?
        var standardError: String?
    }
}
