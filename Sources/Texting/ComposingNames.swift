import Foundation

extension Composing {
    /// A shouted name in the case people write it: `AISHA O'NEILL-JONES` is Aisha O'Neill-Jones.
    ///
    /// Names in mixed or small case are somebody's choice and stay, except `McDONALD`, which is
    /// shouted. Short names without a vowel (`TJ`) may be initials and stay. Particles turn small
    /// where another word follows: `VAN DER BERG` is van der Berg, `AP GWILYM` is ap Gwilym.
    package static func calmName(_ name: String) -> String {
        guard isShouted(name) else { return name }
        let words = name.split(separator: " ", omittingEmptySubsequences: false)
        let calm = words.enumerated().map { index, word in
            let isLast = index == words.count - 1
            let isParticle = !isLast && particles.contains(word.lowercased())
            return isParticle ? word.lowercased() : calmWord(word)
        }
        return calm.joined(separator: " ")
    }

    private static let particles: Set = [
        "van", "von", "der", "den", "de", "del", "della", "di", "da", "das", "dos", "do", "du",
        "la", "le", "ter", "ten", "ap", "ab", "ferch", "bin", "binti", "ibn", "y", "zu", "af",
    ]

    private static func isShouted(_ name: String) -> Bool {
        let letters = name.filter(\.isCased)
        guard letters.count > 1 else { return false }
        return letters.allSatisfy(\.isUppercase)
            || name.split(separator: " ").allSatisfy { isShoutedMac($0) || $0.allSatisfy(isLoud) }
    }

    private static func isLoud(_ character: Character) -> Bool {
        !character.isCased || character.isUppercase
    }

    /// `McDONALD`, `MacKAY`.
    private static func isShoutedMac(_ word: Substring) -> Bool {
        for prefix in ["Mc", "Mac"] where word.hasPrefix(prefix) {
            let rest = word.dropFirst(prefix.count)
            return rest.count > 1 && rest.allSatisfy(isLoud)
        }
        return false
    }

    private static func calmWord(_ word: Substring) -> String {
        if word.count <= 2, !word.contains(where: isVowel) { return String(word) }
        if numerals.contains(String(word)) || word.contains(".") { return String(word) }
        if isShoutedMac(word) {
            let length = word.hasPrefix("Mac") ? 3 : 2
            return word.prefix(length) + capitalised(word.dropFirst(length))
        }
        var parts: [String] = []
        for part in word.split(separator: "-", omittingEmptySubsequences: false) {
            parts.append(calmPart(part))
        }
        return parts.joined(separator: "-")
    }

    private static let numerals: Set = ["II", "III", "IV", "VI", "VII", "VIII"]

    /// `O'NEILL` is O'Neill and `D’ARCY` D’Arcy, but `SIONED'S` is Sioned's.
    private static func calmPart(_ part: Substring) -> String {
        if let mark = part.firstIndex(where: { "'’ʼ".contains($0) }) {
            let head = part[..<mark]
            let tail = part[part.index(after: mark)...]
            let isPrefix = head.count <= 2 && tail.count > 1
            return capitalised(head) + String(part[mark])
                + (isPrefix ? capitalised(tail) : tail.lowercased())
        }
        if part.hasPrefix("MC"), part.count > 3 { return "Mc" + capitalised(part.dropFirst(2)) }
        return capitalised(part)
    }

    private static func capitalised(_ word: Substring) -> String {
        word.prefix(1) + word.dropFirst().lowercased()
    }

    private static func isVowel(_ character: Character) -> Bool {
        let base = String(character).decomposedStringWithCanonicalMapping.prefix(1).lowercased()
        return "aeiouyw".contains(base)
    }
}
