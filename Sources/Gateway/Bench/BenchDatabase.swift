import Foundation
import Postgres
import Store

/// A database that holds nothing but made-up people: made, recognised and refused here.
///
/// Its name begins with `barnstorm_bench_` and a comment on it says so; a database that lacks either
/// is never written by a bench.
enum BenchDatabase {
    static let prefix = "barnstorm_bench_"
    static let mark = "barnstorm bench: made-up people only"

    /// Makes it anew, migrated and marked.
    ///
    /// - Parameter replaces: drops one of that name first, if it is a bench's.
    /// - Returns: its URL.
    /// - Throws: ``CommandFailure`` for a name that is no bench's, or a database that is not.
    static func make(_ name: String, replaces: Bool, _ settings: Settings) async throws -> String {
        try checkName(name)
        let server = try settings.databaseURL()
        let control = try Database(url: server, size: 1, applicationName: "barnstorm bench")
        do {
            if let found = try await comment(of: name, control) {
                guard found == mark else { throw strange(name) }
                guard replaces else {
                    throw CommandFailure.badData(
                        "The database \(name) exists already; give --replace to make it anew.")
                }
                try await run("DROP DATABASE \(name) WITH (FORCE)", control)
            }
            try await run("CREATE DATABASE \(name)", control)
            try await run("COMMENT ON DATABASE \(name) IS '\(mark)'", control)
        } catch {
            await control.close()
            throw error
        }
        await control.close()
        let url = try BenchHouse.address(of: name, on: server)
        let database = try Database(url: url, size: 1, applicationName: "barnstorm bench")
        let migrations = try Migrations(directory: MigrationDirectory.find(settings))
        _ = try await database.withConnection { try await migrations.run(on: $0) { _ in } }
        await database.close()
        return url
    }

    /// The URL of one that was made before.
    static func find(_ name: String, _ settings: Settings) async throws -> String {
        try checkName(name)
        let server = try settings.databaseURL()
        let control = try Database(url: server, size: 1, applicationName: "barnstorm bench")
        let found = (try? await comment(of: name, control)) ?? nil
        await control.close()
        guard let found else {
            throw CommandFailure.badData(
                "There is no database \(name); make it by 'barnstorm bench seed'.")
        }
        guard found == mark else { throw strange(name) }
        return try BenchHouse.address(of: name, on: server)
    }

    /// Refuses when the disk has less than twice the room that is needed.
    static func checkRoom(bytes: Int, isChecked: Bool, _ settings: Settings) async throws {
        guard !isChecked else { return }
        let control = try Database(
            url: settings.databaseURL(), size: 1, applicationName: "barnstorm bench")
        let directory = try? await control.first("SELECT current_setting('data_directory')") {
            try $0.value(0) as String
        }
        await control.close()
        guard let directory = directory ?? nil, let free = freeBytes(directory) else {
            throw CommandFailure.unavailable(
                "The database's disk cannot be seen from here; look at it yourself, then give "
                    + "--room-checked. It needs \(gibibytes(2 * bytes)).")
        }
        guard free >= 2 * bytes else {
            throw CommandFailure.unavailable(
                "This needs about \(gibibytes(bytes)) and twice that must be free; there are "
                    + "\(gibibytes(free)). Ask for fewer people or texts.")
        }
    }

    static func gibibytes(_ bytes: Int) -> String {
        String(format: "%.1f GiB", Double(bytes) / 1_073_741_824)
    }

    /// Of the nearest folder above that we may look at.
    private static func freeBytes(_ path: String) -> Int? {
        var folder = URL(fileURLWithPath: path)
        while folder.path != "/" {
            let facts = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
            if let free = facts?[.systemFreeSize] as? NSNumber { return free.intValue }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private static func checkName(_ name: String) throws {
        guard name.hasPrefix(prefix), name.count <= 63,
            name.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") })
        else {
            throw CommandFailure.usage(
                "A bench's database is called \(prefix)… in small letters, digits and _.")
        }
    }

    private static func strange(_ name: String) -> CommandFailure {
        .badData("The database \(name) was not made by a bench; it is left alone.")
    }

    /// nil: there is no such database; empty: it has no comment.
    private static func comment(of name: String, _ control: Database) async throws -> String? {
        try await control.first(
            """
            SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database
            WHERE datname = \(name)
            """
        ) { try $0.value(0) as String }
    }

    private static func run(_ statement: String, _ control: Database) async throws {
        try await control.withConnection { try await $0.script(statement) }
    }
}
