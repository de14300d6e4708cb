import Foundation

@testable import Texting

/// Makes the weights of ``ReplyEvidence`` from labelled replies: logistic regression with a square
/// penalty, by stochastic gradient steps in a fixed order, so that the same replies and tables
/// always give the same weights.
struct ReplyEvidenceTraining {
    /// Names of the weights, in order; what occurs once only says nothing about another reply.
    private let names: [String]
    private let samples: [(features: [Int], isStop: Bool)]

    init(_ replies: [(text: String, isStop: Bool)], grammar: ReplyGrammar) {
        let found = replies.map { reply in
            ReplyEvidence.features(
                of: ReplyReading(reply.text, grammar: grammar), grammar: grammar)
        }
        var counts: [String: Int] = [:]
        for features in found { for feature in features { counts[feature, default: 0] += 1 } }
        names = counts.filter { $0.value >= 2 }.map(\.key).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: zip(names, names.indices))
        samples = zip(found, replies).map { features, reply in
            (features.compactMap { numbers[$0] }.sorted(), reply.isStop)
        }
    }

    /// The table: a word, a tab, what it adds to the logarithm of the odds.
    func table(header: String, epochs: Int = 120, penalty: Double = 0.004) -> String {
        var weights = [Double](repeating: 0, count: names.count)
        var bias = 0.0
        let order = samples.indices.sorted {
            ($0 &* 7919) % samples.count < ($1 &* 7919) % samples.count
        }
        for epoch in 0..<epochs {
            let rate = 0.3 / (1 + Double(epoch) / 10)
            for index in order {
                let sample = samples[index]
                let score = sample.features.reduce(bias) { $0 + weights[$1] }
                let error = (sample.isStop ? 1.0 : 0.0) - 1 / (1 + exp(-score))
                bias += rate * error * 0.1
                for feature in sample.features {
                    weights[feature] += rate * (error - penalty * 10 * weights[feature])
                }
            }
        }
        let lines = zip(names, weights).filter { abs($0.1) >= 0.05 }.map { name, weight in
            "\(name)\t\(String(format: "%.2f", weight))"
        }
        return header + "<bias>\t\(String(format: "%.2f", bias))\n"
            + lines.joined(separator: "\n") + "\n"
    }
}
