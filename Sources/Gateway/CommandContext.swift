/// What every command starts with: its settings and where it prints.
struct CommandContext: Sendable {
    let settings: Settings
    let output: Output

    /// - Throws: ``CommandFailure`` if the settings file cannot be read.
    init(_ options: CommonOptions) async throws {
        settings = try await Settings.load(file: options.config)
        output = Output(isJSON: options.json)
    }
}
