import Foundation

/// What ``ArchitectureTests`` asks of the files; each question is a function of one file.
enum Plan {
    struct File {
        let path: String
        let text: String

        /// `Sending` for `Sources/Sending/Wire.swift`.
        var room: String { String(path.split(separator: "/").dropFirst().first ?? "") }

        /// The modules it imports, whatever attributes or kinds stand beside the word.
        var imports: [String] {
            text.split(separator: "\n").lazy.filter { $0.contains("import ") }.compactMap { line in
                // Cheap first: a regular expression on every line takes a minute in a debug build.
                let pattern =
                    /^(?:@\w+(?:\([^)]*\))?\s+|(?:package|internal|private)\s+)*import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
                return line.prefixMatch(of: pattern).map { String($0.1) }
            }
        }
    }

    /// The package, found from this file.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func sources() throws -> [File] {
        try files(below: "Sources").filter { $0.path.hasSuffix(".swift") }
    }

    /// Every text that people wrote: sources, tests, scripts, migrations, pages.
    static func everything() throws -> [File] {
        try ["Sources", "Tests", "migrations", "ops"].flatMap(files)
    }

    static func topLevel() throws -> Set<String> {
        // Hidden folders of tools come and go; what people put there is listed.
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: root.path))
        return names.subtracting(["Package.resolved"])
            .filter { !$0.hasPrefix(".") || ArchitectureTests.topLevel.contains($0) }
    }

    static func wrongDoors(_ file: File) -> [String] {
        let allowed = ArchitectureTests.doors[file.room] ?? []
        let rooms = Set(ArchitectureTests.doors.keys).union(ArchitectureTests.systemLibraries)
        return file.imports.filter { name in
            let isForeignRoom = rooms.contains(name) && name != "Texting" && !allowed.contains(name)
            return isForeignRoom || ArchitectureTests.unwanted.contains(name)
        }
        .map { "\(file.path): imports \($0)" }
    }

    static func providersNamed(_ file: File) -> [String] {
        guard file.room == "Sending" else { return [] }
        let text = file.text.lowercased()
        return ArchitectureTests.providerNames.filter(text.contains)
            .map { "\(file.path): names \($0)" }
    }

    /// Length, unfinished work, `public` in a program that nobody links.
    static func oversights(_ file: File) -> [String] {
        let isSwift = file.path.hasSuffix(".swift")
        var found: [String] = []
        let count = file.text.utf8.count { $0 == 0x0A }
        if isSwift && count > 400 { found.append("\(file.path): \(count) lines") }
        for word in ArchitectureTests.unfinished where file.text.contains(word) {
            found.append("\(file.path): says \(word)")
        }
        if isSwift && file.path.hasPrefix("Sources/") && file.text.contains("public ") {
            for (index, line) in file.text.split(separator: "\n").enumerated()
            where line.drop(while: { $0 == " " }).hasPrefix("public ") {
                found.append("\(file.path): line \(index + 1) is public")
            }
        }
        return found
    }

    /// Text files only: tables of the rules and fixtures are data.
    private static func files(below folder: String) throws -> [File] {
        let top = root.appendingPathComponent(folder)
        let texts: Set<String> = ["swift", "sql", "sh", "py", "md", "h", "modulemap", "service"]
        guard let walk = FileManager.default.enumerator(atPath: top.path) else { return [] }
        return try walk.compactMap { $0 as? String }
            .filter { texts.contains(($0 as NSString).pathExtension) }
            .filter { !$0.contains(".venv/") && !$0.contains("Fixtures/") }
            .map { path in
                let text = try String(
                    contentsOf: top.appendingPathComponent(path), encoding: .utf8)
                return File(path: "\(folder)/\(path)", text: text)
            }
    }
}
