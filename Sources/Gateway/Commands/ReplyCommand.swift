import ArgumentParser
import Texting

/// `barnstorm reply classify`: what replies mean, by the rules that the gateway itself follows.
struct ReplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reply", abstract: "Try the rules that read replies.",
        subcommands: [Classify.self])

    struct Classify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what replies mean.",
            discussion: """
                Reads JSON Lines {"id","text"} from standard input, writes \
                {"id","meaning","action","rule"}. Meaning: opt_out, wrong_number, help, opt_in or \
                none. Action: act, review (a person decides) or none. With --explain also "why", a \
                sentence that quotes the words that decided.
                """)

        @OptionGroup var common: CommonOptions

        @Flag(help: "Add the reason, a sentence that quotes the words that decided.")
        var explain = false

        func run() async throws {
            try Resource.check()
            var lines = ReplyLines(isExplained: explain)
            try LineFilter.run { try lines.answer($0) }
        }
    }
}
