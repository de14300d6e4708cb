import Foundation

@testable import Texting

/// Makes the weights of ``ReplyEvidence`` from labelled replies: logistic regression with a square
/// penalty, by steps that shrink for each feature with use (AdaGrad: Duchi, Hazan and Singer 2011),
/// in a fixed order, so that the same replies and tables always give the same weights.
struct ReplyEvidenceTraining {
    /// Names of the weights, in order; what occurs once only says nothing about another reply.
    private let names: [String]
    private let samples: [(features: [Int], isStop: Bool)]

    init(_ replies: [(text: String, isStop: Bool)], grammar: ReplyGrammar) {
        var found: [(Set<[UInt32]>, Bool)] = []
        for reply in replies {
            var judge = ReplyJudge(reply.text, grammar: grammar)
            guard case .open(let finding, let words) = judge.read(lastSent: []) else { continue }
            var features: Set<[UInt32]> = []
            var list = ReplyFeatures(words, finding, grammar: grammar)
            list.forEach { features.insert($0) }
            found.append((features, reply.isStop))
        }
        var counts: [[UInt32]: Int] = [:]
        for (features, _) in found { for feature in features { counts[feature, default: 0] += 1 } }
        let kept = counts.filter { $0.value >= 2 }.map { (ReplyWords.text($0.key[...]), $0.key) }
            .sorted { $0.0 < $1.0 }
        names = kept.map(\.0)
        let numbers = Dictionary(uniqueKeysWithValues: zip(kept.map(\.1), kept.indices))
        samples = found.map { features, isStop in
            (features.compactMap { numbers[$0] }.sorted(), isStop)
        }
    }

    /// The table: a feature, a tab, what it adds to the logarithm of the odds, in hundredths.
    func table(header: String, epochs: Int = 40, penalty: Double = 0.0001) -> String {
        let (bias, weights) = weights(epochs: epochs, penalty: penalty)
        let lines = zip(names, weights).filter { abs($0.1) >= 0.045 }.map { name, weight in
            "\(name)\t\(Int((weight * 100).rounded()))"
        }
        return header + "<bias>\t\(Int((bias * 100).rounded()))\n"
            + lines.joined(separator: "\n") + "\n"
    }

    private func weights(epochs: Int, penalty: Double) -> (bias: Double, [Double]) {
        var weights = [Double](repeating: 0, count: names.count + 1)
        var squares = [Double](repeating: 1e-3, count: names.count + 1)
        let order = samples.indices.sorted {
            (($0 &* 7919) % samples.count, $0) < (($1 &* 7919) % samples.count, $1)
        }
        let uses = uses()
        weights.withUnsafeMutableBufferPointer { weights in
            squares.withUnsafeMutableBufferPointer { squares in
                for _ in 0..<epochs {
                    for index in order {
                        let sample = samples[index]
                        var score = weights[names.count]
                        for feature in sample.features { score += weights[feature] }
                        let error = 1 / (1 + exp(-score)) - (sample.isStop ? 1.0 : 0.0)
                        for feature in sample.features {
                            // The penalty is spread over the replies that hold the feature.
                            let slope = error + penalty * uses[feature] * weights[feature]
                            squares[feature] += slope * slope
                            weights[feature] -= 0.1 * slope / squares[feature].squareRoot()
                        }
                        squares[names.count] += error * error
                        weights[names.count] -= 0.1 * error / squares[names.count].squareRoot()
                    }
                }
            }
        }
        return (weights[names.count], Array(weights.dropLast()))
    }

    /// How many replies there are for each that holds the feature.
    private func uses() -> [Double] {
        var counts = [Double](repeating: 0, count: names.count)
        for sample in samples { for feature in sample.features { counts[feature] += 1 } }
        return counts.map { Double(samples.count) / max(1, $0) }
    }
}
