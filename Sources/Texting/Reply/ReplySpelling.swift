/// How near two spellings are.
enum ReplySpelling {
    /// Damerau-Levenshtein distance (optimal string alignment); any number above `limit` is cut off.
    static func distance(_ left: [UInt32], _ right: [UInt32], limit: Int) -> Int {
        if abs(left.count - right.count) > limit { return limit + 1 }
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var before: [Int] = []
        var last = Array(0...right.count)
        for row in 1...left.count {
            var now = [row] + Array(repeating: 0, count: right.count)
            for column in 1...right.count {
                let isSame = left[row - 1] == right[column - 1]
                now[column] = min(
                    last[column] + 1, now[column - 1] + 1, last[column - 1] + (isSame ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2],
                    left[row - 2] == right[column - 1]
                {
                    now[column] = min(now[column], before[column - 2] + 1)
                }
            }
            before = last
            last = now
        }
        return min(last[right.count], limit + 1)
    }

    /// One bit per Latin letter that occurs in the word.
    static func letterSet(_ word: [UInt32]) -> UInt32 {
        word.reduce(0) { 0x61...0x7A ~= $1 ? $0 | 1 << ($1 - 0x61) : $0 }
    }

    /// Whether a masked word (`*`, `$`, `@` for one or more letters) can be `word`.
    static func matches(mask: ArraySlice<UInt32>, _ word: ArraySlice<UInt32>) -> Bool {
        guard let first = mask.first else { return word.isEmpty }
        guard let letter = word.first else { return false }
        guard isMask(first) else {
            return first == letter && matches(mask: mask.dropFirst(), word.dropFirst())
        }
        return (1...word.count).contains { matches(mask: mask.dropFirst(), word.dropFirst($0)) }
    }

    /// `*`, `$` and `@`.
    @inline(__always) static func isMask(_ value: UInt32) -> Bool {
        value == 0x2A || value == 0x24 || value == 0x40
    }

    /// Runs of three or more equal letters shortened to `length`; nil if there are none.
    static func calmed(_ word: [UInt32], to length: Int) -> [UInt32]? {
        // Most words have no such run; they cost one look and no memory.
        guard hasRun(word) else { return nil }
        var output: [UInt32] = []
        var index = 0
        while index < word.count {
            var end = index
            while end < word.count, word[end] == word[index] { end += 1 }
            let run = end - index
            output.append(contentsOf: word[index..<(index + (run >= 3 ? length : run))])
            index = end
        }
        return output
    }

    /// Whether three equal letters stand in a row.
    static func hasRun(_ word: [UInt32]) -> Bool {
        word.indices.dropFirst(2).contains {
            word[$0] == word[$0 - 1] && word[$0] == word[$0 - 2]
        }
    }

    /// Digits and signs read as the letters they look like; `one` is how to read 1.
    static func lettered(_ word: [UInt32], one: UInt32) -> [UInt32] {
        word.map { value in
            switch value {
            case 0x30: 0x6F
            case 0x31: one
            case 0x33: 0x65
            case 0x34, 0x40: 0x61
            case 0x35, 0x24: 0x73
            case 0x37: 0x74
            default: value
            }
        }
    }

    /// Cyrillic and Greek letters that look Latin, in a word that otherwise is; nil if it is not.
    ///
    /// A word of four letters and more may consist of such letters alone: ЅТОР.
    static func latinised(_ word: [UInt32]) -> [UInt32]? {
        guard word.count >= 4 || word.contains(where: { 0x61...0x7A ~= $0 }) else { return nil }
        var isChanged = false
        let output = word.map { value -> UInt32 in
            guard let latin = lookAlikes[value] else { return value }
            isChanged = true
            return latin
        }
        return isChanged && output.allSatisfy { $0 < 0x80 } ? output : nil
    }

    private static let lookAlikes: [UInt32: UInt32] = {
        let pairs: [(String, String)] = [
            ("аеорсухѕіјһԁтквмнγ", "aeopcyxsijhdtkbmhy"), ("οαεικρτυνχηβ", "oaeikptuvxnb"),
        ]
        var table: [UInt32: UInt32] = [:]
        for (from, to) in pairs {
            for (one, other) in zip(from.unicodeScalars, to.unicodeScalars) {
                table[one.value] = other.value
            }
        }
        return table
    }()
}

extension ReplySpelling {
    /// Whether one neighbouring key, one doubled, lost or swapped letter explains the difference.
    static func isKeySlip(_ word: [UInt32], _ keyword: [UInt32]) -> Bool {
        if word.count == keyword.count {
            let changed = word.indices.filter { word[$0] != keyword[$0] }
            if changed.count == 2 { return true }  // at distance 1 two changes are one swap
            return changed.allSatisfy { neighbours[word[$0]]?.contains(keyword[$0]) ?? false }
        }
        if word.count == keyword.count + 1 {
            let extra = word.indices.first { $0 == keyword.count || word[$0] != keyword[$0] }!
            let near = [extra - 1, extra + 1].filter(word.indices.contains).map { word[$0] }
            return near.contains {
                $0 == word[extra] || neighbours[$0]?.contains(word[extra]) ?? false
            }
        }
        return keyword.count >= 5
    }

    /// Keys beside each other on an English keyboard.
    private static let neighbours: [UInt32: Set<UInt32>] = {
        let rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"].map { $0.unicodeScalars.map(\.value) }
        var table: [UInt32: Set<UInt32>] = [:]
        for (line, row) in rows.enumerated() {
            for (column, key) in row.enumerated() {
                for other in max(0, line - 1)...min(2, line + 1) {
                    for place in (column - 1)...(column + 1)
                    where rows[other].indices.contains(place) && rows[other][place] != key {
                        table[key, default: []].insert(rows[other][place])
                    }
                }
            }
        }
        return table
    }()
}
