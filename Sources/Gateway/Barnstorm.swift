import ArgumentParser

/// The root command. Its list of subcommands is the only place where commands are registered; each
/// stands in a file of its own in `Commands/`.
struct Barnstorm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "barnstorm",
        abstract: "A text-message gateway for campaigns that run on volunteers.",
        discussion: """
            Settings come from BARNSTORM_* variables, or from a file given by --config; the \
            variable wins. Every command takes --json. Exit codes: 0 done, 1 a check failed, \
            64 wrong usage, 65 bad input data, 69 a service is missing, 75 try again later.
            """,
        version: version,
        subcommands: [
            UpCommand.self,
            ServeCommand.self,
            MigrateCommand.self,
            DoctorCommand.self,
            OrganisationCommand.self,
            MemberCommand.self,
            AccountCommand.self,
            SenderCommand.self,
            ContactsCommand.self,
            CampaignCommand.self,
            CarrierCommand.self,
            ReplyCommand.self,
            TextCommand.self,
            BenchCommand.self,
            InDoubtCommand.self,
            AuditCommand.self,
            OptOutsCommand.self,
            RetentionCommand.self,
        ]
    )

    /// Follows `ops/CHANGELOG.md`.
    static let version = "0.1.0"
}

/// Options that every command takes; include them with `@OptionGroup var common: CommonOptions`.
struct CommonOptions: ParsableArguments {
    @Option(name: .long, help: "A file with BARNSTORM_NAME=value lines; a variable wins over it.")
    var config: String?

    @Flag(name: .long, help: "Print one JSON document, or JSON Lines where the command streams.")
    var json = false
}
