import Foundation
import Glibc

/// A workbook (Office Open XML, `.xlsx`), whose first sheet is taken out as CSV before it is imported.
///
/// Debian's `xlsx2csv` reads it, in a process of its own with bounds on memory, time and disk: what
/// people upload is packed, and may have been packed to burst.
package enum Workbook {
    /// Whether a file begins as packed files do; the old binary format does not.
    package static func isOne(_ path: String) -> Bool {
        guard var blocks = try? FileBlocks(path: path), let start = try? blocks.next() else {
            return false
        }
        return start.starts(with: [0x50, 0x4B, 0x03, 0x04])
    }

    /// Writes the first sheet to `table`, a new file that only this user can read. Days come as
    /// `2026-01-31`.
    ///
    /// - Throws: ``InvalidInput`` if it is no workbook, or nothing here can read one; `table` is gone
    ///   then.
    package static func unpack(_ path: String, to table: String) async throws {
        let descriptor = open(table, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw InvalidInput("The sheet cannot be written to \(table); make room there.")
        }
        close(descriptor)
        let code = try await run(bounds + reader + [path, table])
        guard code == 0 else {
            unlink(table)
            throw InvalidInput(
                code == missing
                    ? "Workbooks are read by xlsx2csv; install it, or save the sheet as CSV."
                    : "The file \(path) is no workbook that can be read; open it and save its sheet "
                        + "as CSV.", key: "workbook")
        }
    }

    /// Takes a list out of a workbook for as long as `work` runs; a file of another kind is used as it is.
    package static func withTable<Result>(
        of path: String, _ work: (String) async throws -> Result
    ) async throws -> Result {
        guard isOne(path) else { return try await work(path) }
        let table = NSTemporaryDirectory() + "barnstorm-\(UUID().uuidString.lowercased()).csv"
        defer { unlink(table) }
        try await unpack(path, to: table)
        return try await work(table)
    }

    private static let bounds = [
        "prlimit", "--as=\(2 << 30)", "--cpu=600", "--fsize=\(2 << 30)", "--",
    ]
    private static let reader = ["xlsx2csv", "-s", "1", "-f", "%Y-%m-%d"]
    /// What `env` and `prlimit` end with if there is no such program (POSIX, *env*).
    private static let missing: Int32 = 127

    private static func run(_ command: [String]) async throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "LANG": "C.UTF-8",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}
