import Foundation
import Testing

@testable import Texting

/// The weights of words: made from labelled replies, asked last, never acting alone.
@Suite struct ReplyEvidenceTests {
    private static let header = """
        # How much the features of a reply speak for a stop: what `ReplyFeatures` lists, and what each adds
        # to the natural logarithm of the odds, in hundredths. Made 2026-11-22 by ReplyEvidenceTraining from
        # replies-open, the dev halves of replies-second, -third and -hands, and replies-training.

        """

    /// After a change of the tables or of those replies:
    /// `BARNSTORM_WRITE_EVIDENCE=Sources/Texting/Resources/reply/evidence.tsv swift test --filter Evidence`
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["BARNSTORM_FULL"] == "1"
                || ProcessInfo.processInfo.environment["BARNSTORM_WRITE_EVIDENCE"] != nil))
    func `the weights are what the labelled replies give`() throws {
        let replies = try ["open", "second/dev", "training", "third/dev", "hands/dev"]
            .flatMap(ReplyFixture.load)
        let training = ReplyEvidenceTraining(
            replies.map { ($0.text, $0.isStop) }, grammar: .shared)
        let table = training.table(header: Self.header)
        if let path = ProcessInfo.processInfo.environment["BARNSTORM_WRITE_EVIDENCE"] {
            return try table.write(toFile: path, atomically: true, encoding: .utf8)
        }
        let kept = String(decoding: Resource.required(Resource.replyEvidence), as: UTF8.self)
        // Another processor may round the last hundredth otherwise.
        let made = Self.weights(table)
        for (name, weight) in Self.weights(kept) {
            #expect(abs((made[name] ?? 0) - weight) <= 5, "\(name)")
        }
    }

    private static func weights(_ table: String) -> [Substring: Int] {
        let pairs = table.split(separator: "\n").map { $0.split(separator: "\t") }
        return Dictionary(
            uniqueKeysWithValues: pairs.filter { $0.count == 2 }.map { ($0[0], Int($0[1]) ?? 0) })
    }

    @Test func `a reply weighs what its features weigh in the table, each once`() throws {
        let grammar = ReplyGrammar.shared
        let table = String(decoding: Resource.required(Resource.replyEvidence), as: UTF8.self)
        let weights = Self.weights(table)
        for fixture in try ReplyFixture.load("third/dev") {
            var judge = ReplyJudge(fixture.text, grammar: grammar)
            guard case .open(let finding, let words) = judge.read(lastSent: []) else { continue }
            var names: Set<String> = []
            ReplyFeatures(words, grammar.vocabulary).forEach(of: finding) { key, name in
                names.insert(name())
                #expect(key == ReplyKey.named(name()), "\(name())")
            }
            let sum = names.reduce(weights["<bias>"] ?? 0) { $0 + (weights[$1[...]] ?? 0) }
            let score = grammar.evidence.score(words, finding)
            #expect(score == Float(sum) / 100, "\(fixture.id)")
        }
    }

    @Test func `words that no rule knows are told to the person who decides`() {
        let reply = Reply("mercy, these texts, this poor inbox of mine")
        #expect(reply.meaning == .optOut)
        #expect(reply.action == .review)
        #expect(reply.rule == "evidence.words")
        #expect(reply.explanation.contains("“texts”"))
    }

    @Test func `a lone keyword is never weighed`() {
        for text in ["STOP", "end", "baja", "退订"] {
            #expect(Reply(text).rule.hasPrefix("keyword."), "\(text)")
            #expect(Reply(text).action == .act, "\(text)")
        }
    }

    @Test func `a table that cannot be read says which line`() {
        #expect(throws: ReplyTableError.self) {
            try ReplyEvidence(
                table: Array("<bias>\t1\nstop\tmuch\n".utf8),
                vocabulary: ReplyGrammar.shared.vocabulary)
        }
    }

    @Test func `everyday answers weigh nothing`() {
        for text in ["ok", "see you there", "what time on Saturday?", "I already voted"] {
            #expect(Reply(text).action == .none, "\(text)")
        }
    }
}
