import Foundation
import Testing

@testable import Texting

/// How well the detector does on labelled replies, against the gates: leak 2 %, over-block 1 %,
/// review 10 %, exact keywords leak 0.
///
/// Where a gate is not met the bound is the figure reached, rounded up: it may only fall. The page
/// *What a reply means* shows the table. The texts of the hold-outs are never printed.
@Suite struct ReplyFiguresTests {
    struct Bound: CustomTestStringConvertible {
        let set: String
        var language: String?
        let leak: Double
        let overBlock: Double
        let review: Double
        var testDescription: String { [set, language ?? "all"].joined(separator: " ") }
    }

    static let bounds = [
        Bound(set: "open", leak: 0, overBlock: 0, review: 3.4),
        Bound(set: "open", language: "en", leak: 0, overBlock: 0, review: 4.3),
        Bound(set: "second/check", leak: 1.7, overBlock: 0.6, review: 7),
        Bound(set: "third/check", leak: 2.7, overBlock: 1.4, review: 16.3),
        Bound(set: "holdout", leak: 0.8, overBlock: 0.9, review: 10.4),
        Bound(set: "holdout", language: "en", leak: 1.5, overBlock: 1, review: 10),
        Bound(set: "hands/check", leak: 7.4, overBlock: 1.7, review: 20.5),
        Bound(set: "hands/check", language: "en", leak: 5.8, overBlock: 0.9, review: 17.8),
        Bound(set: "more", leak: 3.3, overBlock: 0.9, review: 12.3),
        Bound(set: "more", language: "en", leak: 2.5, overBlock: 0.6, review: 11.4),
        Bound(set: "last", leak: 1.1, overBlock: 0.2, review: 4.9),
        Bound(set: "last", language: "en", leak: 1.1, overBlock: 0.3, review: 5.8),
    ]

    @Test(arguments: bounds)
    func `labelled replies are judged within the bounds`(bound: Bound) throws {
        let replies = try ReplyFixture.load(bound.set).filter {
            bound.language == nil || $0.language == bound.language
        }
        let figures = ReplyFigures(replies)
        #expect(figures.leak <= bound.leak, "\(figures)")
        #expect(figures.overBlock <= bound.overBlock, "\(figures)")
        #expect(figures.review <= bound.review, "\(figures)")
    }

    @Test func `an exact keyword never leaks`() throws {
        for fixture in try ReplyFixture.load("open") where fixture.stratum == "keyword" {
            let reply = Reply(fixture.text)
            #expect(reply.action != .none, "\(fixture.id)")
        }
    }
}
