/// Patterns over digits as a table of states, made by `ops/tables/automaton.py`.
///
/// One step per digit and no way back: the cost of a question is the length of the number, whatever
/// the pattern. State 0 accepts nothing and is never left.
struct DigitAutomaton: Sendable {
    /// The next state for digit `d` in state `s` stands at `10 * s + d`.
    let next: [UInt16]
    /// What is known if the digits end in a state; 0 means nothing.
    let outputs: [UInt16]

    /// What the automaton that starts in `root` says about `digits` from index `start` on.
    func output(_ root: UInt16, _ digits: borrowing Digits, from start: Int = 0) -> UInt16 {
        var state = Int(root)
        var index = start
        while index < digits.count, state != 0 {
            state = Int(next[10 * state + Int(digits[index])])
            index += 1
        }
        return outputs[state]
    }
}

/// The digits of one number, each 0 to 9, without an allocation.
struct Digits {
    /// More than any number, prefixes included, can have; what does not fit is too long anyway.
    static let capacity = 40

    private var storage = InlineArray<40, UInt8>(repeating: 0)
    private(set) var count = 0
    /// Whether a digit was dropped because there were more than ``capacity``.
    private(set) var isOverfull = false

    subscript(index: Int) -> UInt8 { storage[index] }

    mutating func append(_ digit: UInt8) {
        guard count < Self.capacity else {
            isOverfull = true
            return
        }
        storage[count] = digit
        count += 1
    }

    func dropFirst(_ dropped: Int) -> Digits {
        var rest = Digits()
        for index in min(dropped, count)..<count { rest.append(storage[index]) }
        return rest
    }

    func prefix(_ kept: Int) -> Digits {
        var start = Digits()
        for index in 0..<min(kept, count) { start.append(storage[index]) }
        return start
    }

    /// How many digits `value` has, if these digits begin with it.
    func starts(with value: UInt16) -> Int? {
        var rest = value
        var width = 0
        while rest > 0 { (rest, width) = (rest / 10, width + 1) }
        guard count >= width else { return nil }
        rest = value
        for index in stride(from: width - 1, through: 0, by: -1) {
            guard storage[index] == UInt8(rest % 10) else { return nil }
            rest /= 10
        }
        return width
    }

    /// Written anew as `template` says: its letters, and ranges of these digits.
    ///
    /// A range is two bytes, 0x80 + its start and its end; 0xFF as end means all the rest.
    func written(as template: [UInt8], _ append: (UInt8) -> Void) {
        var index = 0
        while index < template.count {
            let piece = template[index]
            if piece & 0x80 == 0 {
                append(piece)
                index += 1
            } else {
                let start = Int(piece & 0x7F)
                let end = template[index + 1] == 0xFF ? count : Int(template[index + 1])
                for place in start..<max(start, end) { append(storage[place] + 0x30) }
                index += 2
            }
        }
    }
}
