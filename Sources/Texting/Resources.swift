import Foundation

/// The generated, dated tables of this room (`Resources/`), read from beside the executable.
///
/// SwiftPM copies them into `barnstorm_Texting.resources` next to the binary. Its own accessor ends
/// the process without saying what to do, and looks in the build directory of the machine that
/// compiled; a binary that was moved must find its tables or say which ones are missing.
package enum Resource {
    /// The name SwiftPM gives the folder: package, underscore, module.
    static let bundle = "barnstorm_Texting.resources"

    /// Reads one table whole.
    ///
    /// - Throws: ``MissingResource`` with the folders that were searched.
    package static func bytes(_ name: String) throws(MissingResource) -> [UInt8] {
        for folder in folders {
            if let data = try? Data(contentsOf: folder.appendingPathComponent(name)) {
                return [UInt8](data)
            }
        }
        throw MissingResource(name: name, searched: folders.map(\.path))
    }

    /// Reads a table without which no rule can be followed.
    ///
    /// Ends the process with the sentence of ``MissingResource``: sending on with half the rules
    /// would be worse. ``check()`` lets a command ask beforehand.
    static func required(_ name: String) -> [UInt8] {
        do {
            return try bytes(name)
        } catch {
            fatalError(error.description)
        }
    }

    /// The names of all tables; a test compares them with the folder.
    package static let names =
        [
            "jurisdictions.tsv", "phone-numbers.bin", "postal-zones.tsv", "texting-hours.tsv",
            "time-zones.bin",
        ] + replyTables + [replyEvidence]

    /// Reads every table once, so that `doctor` and the start of a worker can say what is missing.
    ///
    /// - Throws: ``MissingResource`` for the first table that cannot be read.
    package static func check() throws(MissingResource) {
        for name in names { _ = try bytes(name) }
    }

    /// Beside the executable (a build, or an unpacked archive), else in `share` (an installation).
    private static let folders: [URL] = {
        let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        let home = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        let share = home.deletingLastPathComponent().appendingPathComponent("share/barnstorm")
        return [home, share].map { folder in
            folder.appendingPathComponent(bundle).appendingPathComponent("Resources")
        }
    }()
}

/// A table of the rules is not where the binary looks for it.
package struct MissingResource: Error, CustomStringConvertible {
    /// The file's name within `Resources`.
    package let name: String
    /// The folders that were searched, as paths.
    package let searched: [String]

    package var description: String {
        """
        The table \(name) cannot be read; copy the folder \(Resource.bundle) of the build \
        beside the binary (searched: \(searched.joined(separator: ", "))).
        """
    }
}
