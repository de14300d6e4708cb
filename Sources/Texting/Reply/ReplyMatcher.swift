/// Finds patterns in a reading.
///
/// A small backtracking machine; patterns are short and gaps bounded, so a step count is too.
struct ReplyMatcher {
    /// A word as patterns see it.
    private struct Place {
        let word: Int32
        /// Whether the word begins a sentence.
        let isHard: Bool
        var isTaken = false
        /// Whether it begins a clause, whatever it is.
        var isFresh = true
        var startsClause = true
        /// Whether the clause has ended before it.
        var endsClause = true
    }

    private let grammar: ReplyGrammar
    /// The words, and the end.
    private var places: [Place]
    private let messageStart: Int
    private let messageEnd: Int

    init(_ reading: ReplyReading, grammar: ReplyGrammar) {
        self.grammar = grammar
        let tokens = reading.tokens
        let trait = { (index: Int) in grammar.traits[Int(tokens[index].word)] }
        var places: [Place] = []
        places.reserveCapacity(tokens.count + 1)
        for token in tokens {
            places.append(
                Place(word: token.word, isHard: token.boundary == .hard, isTaken: token.isTaken))
        }
        places.append(Place(word: ReplyLexicon.unknown, isHard: true))
        for index in tokens.indices.dropFirst() {
            let isFresh = tokens[index].boundary > .none || trait(index - 1).contains(.joiner)
            places[index].isFresh = isFresh
            places[index].startsClause =
                isFresh || places[index - 1].startsClause && trait(index - 1).contains(.filler)
        }
        for index in tokens.indices.dropFirst().reversed() {
            let isLast = tokens[index].boundary > .none || trait(index).contains(.joiner)
            let isIdle = !trait(index).isDisjoint(with: [.filler, .tail])
            places[index].endsClause = isLast || places[index + 1].endsClause && isIdle
        }
        self.places = places
        messageStart = tokens.indices.first { !trait($0).contains(.filler) } ?? tokens.count
        let last = tokens.indices.last { trait($0).isDisjoint(with: [.filler, .tail]) }
        messageEnd = last.map { $0 + 1 } ?? 0
    }

    /// Notes which words have been taken since.
    mutating func take(_ tokens: [ReplyReading.Token]) {
        for index in tokens.indices { places[index].isTaken = tokens[index].isTaken }
    }

    /// The end of the pattern that begins at `start`, or nil.
    ///
    /// - Parameter past: whether words count that an aside has taken.
    func match(_ entry: ReplyGrammar.Entry, at start: Int, past: Bool = false) -> Int? {
        let program = grammar.program
        let end = program.code.withUnsafeBufferPointer { code in
            program.members.withUnsafeBufferPointer { members in
                places.withUnsafeBufferPointer { places in
                    Run(
                        code: code, members: members, rowLength: program.rowLength, places: places,
                        start: start, past: past, messageStart: messageStart,
                        messageEnd: messageEnd
                    ).end(of: Int(entry.start), from: start)
                }
            }
        }
        return end < 0 ? nil : end
    }

    /// One attempt, over memory that the caller holds.
    private struct Run {
        let code: UnsafeBufferPointer<ReplyProgram.Instruction>
        let members: UnsafeBufferPointer<UInt64>
        let rowLength: Int
        let places: UnsafeBufferPointer<Place>
        let start: Int
        let past: Bool
        let messageStart: Int
        let messageEnd: Int

        /// Where the pattern at `entry` ends if its next word is the one at `from`; -1 if it fails.
        func end(of entry: Int, from: Int) -> Int {
            var pc = entry
            var position = from
            while true {
                let instruction = code[pc]
                let argument = instruction.argument
                switch instruction.operation {
                case .accept: return position
                case .jump:
                    pc = Int(argument)
                    continue
                case .split:
                    if canBegin(pc + 1, position) {
                        let end = end(of: pc + 1, from: position)
                        if end >= 0 { return end }
                    }
                    pc = Int(argument)
                    continue
                case .leaf:
                    guard accepts(argument, position) else { return -1 }
                    position += 1
                case .any:
                    guard isOpen(position) else { return -1 }
                    position += 1
                case .gap, .closeGap:
                    let isClose = instruction.operation == .closeGap
                    for skipped in 0...Int(argument) {
                        let place = position + skipped
                        if isClose, place < places.count - 1, places[place].isFresh { return -1 }
                        if canBegin(pc + 1, place) {
                            let end = end(of: pc + 1, from: place)
                            if end >= 0 { return end }
                        }
                        guard isOpen(place) else { return -1 }
                    }
                    return -1
                case .edge: guard isEdge(argument, position) else { return -1 }
                case .notAhead:
                    if isOpen(position), takes(argument, position) { return -1 }
                case .notBehind:
                    if position > 0, position == places.count - 1 || !places[position].isHard,
                        takes(argument, position - 1)
                    {
                        return -1
                    }
                }
                pc += 1
            }
        }

        /// Whether it is worth a call to go on from `pc`: most alternatives fail at their first word.
        @inline(__always) private func canBegin(_ pc: Int, _ position: Int) -> Bool {
            code[pc].operation != .leaf || accepts(code[pc].argument, position)
        }

        /// Whether the leaf in `row` is matched by the word at `position`.
        @inline(__always) private func accepts(_ row: Int32, _ position: Int) -> Bool {
            isOpen(position) && (past || !places[position].isTaken) && takes(row, position)
        }

        @inline(__always) private func takes(_ row: Int32, _ position: Int) -> Bool {
            let word = places[position].word
            return members[Int(row) * rowLength + Int(word) >> 6] >> UInt64(word & 63) & 1 == 1
        }

        /// Whether there is a word at `position` that belongs to the same sentence.
        @inline(__always) private func isOpen(_ position: Int) -> Bool {
            position < places.count - 1 && (position == start || !places[position].isHard)
        }

        private func isEdge(_ edge: Int32, _ position: Int) -> Bool {
            switch ReplyPattern.Edge(rawValue: edge)! {
            case .clauseStart: position < places.count - 1 && places[position].startsClause
            case .clauseEnd: position == places.count - 1 || places[position].endsClause
            case .messageStart: position <= messageStart
            case .messageEnd: position >= messageEnd
            }
        }
    }
}
