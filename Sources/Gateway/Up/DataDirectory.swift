import Foundation
import Glibc

/// The folder that holds everything `up` keeps, and the lock that admits one `up` at a time.
final class DataDirectory: Sendable {
    /// Absolute.
    let path: String
    private let lock: Int32

    /// Makes the folder if it is missing and locks it for the life of the process; a killed process
    /// leaves no lock behind.
    ///
    /// - Throws: ``CommandFailure`` 75 if another `up` runs there, 69 if it cannot be made.
    init(_ given: String) throws {
        let url = URL(fileURLWithPath: given).standardizedFileURL
        path = url.path
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw CommandFailure.unavailable(
                "The folder \(path) cannot be made; give another one with --data.")
        }
        lock = open("\(path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw CommandFailure.unavailable(
                "The folder \(path) cannot be written; give another one with --data.")
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            throw CommandFailure.tryLater(
                "Barnstorm already runs from \(path); use its pages, or end it with Ctrl-C first.")
        }
    }

    deinit { close(lock) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file that only its owner may read, whole or not at all.
    func write(_ text: String, to name: String) throws {
        let fresh = file(name + ".new")
        try? FileManager.default.removeItem(atPath: fresh)
        let made = FileManager.default.createFile(
            atPath: fresh, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard made, rename(fresh, file(name)) == 0 else {
            throw CommandFailure.unavailable("The file \(file(name)) cannot be written.")
        }
    }

    func read(_ name: String) -> String? {
        try? String(contentsOfFile: file(name), encoding: .utf8)
    }
}
