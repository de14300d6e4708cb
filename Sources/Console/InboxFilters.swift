import Foundation
import Store
import Texting

/// What a list of the inbox can be narrowed to: by what people seem to say, and in which language.
///
/// The choice stands in the address (`only=question`, `only=in-es`), so that it works without script,
/// survives a reload and can be sent to a colleague.
struct InboxFilters {
    /// A texter's bucket is read whole, so that a count counts all; no desk holds more.
    static let rowsRead = 1000

    enum Filter: Equatable {
        case yes, no, question, stop
        case language(String)

        init?(_ name: String) {
            switch name {
            case "yes": self = .yes
            case "no": self = .no
            case "question": self = .question
            case "stop": self = .stop
            default:
                guard let code = name.wholeMatch(of: /in-([a-z]{2,3})/)?.1 else { return nil }
                self = .language(String(code))
            }
        }

        var name: String {
            switch self {
            case .yes: "yes"
            case .no: "no"
            case .question: "question"
            case .stop: "stop"
            case .language(let code): "in-\(code)"
            }
        }

        func label(_ words: Words) -> String {
            switch self {
            case .yes: words("filter_yes")
            case .no: words("filter_no")
            case .question: words("filter_question")
            case .stop: words("flag_stop")
            case .language(let code):
                Locale(identifier: words.language).localizedString(forLanguageCode: code) ?? code
            }
        }

        func fits(_ row: PersonRow) -> Bool {
            switch self {
            case .yes: row.gist.contains(.yes)
            case .no: row.gist.contains(.no)
            case .question: row.gist.contains(.question)
            case .stop: row.flag == "likely_stop"
            case .language(let code): row.languageCode == code
            }
        }
    }

    let bucket: Bucket
    let chosen: Filter?
    let shown: [PersonRow]
    /// The filters that would show somebody, and the chosen one.
    private let offered: [(filter: Filter, amount: Int)]
    private let total: Int

    init(_ rows: [PersonRow], bucket: Bucket, chosen name: String?) {
        let chosen = name.flatMap(Filter.init)
        (self.bucket, self.chosen, total) = (bucket, chosen, rows.count)
        shown = chosen.map { filter in rows.filter(filter.fits) } ?? rows
        let codes = Set(rows.compactMap(\.languageCode)).sorted()
        // One language for all divides nobody.
        let languages = codes.count > 1 ? codes.map(Filter.language) : []
        var all = [.question, .stop, .yes, .no] + languages
        if let chosen, !all.contains(chosen) { all.append(chosen) }
        offered = all.map { filter in (filter, rows.count(where: filter.fits)) }
            .filter { $0.amount > 0 || $0.filter == chosen }
    }

    /// Whether nothing can be narrowed.
    var isIdle: Bool { offered.isEmpty }

    static func address(_ bucket: Bucket, _ filter: Filter? = nil) -> String {
        let parts =
            (bucket == .needs ? [] : ["bucket=\(bucket.rawValue)"])
            + (filter.map { ["only=\($0.name)"] } ?? [])
        return parts.isEmpty ? "/inbox" : "/inbox?" + parts.joined(separator: "&")
    }

    func links(_ words: Words) -> [[String: Any]] {
        let all = link(nil, words("filter_all"), total)
        return [all] + offered.map { link($0.filter, $0.filter.label(words), $0.amount) }
    }

    private func link(_ filter: Filter?, _ label: String, _ amount: Int) -> [String: Any] {
        [
            "address": Self.address(bucket, filter), "label": label, "amount": String(amount),
            "is_current": filter == chosen,
        ]
    }

    /// What the empty list says; nil where nothing is chosen.
    func values(_ words: Words) -> [String: Any]? {
        chosen.map { ["heading": words("filter_none", ["what": $0.label(words)])] }
    }
}

extension PersonRow {
    /// What was recorded says it; else the person's last words, where nobody answered them yet.
    fileprivate var gist: Set<Gist> {
        let recorded = answers.map(Gist.all).reduce(into: Set<Gist>()) { $0.formUnion($1) }
        let said = isTheirs ? Gist.all(of: snippet) : []
        guard recorded.isDisjoint(with: [.yes, .no]) else {
            return recorded.union(said.intersection([.question]))
        }
        return said
    }

    /// `es` of `es-MX`.
    fileprivate var languageCode: String? {
        language.flatMap { $0.split { "-_".contains($0) }.first }.map { $0.lowercased() }
    }
}
