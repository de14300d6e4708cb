import Foundation
import Glibc

/// The PostgreSQL that `up` keeps below its data directory, reached by a socket only.
///
/// PostgreSQL refuses to run as root. Started by root it runs as the system user `postgres`, with its
/// files where that user can reach them: below the data directory if possible, else in /var/lib.
/// The socket lies in a short path of its own, because a socket's path has at most 107 octets;
/// its folder admits only the owner, which is why the server itself may trust who comes.
struct PrivatePostgres: Sendable {
    /// The cluster's files.
    let files: String
    let socketFolder: String
    private let programs: String
    /// Put before every program: nothing to speak of, or what makes it run as the system user.
    private let disguise: [String]

    static let port = 54_321
    private static let systemUser = "postgres"

    var url: String {
        "postgresql:///barnstorm?host=\(socketFolder)&port=\(Self.port)&user=barnstorm"
    }

    /// - Parameter data: the absolute path of `up`'s data directory, which exists.
    /// - Throws: ``CommandFailure`` 69 with what is missing.
    init(data: String) async throws {
        programs = try Self.newestPrograms()
        let isRoot = geteuid() == 0
        let mark = Self.mark(data)
        socketFolder = isRoot ? "/run/barnstorm-\(mark)" : "/tmp/barnstorm-\(geteuid())-\(mark)"
        guard isRoot else {
            disguise = ["env"]
            files = "\(data)/postgres"
            try Self.claim(socketFolder, owner: geteuid())
            return
        }
        guard let user = getpwnam(Self.systemUser)?.pointee else {
            throw CommandFailure.unavailable(
                "There is no user postgres to run PostgreSQL as; install the package postgresql.")
        }
        // From /, because the system user may not be let into the folder where we stand.
        disguise = ["env", "-C", "/", "runuser", "-u", Self.systemUser, "--"]
        let canReach =
            try await ChildProgram.run(disguise + ["test", "-x", data]).status == 0
        files = canReach ? "\(data)/postgres" : "/var/lib/barnstorm/\(mark)/postgres"
        try Self.makeFolder(files, owner: user.pw_uid)
        try Self.claim(socketFolder, owner: user.pw_uid)
    }

    /// Makes the cluster if there is none, and starts it; one left behind by an `up` that was
    /// killed is stopped first.
    func start() async throws {
        if try await control("status").status == 0 { try await stop() }
        if !FileManager.default.fileExists(atPath: "\(files)/PG_VERSION") {
            try await mustSucceed(
                [
                    "\(programs)/initdb", "-D", files, "-U", "barnstorm", "-E", "UTF8",
                    "--locale=C.UTF-8", "--auth=trust",
                ], "PostgreSQL's files cannot be made")
        }
        let options =
            "-k \(socketFolder) -p \(Self.port) -c listen_addresses= -c max_connections=200"
        let started = try await control("start", "-w", "-t", "60", "-o", options, "-l", log)
        guard started.status == 0 else {
            throw CommandFailure.unavailable(
                "PostgreSQL does not start: \(reason(started)). See \(log).")
        }
        try await makeDatabase()
    }

    func stop() async throws { _ = try await control("stop", "-m", "fast", "-w", "-t", "60") }

    private var log: String { "\(files)/server.log" }

    private func control(_ verb: String, _ more: String...) async throws -> FinishedProgram {
        try await ChildProgram.run(disguise + ["\(programs)/pg_ctl", verb, "-D", files] + more)
    }

    private func makeDatabase() async throws {
        let made = try await ChildProgram.run(
            disguise + [
                "\(programs)/createdb", "-h", socketFolder, "-p", "\(Self.port)", "-U", "barnstorm",
                "barnstorm",
            ])
        guard made.status == 0 || made.output.contains("already exists") else {
            throw CommandFailure.unavailable("The database cannot be made: \(made.lastLine).")
        }
    }

    private func mustSucceed(_ arguments: [String], _ what: String) async throws {
        let done = try await ChildProgram.run(disguise + arguments)
        guard done.status == 0 else {
            throw CommandFailure.unavailable("\(what): \(done.lastLine).")
        }
    }

    /// The server's own last complaint says more than pg_ctl.
    private func reason(_ done: FinishedProgram) -> String {
        let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? done.output
        let complaint = said.split(separator: "\n").last { $0.contains("FATAL") }
        return complaint.map { String($0.drop { $0 != "F" }) } ?? done.lastLine
    }
}

extension PrivatePostgres {
    /// Debian keeps the programs of each version apart; 15 is the oldest that will do.
    private static func newestPrograms() throws -> String {
        let base = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
        let newest = versions.compactMap(Int.init).filter { $0 >= 15 }.sorted().last { version in
            access("\(base)/\(version)/bin/initdb", X_OK) == 0
        }
        guard let newest else {
            throw CommandFailure.unavailable(
                "PostgreSQL 15 or later is not installed; run 'apt-get install postgresql'.")
        }
        return "\(base)/\(newest)/bin"
    }

    /// Eight characters that tell one data directory from another (FNV-1a).
    private static func mark(_ path: String) -> String {
        var hash: UInt32 = 2_166_136_261
        for byte in path.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }

    /// Makes the socket's folder, or takes one that is ours already; /tmp is anybody's, so a folder
    /// that somebody else made is refused.
    private static func claim(_ folder: String, owner: uid_t) throws {
        try makeFolder(folder, owner: owner)
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == owner, status.st_mode & 0o077 == 0
        else {
            throw CommandFailure.unavailable(
                "The folder \(folder) belongs to somebody else; remove it and try again.")
        }
    }

    private static func makeFolder(_ path: String, owner: uid_t) throws {
        let parent = (path as NSString).deletingLastPathComponent
        try? FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true)
        guard mkdir(path, 0o700) == 0 else {
            if errno == EEXIST { return }
            throw CommandFailure.unavailable(
                "The folder \(path) cannot be made (\(String(cString: strerror(errno)))).")
        }
        if geteuid() == 0 { chown(path, owner, gid_t.max) }
    }
}
