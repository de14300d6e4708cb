/// A word that was typed with one slip of the finger: a letter wrong, missing, doubled or too many, or
/// two neighbours swapped (Damerau, *A technique for computer detection and correction of spelling
/// errors*, 1964). Case, and what is neither letter nor digit, do not count.
package enum Slip {
    /// Whether `typed` is `word` itself or one slip away from it.
    ///
    /// Of a word of fewer than four letters every other short word would be a slip: they must agree.
    package static func isOne(_ typed: String, of word: String) -> Bool {
        let (a, b) = (letters(typed), letters(word))
        if a == b { return !a.isEmpty }
        guard b.count >= 4, abs(a.count - b.count) <= 1 else { return false }
        let start = zip(a, b).prefix { $0 == $1 }.count
        let (restA, restB) = (a[start...], b[start...])
        if a.count > b.count { return restA.dropFirst().elementsEqual(restB) }
        if a.count < b.count { return restA.elementsEqual(restB.dropFirst()) }
        if restA.dropFirst().elementsEqual(restB.dropFirst()) { return true }
        return restA.prefix(2).reversed().elementsEqual(restB.prefix(2))
            && restA.dropFirst(2).elementsEqual(restB.dropFirst(2))
    }

    private static func letters(_ text: String) -> [Character] {
        text.lowercased().filter { $0.isLetter || $0.isNumber }.map { $0 }
    }
}
