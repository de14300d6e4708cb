/// Where a postal code lies.
package struct PostalCode: Sendable, Hashable {
    /// The zones of the place; empty for United States forces abroad, who may be anywhere.
    package let zones: [String]
    /// The state, for codes of the United States.
    package let state: String?

    /// Reads a code, or `nil` if it tells nothing about the place.
    ///
    /// - Parameters:
    ///   - text: As written in the list. A ZIP code may have lost its leading zeros to a spreadsheet.
    ///   - country: ISO 3166 alpha-2 in capitals. Without it, only digits are read, as a ZIP code.
    package init?(_ text: String, country: String?) {
        switch country {
        case "US", "PR", "VI", "GU", "AS", "MP", nil: self.init(zip: text)
        case .some(let country): self.init(text, foreign: country)
        }
    }

    /// Source: the package zipcodes; a code it does not list has the zones of its first three digits.
    private init?(zip text: String) {
        guard let code = Self.zip(text) else { return nil }
        let tables = TimeZoneTables.shared
        let run = tables.run(zip: code)
        zones = tables.zones(zip: code)
        state = run?.state
        if run == nil, zones.isEmpty { return nil }
    }

    /// The first five digits, with the zeros that a spreadsheet took away; a table of a million people
    /// is read in a second, so bytes it is.
    private static func zip(_ text: String) -> UInt32? {
        var (value, count) = (UInt32(0), 0)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard count < 9 else { return nil }
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
                count += 1
            case UInt8(ascii: "-"), UInt8(ascii: "."):
                return (3...5).contains(count) ? value : nil
            case UInt8(ascii: " "), UInt8(ascii: "\t"): continue
            default: return nil
            }
        }
        guard count >= 3 else { return nil }
        return count > 5 ? value / 10_000 : value
    }

    /// Source: `postal-zones.tsv`; countries that it does not list have no rows to decide.
    private init?(_ text: String, foreign country: String) {
        let code = text.uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        guard let rows = Self.rows[country], (3...8).contains(code.count),
            let row = rows.first(where: { $0.holds(code) })
        else { return nil }
        zones = row.zones
        state = nil
    }

    /// One row of the table.
    struct Row {
        let country: String
        let first: String
        let last: String
        let zones: [String]

        init?(line: Substring) {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 5, fields[1].count == fields[2].count else { return nil }
            (country, first, last) = (String(fields[0]), String(fields[1]), String(fields[2]))
            zones = fields[3].split(separator: ",").map(String.init).sorted()
        }

        func holds(_ code: String) -> Bool {
            let start = String(code.prefix(first.count))
            return start.count == first.count && first <= start && start <= last
        }
    }

    /// The rows by country, in the order of the table.
    static let rows: [String: [Row]] = {
        let text = String(decoding: Resource.required("postal-zones.tsv"), as: UTF8.self)
        let rows = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
            guard let row = Row(line: line) else {
                fatalError("The table postal-zones.tsv has a row that is none: \(line)")
            }
            return row
        }
        return Dictionary(grouping: rows, by: \.country)
    }()
}
