import Foundation

/// How much the single words of a reply speak for a stop, whatever their order.
///
/// The last step, for replies that no rule has understood: a logistic regression over words, made
/// by `ReplyEvidenceTests` from the labelled replies of the fixtures. It never acts; what it finds
/// likely is shown to a person. Source of the idea: dismissals are an open class, which one can
/// score but not list.
struct ReplyEvidence: Sendable {
    /// Natural logarithm of the odds of a reply without words.
    let bias: Float
    /// Added for each word the grammar knows, by its number.
    private let known: [Float]
    /// Added for other words and beginnings of words, by their spelling.
    private let spelled: [[UInt32]: Float]

    /// Odds from which on a person is asked: ten to one.
    static let threshold: Float = 2.3

    /// Odds below which a phrase that a rule has found is shown to a person: one to seven.
    static let against: Float = -2

    /// Letters of an unknown word that stand for all its endings.
    static let stemLength = 4

    /// Natural logarithm of the odds that the reply asks us to stop.
    func score(_ reading: ReplyReading) -> Float {
        var sum = bias
        var seen: Set<Int32> = []
        for token in reading.tokens {
            if token.word > 0 {
                if seen.insert(token.word).inserted { sum += known[Int(token.word)] }
            } else {
                for name in Self.names(of: reading.letters[token.letters]) {
                    sum += spelled[name] ?? 0
                }
            }
        }
        return sum
    }

    /// The words that speak most for a stop, at most three.
    func strongest(_ reading: ReplyReading) -> [String] {
        let weighed = reading.tokens.map { token -> (Float, String) in
            let letters = reading.letters[token.letters]
            let weight =
                token.word > 0
                ? known[Int(token.word)]
                : Self.names(of: letters).reduce(0) { $0 + (spelled[$1] ?? 0) }
            return (weight, ReplyWords.text(letters))
        }
        let strongest = weighed.filter { $0.0 > 0 }.sorted { $0.0 > $1.0 }.prefix(3)
        return weighed.filter { word in strongest.contains { $0 == word } }.map(\.1)
    }

    /// An unknown word as written, and its beginning.
    private static func names(of letters: ArraySlice<UInt32>) -> [[UInt32]] {
        guard letters.count > stemLength else { return [Array(letters)] }
        return [Array(letters), letters.prefix(stemLength) + [0x2A]]
    }

    /// What is weighed in a reply: words, and the classes of known ones (`@TEXTS`).
    static func features(of reading: ReplyReading, grammar: ReplyGrammar) -> Set<String> {
        var features: Set<String> = []
        for token in reading.tokens {
            if token.word > 0 {
                features.insert(grammar.lexicon.spelling(token.word))
                features.formUnion(grammar.kinds[Int(token.word)])
            } else {
                for name in names(of: reading.letters[token.letters]) {
                    features.insert(ReplyWords.text(name[...]))
                }
            }
        }
        return features
    }

    /// - Throws: ``ReplyTableError`` for a line that is not a word, a tab and a number.
    init(table: String, lexicon: ReplyLexicon, kinds: [[String]]) throws {
        var weights: [String: Float] = [:]
        for line in table.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "\t")
            guard parts.count == 2, let weight = Float(parts[1]) else {
                throw ReplyTableError(line: "\(line)", problem: "no word and weight")
            }
            weights[String(parts[0])] = weight
        }
        bias = weights["<bias>"] ?? 0
        var known = [Float](repeating: 0, count: lexicon.words.count)
        for number in known.indices {
            known[number] =
                kinds[number].reduce(weights[lexicon.spelling(Int32(number))] ?? 0) {
                    $0 + (weights[$1] ?? 0)
                }
        }
        self.known = known
        var spelled: [[UInt32]: Float] = [:]
        for (word, weight) in weights { spelled[word.unicodeScalars.map(\.value)] = weight }
        self.spelled = spelled
    }
}
