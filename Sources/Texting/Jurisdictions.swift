/// Which countries' law applies to people of a zone set.
package enum Jurisdictions {
    /// Of the countries served, those in which the zones lie.
    ///
    /// All countries served if any zone lies in none of them or nothing is known, so that whatever law
    /// applies, it is kept.
    ///
    /// - Parameters:
    ///   - zones: IANA names, also older ones.
    ///   - served: ISO 3166 alpha-2 codes in capitals.
    package static func countries(of zones: [String], among served: [String]) -> [String] {
        let homes = zones.map { TimeZoneTables.shared.country(of: $0) ?? "" }
        guard !homes.isEmpty, homes.allSatisfy(served.contains) else { return served }
        return served.filter(homes.contains)
    }

    /// The hours of people of a zone set: the preferred ones, within the law's of every country in
    /// which they may be.
    ///
    /// - Parameter isStrictSales: the texts ask for money or sell something; a zone tells no state,
    ///   so the sales laws of all of them hold.
    package static func hours(
        zones: [String], served: [String], preferred: DailyHours, isStrictSales: Bool = false
    ) -> TextingHours {
        TextingHours(
            all: countries(of: zones, among: served).map {
                HoursPolicy(
                    country: $0, preferred: preferred, isStrictSales: isStrictSales,
                    servedCountries: served)
            })
    }

    /// First texts that a person may get in 24 hours: the organisation's cap, and under sales laws
    /// no more than the strictest of them allows.
    package static func frequencyCap(
        _ cap: Int, served: [String], isStrictSales: Bool
    ) -> Int {
        guard isStrictSales else { return cap }
        return served.map { HoursPolicy(country: $0, isStrictSales: true).weekly().capPer24Hours }
            .reduce(cap, min)
    }
}
