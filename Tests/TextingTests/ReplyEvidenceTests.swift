import Foundation
import Testing

@testable import Texting

/// The weights of words: made from labelled replies, asked last, acting alone only far above doubt.
@Suite struct ReplyEvidenceTests {
    private static let heading = """
        # How much the features of a reply speak for a stop
        # Source: replies-open, the dev halves of replies-second, -third and -hands, replies-training, -written
        # Generated: 2026-11-22 by ReplyEvidenceTests


        """

    /// After a change of the tables or of those replies:
    /// `BARNSTORM_WRITE_EVIDENCE=Sources/Texting/Resources/reply/evidence.bin swift test --filter Evidence`.
    /// A name that ends with `.tsv` gets a list to read.
    @Test(
        .enabled(
            if: ProcessInfo.processInfo.environment["BARNSTORM_FULL"] == "1"
                || ProcessInfo.processInfo.environment["BARNSTORM_WRITE_EVIDENCE"] != nil))
    func `the weights are what the labelled replies give`() throws {
        let replies = try ["open", "second/dev", "training", "third/dev", "hands/dev", "written"]
            .flatMap(ReplyFixture.load)
        let training = ReplyEvidenceTraining(
            replies.map { ($0.text, $0.isStop) }, grammar: .shared)
        let (bias, features) = training.weights()
        if let path = ProcessInfo.processInfo.environment["BARNSTORM_WRITE_EVIDENCE"] {
            let list = features.map { "\($0.name)\t\($0.weight)\n" }.joined()
            let data =
                path.hasSuffix(".tsv")
                ? Data(list.utf8)
                : ReplyEvidenceTable(bias: bias, features).data(heading: Self.heading)
            return try data.write(to: URL(fileURLWithPath: path))
        }
        let made = ReplyEvidenceTable(bias: bias, features)
        let kept = try ReplyEvidenceTable(Resource.required(Resource.replyEvidence))
        let weights = Dictionary(uniqueKeysWithValues: zip(made.keys, made.weights))
        // Another processor may round the last hundredths otherwise.
        #expect(abs(made.bias - kept.bias) <= 5)
        for (key, weight) in zip(kept.keys, kept.weights) {
            #expect(abs((weights[key] ?? 0) - weight) <= 5, "\(key)")
        }
        #expect(abs(made.keys.count - kept.keys.count) < kept.keys.count / 100)
    }

    @Test func `a reply weighs what its features weigh, each once`() throws {
        let grammar = ReplyGrammar.shared
        let table = try ReplyEvidenceTable(Resource.required(Resource.replyEvidence))
        let weights = Dictionary(uniqueKeysWithValues: zip(table.keys, table.weights))
        for fixture in try ReplyFixture.load("third/dev") {
            var judge = ReplyJudge(fixture.text, grammar: grammar)
            guard case .open(let finding, let words) = judge.read(lastSent: []) else { continue }
            var names: Set<String> = []
            ReplyFeatures(words, grammar.vocabulary).forEach(of: finding) { key, name in
                names.insert(name())
                #expect(key == ReplyKey.named(name()), "\(name())")
            }
            let keys = Set(names.map { ReplyKey.short(ReplyKey.named($0)) })
            let sum = keys.reduce(Int(table.bias)) { $0 + Int(weights[$1] ?? 0) }
            let score = grammar.evidence.score(words, finding)
            #expect(score == Float(sum) / 100, "\(fixture.id)")
        }
    }

    @Test func `words that no rule knows are quoted to whoever asks why`() {
        let reply = Reply("mercy, these texts, this poor inbox of mine")
        #expect(reply.meaning == .optOut)
        #expect(reply.rule == "evidence.words")
        #expect(reply.explanation.contains("“texts”"))
    }

    @Test func `words that no rule knows act where they leave no doubt, else are shown`() throws {
        let evidence = ReplyGrammar.shared.evidence
        var actions: [Reply.Action: Int] = [:]
        for fixture in try ReplyFixture.load("third/dev") {
            var judge = ReplyJudge(fixture.text, grammar: .shared)
            guard case .open(nil, let words) = judge.read(lastSent: []), !words.tokens.isEmpty
            else { continue }
            let score = evidence.score(words, nil)
            let action: Reply.Action =
                score >= ReplyEvidence.certainAlone
                ? .act : score >= ReplyEvidence.likely ? .review : .none
            #expect(Reply(fixture.text).action == action, "\(fixture.id)")
            actions[action, default: 0] += 1
        }
        #expect(actions.count == 3)
    }

    @Test func `a rule that is certain acts, is shown or is overruled as the words weigh`() throws {
        var actions: [Reply.Action: Int] = [:]
        for fixture in try ReplyFixture.load("hands/dev") {
            var judge = ReplyJudge(fixture.text, grammar: .shared)
            guard case .open(let finding?, let words) = judge.read(lastSent: []),
                finding.rule.meaning == .optOut, finding.action == .act
            else { continue }
            let score = ReplyGrammar.shared.evidence.score(words, finding)
            let action: Reply.Action =
                score >= ReplyEvidence.doubtful
                ? .act : score >= ReplyEvidence.overruled ? .review : .none
            let reply = Reply(fixture.text)
            #expect((reply.meaning == .optOut) == (action != .none), "\(fixture.id)")
            if action != .none { #expect(reply.action == action, "\(fixture.id)") }
            actions[action, default: 0] += 1
        }
        #expect(actions.count == 3)
    }

    @Test func `a lone keyword is never weighed`() {
        for text in ["STOP", "end", "baja", "退订"] {
            #expect(Reply(text).rule.hasPrefix("keyword."), "\(text)")
            #expect(Reply(text).action == .act, "\(text)")
        }
    }

    @Test func `a table that is cut short says so`() throws {
        let whole = [UInt8](
            ReplyEvidenceTable(bias: -7, [("stop", 80), ("war", -3)]).data(heading: "# A\n\n"))
        let table = try ReplyEvidenceTable(whole)
        #expect(table.bias == -7)
        #expect(Set(table.weights) == [80, -3])
        for length in whole.indices {
            #expect(throws: ReplyTableError.self) {
                try ReplyEvidenceTable(Array(whole[..<length]))
            }
        }
    }

    @Test func `everyday answers weigh nothing`() {
        for text in ["ok", "see you there", "what time on Saturday?", "I already voted"] {
            #expect(Reply(text).action == .none, "\(text)")
        }
    }
}

extension ReplyEvidenceTable {
    /// Two names of one key, if ever, weigh what both do.
    init(bias: Int, _ features: [(name: String, weight: Int)]) {
        let weights = Dictionary(
            features.map { (ReplyKey.short(ReplyKey.named($0.name)), $0.weight) },
            uniquingKeysWith: +
        ).filter { $0.value != 0 }
        let keys = weights.keys.sorted()
        self.init(
            bias: Int16(bias), keys: keys, weights: keys.map { Int16(clamping: weights[$0] ?? 0) })
    }

    /// - Parameter heading: lines, the last one empty.
    func data(heading: String) -> Data {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
            withUnsafeBytes(of: value.littleEndian) { Array($0) }
        }
        let parts = [bytes(bias), bytes(UInt32(keys.count))] + keys.map(bytes) + weights.map(bytes)
        return Data(heading.utf8) + Data(parts.joined())
    }
}
