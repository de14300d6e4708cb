import Testing
import Texting

@testable import Store

/// The answer to HELP says who writes, how to stop and where to read more, in one segment.
@Suite struct HelpAnswerTests {
    private static let link = "https://texts.example.org/w/AAAAAAAAAAAAAAAA"

    private func help(_ name: String, own: String? = nil) -> String {
        AutomaticAnswers.Wording(name: name, confirmation: "", ownHelp: own).help(Self.link)
    }

    @Test(arguments: [
        "Acme", "Riverside Neighbors for a Fair Wage", "Plaid Tŷ",
    ])
    func `it fits one segment, with the link whole and STOP in it`(name: String) {
        let text = help(name)
        #expect(Measure(text).segments == 1, "\(text)")
        #expect(text.contains(name) && text.contains("STOP") && text.hasSuffix(Self.link))
    }

    @Test func `where one segment is too short it takes as few as it can`() {
        let text = help("Citizens’ Assembly of the Valleys")
        #expect(Measure(text).segments == 2)
        #expect(text.hasSuffix(Self.link))
    }

    @Test func `a short name leaves room for the whole sentence`() {
        #expect(help("Acme").hasPrefix("This is Acme. Volunteers write these texts. Reply STOP"))
    }

    @Test func `an organisation's own words stay as they are`() {
        let own = String(repeating: "Our own words. ", count: 12)
        #expect(help("Acme", own: own) == own + " " + Self.link)
    }
}
