import ArgumentParser
import Texting

/// `barnstorm text measure`: what texts cost, as carriers count.
struct TextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "text", abstract: "Try the rules that measure texts.",
        subcommands: [Measure.self])

    struct Measure: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count the segments of texts.",
            discussion: """
                Reads JSON Lines {"id","text"} from standard input, writes \
                {"id","encoding","units","segments"}. Encoding: GSM-7 or UCS-2. A text is measured \
                as given; an empty one is GSM-7 with 0 units and 0 segments.
                """)

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try Resource.check()
            var lines = MeasureLines()
            try LineFilter.run { try lines.answer($0) }
        }
    }
}
