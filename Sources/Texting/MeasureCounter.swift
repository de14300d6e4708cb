/// Measures a text piece by piece, in both encodings at once, in one pass and without memory.
///
/// The pieces of a merged text (script, name, script, …) are added in turn; which encoding counts
/// is known only at the end. Literal pieces are summed up once as ``MeasuredPiece``.
struct MeasureCounter {
    private var septets = Lane(capacity: 153)
    private var codeUnits = Lane(capacity: 67)
    private var isUnicode = false

    /// The measure of everything added so far.
    var measure: Measure {
        isUnicode
            ? Measure(encoding: .ucs2, units: codeUnits.units, parts: codeUnits.parts)
            : Measure(encoding: .gsm7, units: septets.units, parts: septets.parts)
    }

    /// Adds a text, at the speed of its UTF-8 bytes.
    @inline(__always) mutating func add(_ text: String) {
        let isDone: Void? = text.utf8.withContiguousStorageIfAvailable { add(utf8: $0) }
        if isDone == nil { for scalar in text.unicodeScalars { add(scalar.value) } }
    }

    /// Adds well-formed UTF-8.
    mutating func add(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            let length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            guard index + length <= bytes.count else { return add(0xFFFD) }
            var value = UInt32(first)
            if length > 1 {
                value &= 0xFF >> UInt32(length + 1)
                for next in 1..<length { value = value << 6 | UInt32(bytes[index + next] & 0x3F) }
            }
            add(value)
            index += length
        }
    }

    /// Adds one Unicode scalar value.
    @inline(__always) mutating func add(_ scalar: UInt32) {
        let width = GSMAlphabet.width(scalar)
        if width == 0 { isUnicode = true } else { septets.add(Int(width)) }
        codeUnits.add(scalar < 0x10000 ? 1 : 2)
    }

    /// Adds a piece that was summed up before.
    @inline(__always) mutating func add(_ piece: MeasuredPiece) {
        isUnicode = isUnicode || piece.isUnicode
        septets.add(runs: piece.septetRuns)
        codeUnits.add(runs: piece.codeUnitRuns)
    }

    /// The filling of parts in one encoding.
    private struct Lane {
        let capacity: Int
        var units = 0
        var parts = 0
        /// Free units of the last part.
        var free = 0

        init(capacity: Int) { self.capacity = capacity }

        @inline(__always) mutating func add(_ width: Int) {
            units += width
            if width > free {
                parts += 1
                free = capacity
            }
            free -= width
        }

        /// Adds runs of single units, each but the last followed by one pair.
        @inline(__always) mutating func add(runs: [Int]) {
            for (index, run) in runs.enumerated() {
                if index > 0 { add(2) }
                units += run
                let over = max(0, run - free)
                let more = (over + capacity - 1) / capacity
                parts += more
                free += more * capacity - run
            }
        }
    }
}

/// A piece of text whose widths are known: runs of single units, with one pair between two runs.
struct MeasuredPiece: Equatable, Sendable {
    private(set) var septetRuns = [0]
    private(set) var codeUnitRuns = [0]
    private(set) var isUnicode = false

    init(_ text: String) {
        for scalar in text.unicodeScalars {
            let width = GSMAlphabet.width(scalar.value)
            if width == 0 { isUnicode = true }
            if width == 1 { septetRuns[septetRuns.count - 1] += 1 }
            if width == 2 { septetRuns.append(0) }
            if scalar.value < 0x10000 {
                codeUnitRuns[codeUnitRuns.count - 1] += 1
            } else {
                codeUnitRuns.append(0)
            }
        }
    }
}
