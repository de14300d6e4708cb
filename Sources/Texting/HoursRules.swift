/// The dated rules about texting hours: `texting-hours.tsv`, one row per rule.
package struct HoursRules: Sendable {
    /// One row: a rule of one jurisdiction for some days of the week.
    package struct Row: Sendable, Hashable {
        /// Which rules apply when.
        package enum Kind: String, Sendable {
            /// The organisation may replace these hours by its own.
            case standard = "default"
            /// The organisation's own hours may not leave these.
            case bound
            /// For texts that ask for money or sell something.
            case sales
        }

        /// ISO 3166 alpha-2, or `*` for countries without rows of their own.
        package let jurisdiction: String
        /// A state's letters, or `*` for all of the country.
        package let state: String
        package let kind: Kind
        /// Days of the week, 1 for Monday to 7 for Sunday.
        package let days: ClosedRange<Int>
        package let hours: DailyHours
        package let barsFederalHolidays: Bool
        package let capPer24Hours: Int?
        /// The law or convention, the source that was read, when it was read, how sure it is.
        package let basis: String
        package let source: String
        package let reviewedOn: String
        package let confidence: String
    }

    package let rows: [Row]

    /// The day of the latest look at any rule, as in the table.
    package static var reviewedOn: String { shared.rows.map(\.reviewedOn).max() ?? "" }

    package static let shared = HoursRules(table: Resource.required("texting-hours.tsv"))

    /// Reads the table; a row that cannot be read ends the process, because a rule would be missing.
    init(table: [UInt8]) {
        rows = String(decoding: table, as: UTF8.self).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
            .map { line in
                guard let row = Row(line: line) else {
                    fatalError("The table texting-hours.tsv has a row that is no rule: \(line)")
                }
                return row
            }
    }

    /// The states that have sales rules of their own.
    func states(of jurisdiction: String) -> Set<String> {
        Set(rows.filter { $0.jurisdiction == jurisdiction && $0.state != "*" }.map(\.state))
    }

    /// The hours of one kind in one state, or `nil` if there is no rule.
    func hours(_ jurisdiction: String, state: String, kind: Row.Kind) -> WeeklyHours? {
        let rules = rows.filter {
            $0.jurisdiction == jurisdiction && $0.state == state && $0.kind == kind
        }
        guard !rules.isEmpty else { return nil }
        var week = WeeklyHours.always
        for rule in rules {
            for day in rule.days { week.days[day - 1] = rule.hours }
            if rule.barsFederalHolidays { week.closesOnFederalHolidays = true }
            week.capPer24Hours = min(week.capPer24Hours, rule.capPer24Hours ?? .max)
        }
        return week
    }

    /// As ``hours(_:state:kind:)`` for a whole country, with the rules for any other country if it
    /// has none.
    func national(_ jurisdiction: String, kind: Row.Kind) -> WeeklyHours? {
        hours(jurisdiction, state: "*", kind: kind) ?? hours("*", state: "*", kind: kind)
    }
}

extension HoursRules.Row {
    private static let weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    init?(line: Substring) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 12, let kind = Kind(rawValue: fields[2]),
            let days = Self.days(fields[3]), let hours = Self.hours(fields[4], fields[5]),
            ["none", "us-federal"].contains(fields[6]), fields[7] == "-" || Int(fields[7]) != nil
        else { return nil }
        (jurisdiction, state, self.kind) = (fields[0], fields[1], kind)
        (self.days, self.hours) = (days, hours)
        barsFederalHolidays = fields[6] == "us-federal"
        capPer24Hours = Int(fields[7])
        (basis, source, reviewedOn, confidence) = (fields[8], fields[9], fields[10], fields[11])
    }

    private static func days(_ text: String) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-").map { weekdays.firstIndex(of: String($0)) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last
        else { return nil }
        return first + 1...last + 1
    }

    private static func hours(_ opens: String, _ closes: String) -> DailyHours? {
        if opens == "closed" { return .closed }
        guard let opens = minutes(opens), let closes = minutes(closes), opens < closes
        else { return nil }
        return DailyHours(opens: opens, closes: closes)
    }

    private static func minutes(_ text: String) -> Int? {
        let parts = text.split(separator: ":").compactMap { Int($0) }
        guard parts.count == 2 else { return nil }
        return parts[0] * 60 + parts[1]
    }
}
