import Testing

@testable import Texting

/// When a campaign stops by itself.
@Suite struct HoldRuleTests {
    private func figures(
        _ accepted: Int, stops: Int = 0, failed: Int = 0, blocked: Int = 0, rejected: Int = 0
    ) -> HoldFigures {
        HoldFigures(
            accepted: accepted, optOuts: stops, failed: failed, blocked: blocked,
            rejected: rejected)
    }

    @Test func `more than four in a hundred who stop hold it`() {
        #expect(HoldRule().judge(figures(500, stops: 20)) == nil)
        let reason = HoldRule().judge(figures(500, stops: 24))
        #expect(reason?.text == "opt_outs=4.8% limit=4.0% texts=500")
    }

    @Test func `two people are chance, fifty texts are needed, but a whole slice is judged`() {
        #expect(HoldRule().judge(figures(20, stops: 2), isWhole: true) == nil)
        #expect(HoldRule().judge(figures(49, stops: 10)) == nil)
        #expect(HoldRule().judge(figures(49, stops: 10), isWhole: true)?.kind == .optOuts)
        #expect(HoldRule().judge(figures(50, stops: 10))?.kind == .optOuts)
    }

    @Test func `failures count refused texts among those tried, blocks come first`() {
        #expect(HoldRule().judge(figures(80, failed: 20, rejected: 20)) == nil)
        #expect(HoldRule().judge(figures(80, failed: 21, rejected: 20))?.kind == .failed)
        #expect(HoldRule().judge(figures(100, failed: 30, blocked: 6))?.kind == .blocked)
    }

    @Test func `a campaign may have limits of its own, nonsense is ignored`() {
        let strict = HoldRule(settings: ["hold_opt_out_percent": "1", "hold_failed_percent": "x"])
        #expect(strict.judge(figures(500, stops: 6))?.limitPermille == 10)
        #expect(strict.failedPercent == HoldRule().failedPercent)
        #expect(HoldRule(settings: ["hold_opt_out_percent": "-1"]) == HoldRule())
    }

    @Test(arguments: HoldReason.Kind.allCases)
    func `a reason reads back as it was written`(kind: HoldReason.Kind) {
        let reason = HoldReason(kind: kind, permille: 123, limitPermille: 5, texts: 700)
        #expect(HoldReason(reason.text) == reason)
        #expect(HoldReason("raining") == nil)
        #expect(HoldReason("a=1 b=2 c=3") == nil)
    }
}

/// Cells that a spreadsheet would run: OWASP, CSV Injection.
@Suite struct CSVLineTests {
    private func line(_ cells: String...) -> String {
        var bytes: [UInt8] = []
        CSVLine.append(cells, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        "=1+1", "+1500", "-2", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", " =1",
        "\u{FEFF}=1",
    ])
    func `what begins like a formula is text`(cell: String) {
        #expect(line(cell) == "\"'\(cell)\"\r\n")
    }

    @Test func `quotes are doubled, separators and breaks stay inside`() {
        #expect(line("a\"b", "c,d", "e\nf", "") == "\"a\"\"b\",\"c,d\",\"e\nf\",\"\"\r\n")
        #expect(line("1-2", "a=b") == "\"1-2\",\"a=b\"\r\n")
    }
}
