import Foundation
import Mustache

/// The sentences of the pages in one language, from `Words/<chapter>.<language>.txt`.
///
/// A line is `key = text`, or `key[form] = text` for a sentence that counts. `{name}` stands for a
/// value. Templates read them as `{{t.key}}`.
struct Words: Sendable, MustacheParent {
    /// BCP 47, e.g. `cy`.
    let language: String
    private let texts: [String: String]

    init(language: String, file: Data) {
        self.language = language
        texts = Self.parse(String(decoding: file, as: UTF8.self))
    }

    /// All keys, a counted one once per form.
    var keys: Set<String> { Set(texts.keys) }

    /// A sentence with its values put in.
    ///
    /// Values are wrapped in U+2068 and U+2069, so that a right-to-left name does not turn the
    /// sentence around (Unicode UAX #9, 2.4.2).
    func callAsFunction(_ key: String, _ values: [String: String] = [:]) -> String {
        fill(texts[key] ?? "⟦\(key)⟧", values)
    }

    /// The form of a sentence that fits a number, which stands in it as `{count}`.
    func callAsFunction(_ key: String, count: Int, _ values: [String: String] = [:]) -> String {
        let form = Plural.form(of: count, in: language).rawValue
        let text = texts["\(key)[\(form)]"] ?? texts["\(key)[other]"] ?? "⟦\(key)⟧"
        return fill(text.replacing("{count}", with: number(count)), values)
    }

    /// All forms of a sentence that counts, for script, which picks one by `Intl.PluralRules`.
    func forms(_ key: String) -> [[String: String]] {
        Plural.forms(in: language).compactMap { form in
            texts["\(key)[\(form.rawValue)]"].map { ["form": form.rawValue, "text": $0] }
        }
    }

    func child(named key: String) -> Any? { texts[key] ?? "⟦\(key)⟧" }

    /// 12,480 or 12.480, as the language groups digits (CLDR; Spanish from five digits on).
    func number(_ value: Int) -> String {
        let digits = String(value.magnitude)
        let separator = language == "es" ? "." : ","
        guard digits.count > (language == "es" ? 4 : 3) else { return String(value) }
        var grouped = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place).isMultiple(of: 3) { grouped += separator }
            grouped.append(digit)
        }
        return value < 0 ? "-" + grouped : grouped
    }

    private func fill(_ text: String, _ values: [String: String]) -> String {
        guard !values.isEmpty else { return text }
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"),
            let close = rest[open...].firstIndex(of: "}")
        {
            result += rest[..<open]
            let name = String(rest[rest.index(after: open)..<close])
            result += values[name].map { "\u{2068}\($0)\u{2069}" } ?? "{\(name)}"
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private static func parse(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let sign = line.firstRange(of: " = ") else { continue }
            found[line[..<sign.lowerBound].trimmingCharacters(in: .whitespaces)] =
                line[sign.upperBound...].trimmingCharacters(in: .whitespaces)
        }
        return found
    }
}

/// All languages of the pages.
struct Languages: Sendable {
    /// In the order in which a person chooses among them, with their own names.
    static let all: [(code: String, name: String)] = [
        ("en", "English"), ("cy", "Cymraeg"), ("es", "Español"),
    ]

    private let words: [String: Words]

    /// - Throws: ``MissingFiles``.
    init() throws {
        let files = try Files.all(in: "Words")
        words = Dictionary(
            uniqueKeysWithValues: Self.all.compactMap { code, _ -> (String, Words)? in
                let chapters = files.filter { $0.key.hasSuffix(".\(code).txt") }
                guard !chapters.isEmpty else { return nil }
                let text = chapters.sorted { $0.key < $1.key }.map(\.value).reduce(Data(), +)
                return (code, Words(language: code, file: text))
            })
    }

    /// The language itself, or English where we do not have it.
    subscript(code: String) -> Words { words[code] ?? words["en"]! }

    /// What the browser likes best of what we have (RFC 9110, 12.5.4).
    static func preferred(_ accept: String?) -> String {
        let wishes = (accept ?? "").split(separator: ",").enumerated().compactMap { place, item in
            let parts = item.split(separator: ";")
            let code = parts.first?.trimmingCharacters(in: .whitespaces).prefix(2).lowercased()
            let weight = parts.dropFirst().first?.split(separator: "=").last.flatMap { Double($0) }
            return code.map { (code: String($0), weight: weight ?? 1, place: place) }
        }
        return wishes.sorted { ($0.weight, -$0.place) > ($1.weight, -$1.place) }
            .first { wish in all.contains { $0.code == wish.code } }?.code ?? "en"
    }
}
