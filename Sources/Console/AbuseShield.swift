import Foundation

/// Hides what nobody should have to read unprepared: the words are shown, and spoken, only on
/// request.
///
/// A short list of slurs and threats in the languages of the pages, whole words only. It errs
/// towards showing: a hidden harmless text costs a tap, and stop rules never depend on it.
enum AbuseShield {
    static func hides(_ text: String) -> Bool {
        let folded = text.folding(options: [.caseInsensitive, .diacriticInsensitive], locale: nil)
        let plain = String(folded.map { $0.isLetter || $0.isNumber ? $0 : " " })
        let words = plain.split(separator: " ").map(String.init)
        if words.contains(where: single.contains) { return true }
        let line = " " + words.joined(separator: " ") + " "
        return phrases.contains { line.contains(" \($0) ") }
    }

    private static let single: Set<String> = [
        "cunt", "cunts", "bitch", "bitches", "whore", "slut", "faggot", "fag", "nigger", "nigga",
        "retard", "tranny", "paki", "chink", "spic", "kike", "wanker", "twat", "fuck", "fucking",
        "fucker", "motherfucker", "puta", "puto", "zorra", "maricon", "pendejo", "cabron",
        "gilipollas", "hijueputa", "mierda", "coño", "cono", "ffwcio", "cachwr", "hwren",
    ]

    private static let phrases = [
        "kill you", "kill yourself", "find you", "know where you live", "hope you die", "drop dead",
        "burn in hell", "te voy a matar", "hijo de puta", "hija de puta", "te voy a encontrar",
        "dy ladd di",
    ]
}
