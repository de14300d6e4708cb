import Foundation

/// What a reply looks like at a glance: sorts a texter's list, never acts and is never stored.
///
/// Only plain openings count: a *no problem* is no No, a *not sure* no Yes. What is not understood has
/// no gist and stays in the whole list. English, Welsh and Spanish, as the pages.
package enum Gist: String, Sendable, CaseIterable {
    case yes, no, question

    /// All that a text looks like; *sure, what time?* is a yes and a question.
    package static func all(of text: String) -> Set<Gist> {
        var found: Set<Gist> = asks(text) ? [.question] : []
        if let answer = answer(text) { found.insert(answer) }
        return found
    }

    /// Question marks of Latin, Arabic and full-width writing; one inside an address asks nothing.
    private static func asks(_ text: String) -> Bool {
        text.split(whereSeparator: \.isWhitespace)
            .contains { !$0.contains("://") && $0.contains(where: "?¿؟？".contains) }
    }

    private static func answer(_ text: String) -> Gist? {
        let start = text.drop { !$0.isLetter }
        let word = start.prefix(while: \.isLetter).lowercased()
        let rest = start.dropFirst(word.count)
        if rest.first.map("?？".contains) == true { return nil }  // "Yes?" asks who we are
        if clear[word] != nil { return clear[word] }
        return standsAlone(before: rest) ? short[word] : nil
    }

    /// Nothing, a mark or thanks comes after it.
    private static func standsAlone(before rest: Substring) -> Bool {
        if rest.first.map(",.!;:–—".contains) == true { return true }
        let next = rest.drop { !$0.isLetter }.prefix(while: \.isLetter).lowercased()
        return next.isEmpty || thanks.contains(next)
    }

    private static let thanks: Set = ["thank", "thanks", "gracias", "diolch", "sorry"]
    private static let clear: [String: Gist] = [
        "yes": .yes, "yeah": .yes, "yep": .yes, "yup": .yes, "sure": .yes, "definitely": .yes,
        "sí": .yes, "claro": .yes, "ydw": .yes, "byddaf": .yes,
        "nope": .no, "nah": .no, "nage": .no,
    ]
    /// Words that say something else where more follows: *no problem*, *si puedo*, *ok but who*.
    private static let short: [String: Gist] = [
        "y": .yes, "ok": .yes, "okay": .yes, "si": .yes, "ie": .yes,
        "n": .no, "no": .no, "na": .no,
    ]
}
