/// Which countries' law applies to people of a zone set.
package enum Jurisdictions {
    /// Of the countries served, those in which all the zones lie; all of them when none does or
    /// nothing is known, so that the strictest applies.
    package static func countries(of zones: [String], among served: [String]) -> [String] {
        guard !zones.isEmpty else { return served }
        let fitting = served.filter { country in
            let all = Set(TimeZoneTables.shared.zones(country: country))
            return zones.allSatisfy(all.contains)
        }
        return fitting.isEmpty ? served : fitting
    }
}
