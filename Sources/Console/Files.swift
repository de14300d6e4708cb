import Foundation

/// The files that pages are made of: `Assets/`, `Templates/` and `Words/`, as written.
///
/// SwiftPM copies them into `barnstorm_Console.resources` beside the binary, where an installation
/// may also keep them under `share/barnstorm`.
enum Files {
    static let bundle = "barnstorm_Console.resources"

    /// Every file of one folder by name.
    ///
    /// - Throws: ``MissingFiles`` if there is none.
    static func all(in folder: String) throws(MissingFiles) -> [String: Data] {
        for home in homes {
            let place = home.appendingPathComponent(folder)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
            let found = names.compactMap { name in
                (try? Data(contentsOf: place.appendingPathComponent(name))).map { (name, $0) }
            }
            if !found.isEmpty { return Dictionary(uniqueKeysWithValues: found) }
        }
        throw MissingFiles(folder: folder, searched: homes.map(\.path))
    }

    private static let homes: [URL] = {
        let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        let home = executable.resolvingSymlinksInPath().deletingLastPathComponent()
        let share = home.deletingLastPathComponent().appendingPathComponent("share/barnstorm")
        return [home, share].map { $0.appendingPathComponent(bundle) }
    }()
}

/// Pages cannot be shown because their files are not where the binary looks for them.
struct MissingFiles: Error, CustomStringConvertible {
    let folder: String
    let searched: [String]

    var description: String {
        """
        The folder \(folder) of the pages cannot be read; copy \(Files.bundle) of the build beside \
        the binary (searched: \(searched.joined(separator: ", "))).
        """
    }
}
