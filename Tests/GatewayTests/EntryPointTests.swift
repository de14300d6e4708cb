import ArgumentParser
import Testing

@testable import Gateway

@Suite struct EntryPointTests {
    private func ending(of arguments: [String]) -> EntryPoint.Ending? {
        do {
            var command = try Barnstorm.parseAsRoot(arguments)
            try command.run()  // help is a command of its own
            return nil
        } catch {
            return EntryPoint.ending(of: error)
        }
    }

    @Test func `help goes to standard output with code 0`() {
        let end = ending(of: ["--help"])

        #expect(end?.status == 0)
        #expect(end?.standardOutput?.contains("USAGE") == true)
        #expect(end?.standardError == nil)
    }

    @Test(arguments: [["--bogus"], ["nonsense"], ["--config"]])
    func `wrong usage is one line with code 64`(arguments: [String]) {
        let end = ending(of: arguments)

        #expect(end?.status == 64)
        #expect(end?.standardError?.hasPrefix("barnstorm: ") == true)
        #expect(end?.standardError?.contains("\n") == false)
        #expect(end?.standardError?.hasSuffix("--help'.") == true)
    }

    @Test func `a failure keeps its code and its sentence`() {
        let end = EntryPoint.ending(of: CommandFailure.tryLater("Busy; run it again."))

        #expect(end == .init(status: 75, standardError: "barnstorm: Busy; run it again."))
    }

    @Test func `a failed check that has printed its findings adds nothing`() {
        #expect(EntryPoint.ending(of: CommandFailure.checkFailed()) == .init(status: 1))
    }
}
