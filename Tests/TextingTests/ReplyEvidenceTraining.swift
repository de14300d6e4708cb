import Foundation

@testable import Texting

/// Makes the weights of ``ReplyEvidence`` from labelled replies: logistic regression with a square
/// penalty, by steps that shrink for each feature with use (AdaGrad: Duchi, Hazan and Singer 2011),
/// in a fixed order, so that the same replies and tables always give the same weights.
///
/// Rare features are penalised less than common ones, letters more than words: of all that was tried,
/// this raised most what is learnt from some writers and holds for another.
struct ReplyEvidenceTraining {
    /// Names of the weights, in order; what occurs once only says nothing about another reply.
    private let names: [String]
    /// How large each feature is: its weight is penalised by the inverse square.
    private let sizes: [Double]
    private let samples: [(features: [Int], isStop: Bool)]
    /// How many replies hold each feature.
    private let uses: [Double]

    init(_ replies: [(text: String, isStop: Bool)], grammar: ReplyGrammar) {
        var found: [(features: Set<String>, isStop: Bool)] = []
        for reply in replies {
            var judge = ReplyJudge(reply.text, grammar: grammar)
            guard case .open(let finding, let words) = judge.read(lastSent: []) else { continue }
            var features: Set<String> = []
            ReplyFeatures(words, grammar.vocabulary).forEach(of: finding) { _, name in
                features.insert(name())
            }
            found.append((features, reply.isStop))
        }
        var counts: [String: Int] = [:]
        for (features, _) in found { for feature in features { counts[feature, default: 0] += 1 } }
        names = counts.filter { $0.value >= 2 }.keys.sorted()
        let total = Double(found.count)
        let uses = names.map { Double(counts[$0] ?? 0) }
        self.uses = uses
        sizes = zip(names, uses).map { name, uses in
            pow(log(total / uses) / 4, 1.5) * (name.hasPrefix("~") ? 0.4 : 1)
        }
        let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        samples = found.map { features, isStop in
            (features.compactMap { numbers[$0] }.sorted(), isStop)
        }
    }

    /// What each feature adds to the logarithm of the odds, in hundredths, in the order of names, without
    /// those that add next to nothing: two fifths of them. Six for four changed 166 of 13,713 judgements.
    ///
    /// - Parameter penalty: by which half the sum of the squares of all weights is multiplied.
    func weights(epochs: Int = 60, penalty: Double = 5) -> (
        bias: Int, features: [(name: String, weight: Int)]
    ) {
        var run = Run(count: names.count)
        let order = samples.indices.sorted {
            (($0 &* 7919) % samples.count, $0) < (($1 &* 7919) % samples.count, $1)
        }
        for _ in 0..<epochs { for index in order { step(index, penalty, &run) } }
        let weights = zip(run.weights, sizes).map { Self.hundredths($0 * $1) }
        return (Self.hundredths(run.bias), zip(names, weights).filter { abs($0.1) >= 6 })
    }

    private static func hundredths(_ weight: Double) -> Int { Int((weight * 100).rounded()) }

    /// Weights on their way, and the sums of the squares of their slopes.
    private struct Run {
        var weights: [Double]
        var squares: [Double]
        var bias = 0.0
        var biasSquares = 1e-3

        init(count: Int) {
            weights = Array(repeating: 0, count: count)
            squares = Array(repeating: 1e-3, count: count)
        }
    }

    private func step(_ index: Int, _ penalty: Double, _ run: inout Run) {
        let sample = samples[index]
        var score = run.bias
        for feature in sample.features { score += run.weights[feature] * sizes[feature] }
        let error = 1 / (1 + exp(-score)) - (sample.isStop ? 1.0 : 0.0)
        for feature in sample.features {
            // The penalty is spread over the replies that hold the feature.
            let slope = error * sizes[feature] + penalty * run.weights[feature] / uses[feature]
            run.squares[feature] += slope * slope
            run.weights[feature] -= 0.1 * slope / run.squares[feature].squareRoot()
        }
        run.biasSquares += error * error
        run.bias -= 0.1 * error / run.biasSquares.squareRoot()
    }
}
