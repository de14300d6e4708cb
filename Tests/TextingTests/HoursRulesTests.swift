import Testing

@testable import Texting

/// The table of rules, against the compliance fact sheet from which it was written.
@Suite struct HoursRulesTests {
    private let rules = HoursRules.shared

    @Test func `every rule names its law, source, day of review and confidence`() {
        for row in rules.rows {
            #expect(!row.basis.isEmpty && !row.source.isEmpty)
            #expect(row.reviewedOn.count == 10 && row.reviewedOn.hasPrefix("20"))
            #expect(["high", "medium", "low"].contains(row.confidence))
        }
    }

    @Test func `the rules of a state cover the week once`() {
        let groups = Dictionary(grouping: rules.rows) {
            "\($0.jurisdiction)/\($0.state)/\($0.kind)"
        }
        for (name, rows) in groups {
            let days = rows.flatMap { Array($0.days) }.sorted()
            #expect(days == Array(1...7), "\(name)")
        }
    }

    @Test(arguments: ["US", "GB", "CA", "DE", "KE"])
    func `texts go out from nine to eight unless a rule says more`(country: String) {
        let week = HoursPolicy(country: country).weekly()

        #expect(week.days[0] == DailyHours(opens: 540, closes: 1200))
        #expect(week.capPer24Hours == 3)
        #expect(!week.closesOnFederalHolidays)
    }

    @Test func `weekends are shorter in Canada`() {
        let week = HoursPolicy(country: "CA").weekly()

        #expect(week.days[4] == DailyHours(opens: 540, closes: 1200))
        #expect(week.days[5] == DailyHours(opens: 600, closes: 1080))
        #expect(week.days[6] == DailyHours(opens: 600, closes: 1080))
    }

    @Test func `an organisation's own hours stay within the bounds`() {
        let wide = HoursPolicy(country: "US", preferred: .wholeDay).weekly()
        let narrow = HoursPolicy(
            country: "GB", preferred: DailyHours(opens: 480, closes: 1080)
        ).weekly()

        #expect(wide.days[2] == DailyHours(opens: 480, closes: 1260))
        #expect(narrow.days[0] == DailyHours(opens: 480, closes: 1080))
        #expect(narrow.days[6] == DailyHours(opens: 540, closes: 1080))
    }

    @Test(arguments: [
        ("TX", DailyHours(opens: 540, closes: 1200), DailyHours(opens: 720, closes: 1200)),
        ("RI", DailyHours(opens: 540, closes: 1080), DailyHours(opens: 600, closes: 1020)),
        ("KY", DailyHours(opens: 600, closes: 1200), DailyHours(opens: 600, closes: 1200)),
        ("AL", DailyHours(opens: 540, closes: 1200), DailyHours.closed),
        ("PA", DailyHours(opens: 540, closes: 1200), DailyHours(opens: 780, closes: 1200)),
        ("CA", DailyHours(opens: 540, closes: 1200), DailyHours(opens: 540, closes: 1200)),
    ])
    func `strict sales mode follows the state`(
        state: String, monday: DailyHours, sunday: DailyHours
    ) {
        let week = HoursPolicy(isStrictSales: true, states: [state]).weekly()

        #expect(week.days[0] == monday)
        #expect(week.days[6] == sunday)
    }

    @Test func `strict sales mode without a state satisfies every state`() {
        let any = HoursPolicy(isStrictSales: true).weekly()

        for state in rules.states(of: "US") {
            let one = HoursPolicy(isStrictSales: true, states: [state]).weekly()
            #expect(any.and(one) == any, "\(state)")
        }
        #expect(any.days[6].isClosed && any.closesOnFederalHolidays)
    }

    @Test func `strict sales mode never widens the hours`() {
        let wide = HoursPolicy(preferred: .wholeDay, isStrictSales: true, states: ["NY"]).weekly()

        #expect(wide.days[0] == DailyHours(opens: 540, closes: 1200))
    }

    @Test func `address and area code may each put a person into a state`() {
        let texan = PhoneNumber("+12145550123")

        #expect(HoursPolicy.states(number: texan, postalCode: "33101") == ["FL", "TX"])
        #expect(HoursPolicy.states(number: texan, postalCode: "75201") == ["TX"])
        #expect(HoursPolicy.states(number: texan, postalCode: nil) == ["TX"])
        #expect(
            HoursPolicy.states(number: PhoneNumber("+447400123456"), postalCode: "E1 6AN") == [])
    }

    @Test func `legal holidays are closed where the law bars them`() {
        let louisiana = HoursPolicy(isStrictSales: true, states: ["LA"]).weekly()
        let texas = HoursPolicy(isStrictSales: true, states: ["TX"]).weekly()
        let thanksgiving = CivilDate(2026, 11, 26)

        #expect(louisiana.hours(on: thanksgiving).isClosed)
        #expect(!texas.hours(on: thanksgiving).isClosed)
    }
}
