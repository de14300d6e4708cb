/// What decides the hours in which a person may be texted, apart from the time zone.
package struct HoursPolicy: Sendable, Hashable {
    /// Where the person is: ISO 3166 alpha-2, in capitals.
    package var country: String
    /// The organisation's own hours instead of the default ones; they never leave the bounds of the
    /// jurisdiction.
    package var preferred: DailyHours?
    /// Whether the text asks for money or sells something, so that states' sales laws apply.
    package var isStrictSales: Bool
    /// The states in which the person may be; empty if unknown, which means any of them.
    package var states: [String]
    /// The countries the organisation texts; an unknown zone means any of theirs.
    package var servedCountries: [String]

    package init(
        country: String = "US", preferred: DailyHours? = nil, isStrictSales: Bool = false,
        states: [String] = [], servedCountries: [String]? = nil
    ) {
        self.country = country
        self.preferred = preferred
        self.isStrictSales = isStrictSales
        self.states = states
        self.servedCountries = servedCountries ?? [country]
    }

    /// The states in which a person may be, for ``states``: the ZIP code's and the area code's.
    ///
    /// Both count where they differ. Florida, Oklahoma and Maryland presume that who
    /// has their area code lives there; the address may say otherwise, but the presumption stands
    /// until it is rebutted.
    package static func states(number: PhoneNumber?, postalCode: String?) -> [String] {
        let place = postalCode.flatMap { PostalCode($0, country: number?.region) }
        return Set([place?.state, number?.state].compactMap(\.self)).sorted()
    }

    /// All rules that apply, put together: the hours that every one of them allows.
    package func weekly(_ rules: HoursRules = .shared) -> WeeklyHours {
        let standard = rules.national(country, kind: .standard) ?? .always
        var week = standard
        if let preferred { week.days = Array(repeating: preferred, count: 7) }
        week = week.and(rules.national(country, kind: .bound) ?? .always)
        guard isStrictSales else { return week }
        week = week.and(standard)
        let candidates = states.isEmpty ? rules.states(of: country).sorted() : states
        for state in ["*"] + candidates {
            week = week.and(rules.hours(country, state: state, kind: .sales) ?? .always)
        }
        return week
    }
}
