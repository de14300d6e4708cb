/// The weights of features as the file `evidence.bin` holds them: made by `ReplyEvidenceTests`, which
/// also lists them by name.
///
/// In the form that ``TableReader`` reads: the bias (2 bytes), how many weights there are (4), the low
/// 32 bits of each feature's ``ReplyKey``, ascending (4 each), and each one's weight, never 0 (2 each). All weights are hundredths of the natural logarithm of the odds.
struct ReplyEvidenceTable {
    var bias: Int16
    var keys: [UInt32]
    var weights: [Int16]

    init(bias: Int16, keys: [UInt32], weights: [Int16]) {
        self.bias = bias
        self.keys = keys
        self.weights = weights
    }

    /// - Throws: ``ReplyTableError`` for a file that is cut short or has a wrong length.
    init(_ bytes: [UInt8]) throws {
        var reader = TableReader(bytes)
        guard reader.left >= 6 else { throw Self.damaged }
        bias = Int16(bitPattern: reader.short())
        let count = Int(reader.long())
        guard reader.left == 6 * count else { throw Self.damaged }
        keys = (0..<count).map { _ in reader.long() }
        weights = (0..<count).map { _ in Int16(bitPattern: reader.short()) }
    }

    private static var damaged: ReplyTableError {
        ReplyTableError(line: "evidence.bin", problem: "the weights are cut short")
    }

    /// A table of all features, in which looking one up takes a step or two.
    func spread() -> (keys: [UInt32], weights: [Int16]) {
        var size = 1024
        while size < self.keys.count * 2 { size *= 2 }
        var keys = [UInt32](repeating: 0, count: size)
        var weights = [Int16](repeating: 0, count: size)
        for (key, weight) in zip(self.keys, self.weights) {
            var slot = Int(key) & (size - 1)
            while weights[slot] != 0 { slot = (slot + 1) & (size - 1) }
            keys[slot] = key
            weights[slot] = weight
        }
        return (keys, weights)
    }
}
