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
    ///   - country: ISO 3166 alpha-2. Without it, five digits are a ZIP code.
    package init?(_ text: String, country: String?) {
        switch country {
        case "US", "PR", "VI", "GU", "AS", "MP", nil: self.init(zip: text)
        default: return nil
        }
    }

    /// Source: the package zipcodes; a code it does not list has the zones of its first three digits.
    private init?(zip text: String) {
        let digits = text.filter { !$0.isWhitespace }.prefix { $0 != "-" && $0 != "." }
        guard (3...9).contains(digits.count), digits.allSatisfy(\.isASCII),
            let whole = UInt32(digits)
        else { return nil }
        let code = digits.count > 5 ? whole / 10_000 : whole
        let tables = TimeZoneTables.shared
        let run = tables.run(zip: code)
        zones = tables.zones(zip: code)
        state = run?.state
        if run == nil, zones.isEmpty { return nil }
    }
}
