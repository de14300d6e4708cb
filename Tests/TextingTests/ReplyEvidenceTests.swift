import Foundation
import Testing

@testable import Texting

/// The weights of words: made from labelled replies, asked last, never acting alone.
@Suite struct ReplyEvidenceTests {
    private static let header = """
        # How much single words speak for a stop: a word, a class (@NAME) or a beginning (word*), and
        # what it adds to the natural logarithm of the odds. Made 2026-11-22 by ReplyEvidenceTraining
        # from replies-open, replies-second (dev) and replies-training; see ReplyEvidenceTests.

        """

    /// After a change of the tables or of those replies:
    /// `BARNSTORM_WRITE_EVIDENCE=Sources/Texting/Resources/reply/evidence.tsv swift test --filter Evidence`
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["BARNSTORM_FULL"] == "1"
                || ProcessInfo.processInfo.environment["BARNSTORM_WRITE_EVIDENCE"] != nil))
    func `the weights are what the labelled replies give`() throws {
        let replies = try ["open", "second/dev", "training"].flatMap(ReplyFixture.load)
        let training = ReplyEvidenceTraining(
            replies.map { ($0.text, $0.isStop) }, grammar: .shared)
        let table = training.table(header: Self.header)
        if let path = ProcessInfo.processInfo.environment["BARNSTORM_WRITE_EVIDENCE"] {
            return try table.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let kept = String(decoding: Resource.required(Resource.replyEvidence), as: UTF8.self)
        #expect(table == kept)
    }

    @Test func `words that no rule knows can be shown, but never act`() {
        let reply = Reply("mercy, these texts, spare this poor inbox of mine")
        #expect(reply.meaning == .optOut)
        #expect(reply.action == .review)
    }

    @Test func `everyday answers weigh nothing`() {
        for text in ["ok", "see you there", "what time on Saturday?", "I already voted"] {
            #expect(Reply(text).action == .none, "\(text)")
        }
    }
}
