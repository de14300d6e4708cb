import Testing

@testable import Gateway

@Suite struct ProgressBarTests {
    @Test func `the bar never grows beyond its end`() {
        #expect(ProgressBar.text("Importing", done: 3, of: 2).hasSuffix("█ 100 %"))
    }

    @Test func `without a known end only the count is shown`() {
        #expect(ProgressBar.text("Importing", done: 41, of: nil) == "Importing 41")
    }
}
