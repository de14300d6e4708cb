/// Finds patterns in a reading.
///
/// A small backtracking machine; patterns are short and gaps bounded, so a step count is too.
struct ReplyMatcher {
    private let program: ReplyProgram
    private let words: [Int32]
    private let boundaries: [ReplyWords.Boundary]
    private let taken: [Bool]
    /// Words that begin a clause, whatever they are.
    private let isFresh: [Bool]
    private let clauseStart: [Bool]
    private let clauseEnd: [Bool]
    private let messageStart: Int
    private let messageEnd: Int

    init(_ reading: ReplyReading, grammar: ReplyGrammar) {
        program = grammar.program
        let tokens = reading.tokens
        words = tokens.map(\.word)
        boundaries = tokens.map(\.boundary)
        taken = tokens.map(\.isTaken)
        let traits = tokens.map { grammar.traits[Int($0.word)] }
        var starts = [Bool](repeating: true, count: tokens.count + 1)
        var ends = starts
        var fresh = starts
        for index in tokens.indices.dropFirst() {
            fresh[index] = boundaries[index] > .none || traits[index - 1].contains(.joiner)
            starts[index] = fresh[index] || starts[index - 1] && traits[index - 1].contains(.filler)
        }
        for index in tokens.indices.dropFirst().reversed() {
            let isLast = boundaries[index] > .none || traits[index].contains(.joiner)
            let isIdle = !traits[index].isDisjoint(with: [.filler, .tail])
            ends[index] = isLast || ends[index + 1] && isIdle
        }
        isFresh = fresh
        clauseStart = starts
        clauseEnd = ends
        messageStart = traits.firstIndex { !$0.contains(.filler) } ?? tokens.count
        let last = traits.lastIndex { $0.isDisjoint(with: [.filler, .tail]) }
        messageEnd = last.map { $0 + 1 } ?? 0
    }

    /// The end of the pattern that begins at `start`, or nil.
    ///
    /// - Parameter past: whether words count that an aside has taken.
    func match(_ entry: ReplyGrammar.Entry, at start: Int, past: Bool = false) -> Int? {
        let end = run(entry.start, start, start, past)
        return end < 0 ? nil : end
    }

    private func run(_ entry: Int, _ start: Int, _ from: Int, _ past: Bool) -> Int {
        var pc = entry
        var position = from
        while true {
            let instruction = program.code[pc]
            let argument = instruction.argument
            switch instruction.operation {
            case .accept: return position
            case .jump:
                pc = Int(argument)
                continue
            case .split:
                let end = run(pc + 1, start, position, past)
                if end >= 0 { return end }
                pc = Int(argument)
                continue
            case .leaf:
                guard isOpen(position, start), past || !taken[position],
                    program.takes(argument, words[position])
                else { return -1 }
                position += 1
            case .any:
                guard isOpen(position, start) else { return -1 }
                position += 1
            case .gap, .closeGap:
                let isClose = instruction.operation == .closeGap
                for skipped in 0...Int(argument) {
                    let place = position + skipped
                    if isClose, place < words.count, isFresh[place] { return -1 }
                    let end = run(pc + 1, start, place, past)
                    if end >= 0 { return end }
                    guard isOpen(place, start) else { return -1 }
                }
                return -1
            case .edge: guard isEdge(argument, position) else { return -1 }
            case .notAhead:
                if isOpen(position, start), program.takes(argument, words[position]) { return -1 }
            case .notBehind:
                if position > 0, position == words.count || boundaries[position] < .hard,
                    program.takes(argument, words[position - 1])
                {
                    return -1
                }
            }
            pc += 1
        }
    }

    /// Whether there is a word at `position` that belongs to the same sentence.
    @inline(__always) private func isOpen(_ position: Int, _ start: Int) -> Bool {
        position < words.count && (position == start || boundaries[position] < .hard)
    }

    private func isEdge(_ edge: Int32, _ position: Int) -> Bool {
        switch ReplyPattern.Edge(rawValue: edge)! {
        case .clauseStart: position < words.count && clauseStart[position]
        case .clauseEnd: position == words.count || clauseEnd[position]
        case .messageStart: position <= messageStart
        case .messageEnd: position >= messageEnd
        }
    }
}
