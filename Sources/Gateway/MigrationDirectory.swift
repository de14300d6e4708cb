import Foundation

/// Finds `migrations/`, which is read when the program runs so that operators can read it too.
enum MigrationDirectory {
    /// `BARNSTORM_MIGRATIONS`, else beside the executable, in `share/barnstorm` of an installation,
    /// or in the package that the executable was built from.
    ///
    /// - Throws: ``CommandFailure`` 69 when there is none.
    static func find(_ settings: Settings) throws -> String {
        if let path = settings.value("MIGRATIONS") { return path }
        var folder = ExecutablePath.directory
        var candidates = [
            folder.appendingPathComponent("migrations"),
            folder.deletingLastPathComponent().appendingPathComponent("share/barnstorm/migrations"),
        ]
        // A build lies three or four folders below its package: .build/<triple>/debug.
        for _ in 0..<4 {
            folder.deleteLastPathComponent()
            candidates.append(folder.appendingPathComponent("migrations"))
        }
        for candidate in candidates {
            let first = candidate.appendingPathComponent("0001_create_roles.sql")
            if FileManager.default.fileExists(atPath: first.path) { return candidate.path }
        }
        throw CommandFailure.unavailable(
            "The folder migrations is not beside the program; set BARNSTORM_MIGRATIONS to it.")
    }
}

/// Where this program lies, links resolved.
enum ExecutablePath {
    static let url: URL = {
        let path = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        return path.resolvingSymlinksInPath()
    }()
    static var directory: URL { url.deletingLastPathComponent() }
}
