import Foundation

/// Instants, numbers and names as evidence states them: whole, and never ambiguous.
extension Words {
    /// `21 November 2026, 18:02:05 UTC`: seconds, because minutes prove too little.
    func stamp(_ moment: Date) -> String {
        "\(date(moment)), \(Self.time(moment, seconds: true, zone: .gmt)) UTC"
    }

    /// `21 November 2026`, in UTC.
    func date(_ moment: Date) -> String {
        let year = Calendar(identifier: .gregorian).dateComponents(in: .gmt, from: moment).year ?? 0
        let day = day(moment, zone: .gmt)
        // Without the day of the week, which a record does not need; it may be two words.
        let bare = day.drop { !$0.isNumber }
        return language == "es" ? "\(bare) de \(year)" : "\(bare) \(year)"
    }

    /// The time at the person's place: `18:02 there`, or a range where several zones are possible.
    func there(_ moment: Date, zones: [String]) -> String? {
        let clocks = Set(
            zones.compactMap { TimeZone(identifier: $0) }
                .map { Self.time(moment, seconds: false, zone: $0) }
        ).sorted()
        guard let first = clocks.first, let last = clocks.last else { return nil }
        return first == last
            ? self("k_there", ["time": first])
            : self("k_there_between", ["first": first, "last": last])
    }

    /// Seconds as people read them: `0.4 s`, `3 min`, `2 h`, `5 days`.
    func span(_ seconds: Double) -> String {
        switch seconds {
        case ..<60:
            self("k_seconds", ["n": String(format: seconds < 1 ? "%.2f" : "%.1f", seconds)])
        case ..<5_400: self("age_minutes", ["n": String(Int(seconds / 60))])
        case ..<172_800: self("age_hours", ["n": String(Int(seconds / 3_600))])
        default: self("age_days", count: Int(seconds / 86_400))
        }
    }

    /// A name that stands in the database, in this language; itself where we have no word for it.
    func named(_ prefix: String, _ name: String) -> String {
        let slug = name.lowercased().replacing(" ", with: "_").replacing("-", with: "_")
        guard slug.utf8.allSatisfy({ (0x61...0x7A).contains($0) || $0 == 0x5F }) else {
            return name
        }
        let text = self("\(prefix)_\(slug)")
        return text.hasPrefix("⟦") ? name : text
    }

    /// What is shown of a number that is not revealed.
    func masked(_ ending: String?) -> String {
        ending.map { self("k_masked", ["digits": $0]) } ?? self("k_no_number")
    }

    private static func time(_ moment: Date, seconds: Bool, zone: TimeZone) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.hour, .minute, .second], from: moment)
        let all = [parts.hour ?? 0, parts.minute ?? 0] + (seconds ? [parts.second ?? 0] : [])
        return all.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}

extension Date {
    /// For `<time datetime>`.
    var machine: String { formatted(.iso8601) }
}
