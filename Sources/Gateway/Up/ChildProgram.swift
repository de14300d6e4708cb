import Foundation
import Glibc

/// A program that was run to its end.
struct FinishedProgram: Sendable {
    /// Its exit code; 128 and the signal's number if a signal ended it.
    var status: Int32
    /// What it said, both outputs together, at most the last 4,000 characters.
    var output: String

    /// The last line it said: where most programs put the reason.
    var lastLine: String {
        output.split(separator: "\n").last.map(String.init) ?? "it said nothing"
    }
}

/// Other programs, started by posix_spawn.
///
/// Foundation's Process learns of a child's end through a socket that the child inherits, so it waits
/// for ever for a program that leaves a daemon behind, as pg_ctl does. Here a child inherits its three
/// streams (all else is close-on-exec), and has a process group of its own: Ctrl-C reaches us alone,
/// and we end things in their order.
struct ChildProgram: Sendable {
    let pid: pid_t

    /// Runs a program and waits for its end.
    ///
    /// - Throws: ``CommandFailure`` 69 if the program is not there.
    static func run(_ arguments: [String]) async throws -> FinishedProgram {
        let file = FileManager.default.temporaryDirectory
            .appendingPathComponent("barnstorm-\(UUID().uuidString)").path
        defer { unlink(file) }
        let child = try start(
            arguments, environment: ProcessInfo.processInfo.environment, log: file)
        let status = await child.end()
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return FinishedProgram(status: status, output: String(text.suffix(4_000)))
    }

    /// Starts a program that goes on by itself; its words are appended to `log`.
    static func start(
        _ arguments: [String], environment: [String: String], log: String
    ) throws -> ChildProgram {
        guard let program = located(arguments[0]) else { throw missing(arguments[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = attributes()
        defer { posix_spawnattr_destroy(&attributes) }
        var words = arguments.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &words, &variables)
        guard code == 0 else { throw missing(arguments[0]) }
        return ChildProgram(pid: pid)
    }

    /// Waits for its end on a thread of its own; at most one caller.
    func end() async -> Int32 {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
                let signal = status & 0x7F
                continuation.resume(returning: signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
            }
        }
    }

    var isRunning: Bool { waitpid(pid, nil, WNOHANG) == 0 }

    /// Asks it to end and waits; after `patience` it is killed.
    func stop(patience: Duration = .seconds(5)) async {
        guard isRunning else { return }
        kill(pid, SIGTERM)
        let deadline = ContinuousClock.now + patience
        while isRunning {
            if ContinuousClock.now > deadline { kill(pid, SIGKILL) }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// A process group of its own, and no signal ignored that we ignore.
    private static func attributes() -> posix_spawnattr_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        return attributes
    }

    private static func missing(_ name: String) -> CommandFailure {
        .unavailable("The program \(name) cannot be started; install it and try again.")
    }

    /// A path as it is; a name from PATH and from where Debian keeps what only root runs.
    private static func located(_ name: String) -> String? {
        if name.contains("/") { return name }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin"])
            .map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }
}
