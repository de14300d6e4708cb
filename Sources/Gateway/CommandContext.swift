import Postgres

/// What every command starts with: its settings, where it prints, and the way to the database.
struct CommandContext: Sendable {
    let settings: Settings
    let output: Output

    /// - Throws: ``CommandFailure`` if the settings file cannot be read.
    init(_ options: CommonOptions) async throws {
        self.init(
            settings: try await Settings.load(file: options.config),
            output: Output(isJSON: options.json))
    }

    init(settings: Settings, output: Output) {
        self.settings = settings
        self.output = output
    }

    /// Opens the configured database for the length of `body`.
    ///
    /// - Parameters:
    ///   - connections: how many at most; each has a thread.
    ///   - role: what to become after connecting, e.g. `barnstorm_web`; nil keeps the user of the
    ///     URL, who owns the tables and sees every organisation.
    /// - Throws: ``CommandFailure`` 64 without a usable address; what `body` throws.
    func withDatabase<Value: Sendable>(
        connections: Int = 2, role: String? = nil,
        _ body: @Sendable (Database) async throws -> Value
    ) async throws -> Value {
        let database = try Database(
            url: settings.databaseURL(), size: connections, role: role,
            applicationName: "barnstorm")
        do {
            let value = try await body(database)
            await database.close()
            return value
        } catch {
            await database.close()
            throw error
        }
    }
}
