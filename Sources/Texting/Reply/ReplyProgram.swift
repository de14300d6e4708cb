/// All patterns as one array of small instructions, and which of them a word can begin.
struct ReplyProgram: Sendable {
    enum Operation: UInt8 {
        case leaf, gap, closeGap, any, edge, notAhead, notBehind, split, jump, accept
    }

    struct Instruction: Sendable {
        let operation: Operation
        /// Row of ``members``, length, edge, or target.
        let argument: Int32
    }

    private(set) var code: [Instruction] = []
    /// One row of ``rowLength`` per leaf, one bit per word: which words it takes.
    private(set) var members: [UInt64] = []
    let rowLength: Int
    private var rows: [Set<Int32>: Int32] = [:]
    /// What ``members`` says bit by bit, to be joined and not searched: thousands of patterns ask.
    private var words: [Set<Int32>] = []
    private let classes: [String: Set<Int32>]
    private let kin: [Int32: Set<Int32>]

    init(wordCount: Int, classes: [String: Set<Int32>], kin: [Int32: Set<Int32>]) {
        self.classes = classes
        self.kin = kin
        rowLength = (wordCount + 63) / 64
    }

    /// Adds a pattern; returns where it begins and the words it can begin with, nil for any.
    mutating func add(_ pattern: ReplyPattern) -> (entry: Int, first: Set<Int32>?) {
        let entry = code.count
        emit(pattern)
        code.append(.init(operation: .accept, argument: 0))
        var first: Set<Int32> = []
        let isBound = collectFirst(entry, into: &first)
        return (entry, isBound ? first : nil)
    }

    private mutating func emit(_ pattern: ReplyPattern) {
        switch pattern {
        case .leaf(let leaf): append(.leaf, row(leaf))
        case .sequence(let items): for item in items { emit(item) }
        case .choice(let options):
            var leaves: [Int] = []
            for (index, option) in options.enumerated() {
                guard index < options.count - 1 else {
                    emit(option)
                    break
                }
                let split = code.count
                append(.split, 0)
                emit(option)
                leaves.append(code.count)
                append(.jump, 0)
                code[split] = .init(operation: .split, argument: Int32(code.count))
            }
            for leave in leaves {
                code[leave] = .init(operation: .jump, argument: Int32(code.count))
            }
        case .optional(let item):
            let split = code.count
            append(.split, 0)
            emit(item)
            code[split] = .init(operation: .split, argument: Int32(code.count))
        case .gap(let length): append(.gap, Int32(length))
        case .closeGap(let length): append(.closeGap, Int32(length))
        case .any: append(.any, 0)
        case .edge(let edge): append(.edge, edge.rawValue)
        case .notAhead(let leaf): append(.notAhead, row(leaf))
        case .notBehind(let leaf): append(.notBehind, row(leaf))
        }
    }

    private mutating func append(_ operation: Operation, _ argument: Int32) {
        code.append(.init(operation: operation, argument: argument))
    }

    private mutating func row(_ leaf: ReplyPattern.Leaf) -> Int32 {
        var words = leaf.classes.reduce(leaf.words) { $0.union(classes[$1] ?? []) }
        for word in leaf.words { words.formUnion(kin[word] ?? []) }
        if let row = rows[words] { return row }
        let row = Int32(rows.count)
        rows[words] = row
        self.words.append(words)
        var bits = [UInt64](repeating: 0, count: rowLength)
        for word in words { bits[Int(word) >> 6] |= 1 << UInt64(word & 63) }
        members += bits
        return row
    }

    /// False if the pattern can begin with any word at all.
    private func collectFirst(_ at: Int, into first: inout Set<Int32>) -> Bool {
        let instruction = code[at]
        switch instruction.operation {
        case .leaf:
            first.formUnion(words[Int(instruction.argument)])
            return true
        case .gap, .closeGap, .any, .accept: return false
        case .edge, .notAhead, .notBehind: return collectFirst(at + 1, into: &first)
        case .jump: return collectFirst(Int(instruction.argument), into: &first)
        case .split:
            let isBound = collectFirst(at + 1, into: &first)
            return collectFirst(Int(instruction.argument), into: &first) && isBound
        }
    }
}
