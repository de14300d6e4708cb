import Foundation
import Testing

@testable import Texting

/// What must hold for every reply, whatever it says.
@Suite struct ReplyPropertyTests {
    private static let samples = [
        "STOP", "unsubscribe", "opt out", "Please stop texting me", "take my name off your list",
        "stop the war", "I can't stop laughing", "wrong number", "This isn't Sarah", "who is this",
        "how did you get my number", "START", "no más", "désabonnez-moi",
        "Löschen Sie meine Nummer",
        "wypisz mnie", "tynnwch fi oddi ar y rhestr", "não quero mais mensagens", "cancellami",
        "退订", "配信停止してください", "수신거부", "стоп", "לא רוצה הודעות", "توقف", "band karo",
        "Dừng lại", "yes", "no thanks", "fuck off", "you guys suck", "cancel my RSVP", "γεια",
        "στοπ",
        "I'm driving right now, I'll get back to you", "email me instead", "बंद करो",
        "wyślij później",
    ]

    @Test(arguments: samples)
    func `no text changes meaning by case, space, punctuation or Unicode form`(text: String) {
        let expected = Reply(text)
        let punctuated = [
            text + "!", text + ".", text + "...", "“\(text)”", "(\(text))", text + " !!!",
        ]
        for variant in Self.spelled(text) + punctuated {
            let reply = Reply(variant)
            #expect(reply.meaning == expected.meaning, "\(variant.debugDescription)")
            #expect(reply.action == expected.action, "\(variant.debugDescription)")
        }
    }

    /// Every labelled reply but the hold-out's, in other dress; each twentieth unless
    /// `BARNSTORM_FULL=1`.
    @Test func `no labelled reply changes meaning by case, space or Unicode form`() throws {
        let isFull = ProcessInfo.processInfo.environment["BARNSTORM_FULL"] == "1"
        let replies = try ["open", "second", "third", "hands", "training"].flatMap(
            ReplyFixture.load)
        for (index, fixture) in replies.enumerated() where isFull || index % 20 == 0 {
            let expected = Reply(fixture.text)
            for variant in Self.spelled(fixture.text) {
                let reply = Reply(variant)
                #expect(reply.rule == expected.rule, "\(variant.debugDescription)")
                #expect(reply.action == expected.action, "\(variant.debugDescription)")
            }
        }
    }

    /// The same text in other cases, spaces and Unicode forms.
    private static func spelled(_ text: String) -> [String] {
        let wide = String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    0x21...0x7E ~= $0.value ? Unicode.Scalar($0.value + 0xFEE0)! : $0
                }))
        return [
            text.uppercased(), text.lowercased(), text.capitalized, "  \(text)\n",
            "\u{00A0}\(text) ", text.decomposedStringWithCanonicalMapping,
            text.precomposedStringWithCanonicalMapping,
            text.decomposedStringWithCompatibilityMapping, wide,
            text.replacingOccurrences(of: " ", with: "  "),
            text.replacingOccurrences(of: "'", with: "’"),
            text.replacingOccurrences(of: " ", with: " \u{200B}"),
        ]
    }

    @Test func `every keyword of every table means what its table says`() {
        let grammar = ReplyGrammar.shared
        #expect(grammar.keywords.rules.count > 700)
        for rule in grammar.keywords.rules.map({ grammar.rules[$0] }) {
            let spelling = String(rule.id.split(separator: ".", maxSplits: 2)[2])
            let reply = Reply(spelling.replacing("_", with: rule.language == "Japanese" ? "" : " "))
            #expect(reply.meaning == rule.meaning, "\(rule.id)")
            #expect(reply.action == rule.action, "\(rule.id)")
        }
    }

    @Test func `any jumble of known words is judged, and always alike`() {
        var random = SeededGenerator(seed: 20_261_121)
        let lexicon = ReplyGrammar.shared.lexicon
        let marks = [
            "", "", "", ".", ",", "!", "?", "\n", " - ", "“", "”", "'", "*", "…", "🛑", "1",
        ]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 1...14, using: &random)).map { _ in
                let number = Int32.random(in: 1..<Int32(lexicon.words.count), using: &random)
                return lexicon.spelling(number) + marks.randomElement(using: &random)!
            }.joined(separator: " ")
            #expect(Reply(text) == Reply(text))
            _ = Reply(text, lastSent: [text, ""])
        }
    }

    @Test func `any scalars at all are judged`() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<3_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...30, using: &random) {
                let ceiling: UInt32 = [0x80, 0x250, 0x3400, 0x1FFFF].randomElement(using: &random)!
                let value = UInt32.random(in: 0..<ceiling, using: &random)
                if let scalar = Unicode.Scalar(value) { text.append(scalar) }
            }
            #expect(Reply(String(text)).rule.isEmpty == false)
        }
    }

    @Test func `a quotation of our own text is not the person's word`() {
        let ours =
            "Hi Ann, it's Jo from Green Leeds. Can you vote on Thursday? Reply STOP to opt out."
        #expect(Reply(ours, lastSent: [ours]).meaning == .none)
        #expect(Reply("> \(ours)\nYes I can", lastSent: []).meaning == .none)
        #expect(Reply("“\(ours)” yes!", lastSent: [ours]).meaning == .none)
        #expect(Reply("\(ours) stop", lastSent: [ours]).meaning == .optOut)
        #expect(Reply("Loved “\(ours)”", lastSent: []).rule == "reaction")
    }

    @Test(arguments: [
        "Liked “Stop by? Reply STOP to end”", "A aimé « Répondez STOP »", "Gefällt „Stopp senden“",
        "Le gustó “Responda ALTO para salir”", "😂 to “STOP to quit”", "Gostou de “pare”",
        "Polubiono „wyślij STOP”", "Ha messo Mi piace a “Rispondi STOP”",
    ])
    func `a reaction is what the telephone wrote`(text: String) {
        #expect(Reply(text).meaning == .none)
        #expect(Reply(text).rule == "reaction")
    }
}
