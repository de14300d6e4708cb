import Foundation

/// One measured run: how many texts in how long, and who spent what on them.
struct BenchRun: Encodable, Sendable {
    var name: String
    var texts: Int
    var seconds: Double
    var textsPerSecond: Double
    /// Microseconds of processor time for each text.
    var ownMicroseconds: Double
    var databaseMicroseconds: Double
    var carrierMicroseconds: Double
    /// To the bare loop's rate in the same round; 1 for the bare loop itself.
    var ratio: Double?

    init(name: String, texts: Int, seconds: Double, spent: ProcessorTime) {
        self.name = name
        self.texts = texts
        self.seconds = seconds
        textsPerSecond = Double(texts) / seconds
        ownMicroseconds = spent.own / Double(texts) * 1e6
        databaseMicroseconds = spent.database / Double(texts) * 1e6
        carrierMicroseconds = spent.carrier / Double(texts) * 1e6
    }

    /// A sentence for people.
    var line: String {
        let ratioText = ratio.map { String(format: "  %4.2f of bare", $0) } ?? ""
        return String(
            format: "%@  %8.0f texts/s  our %5.1f µs  database %5.1f µs  carrier %5.1f µs%@",
            name.padding(toLength: 22, withPad: " ", startingAt: 0), textsPerSecond,
            ownMicroseconds, databaseMicroseconds, carrierMicroseconds, ratioText)
    }

    /// Medians of several runs of one name, field by field.
    static func median(_ runs: [BenchRun]) -> BenchRun? {
        guard var middle = runs.first else { return nil }
        func median(_ value: (BenchRun) -> Double) -> Double {
            runs.map(value).sorted()[runs.count / 2]
        }
        middle.seconds = median(\.seconds)
        middle.textsPerSecond = median(\.textsPerSecond)
        middle.ownMicroseconds = median(\.ownMicroseconds)
        middle.databaseMicroseconds = median(\.databaseMicroseconds)
        middle.carrierMicroseconds = median(\.carrierMicroseconds)
        middle.ratio = runs.allSatisfy { $0.ratio != nil } ? median { $0.ratio ?? 0 } : nil
        return middle
    }
}
